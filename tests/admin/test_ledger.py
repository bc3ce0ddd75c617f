"""The listening ledger in the admin."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import LedgerEntry, LedgerKind
from tests.support.cast import permit
from tests.support.ledger import entries, entry, new_ledger

LIST = "/admin/monitor/ledgerentry/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _some() -> None:
    new_ledger().append([entry(1, call_id="call-1", address="192.0.2.7"), entry(2)])


def listed(client: Client, query: str = "") -> list[str]:
    rows = client.get(f"{LIST}{query}").context["cl"].result_list
    return sorted(row.username for row in rows)


@pytest.mark.parametrize("typed", ["user-1", "192.0.2", "call-"])
def test_it_is_searched_by_name_address_and_call(as_bob: Client, typed: str) -> None:
    assert listed(as_bob, f"?q={typed}") == ["user-1"]


def test_it_is_filtered_by_what_was_done(as_bob: Client) -> None:
    assert listed(as_bob, "?kind__exact=listen_began") == ["user-1", "user-2"]


def test_whoever_may_read_it_reads_all_of_it_whatever_calls_they_see(
    staff: Client, charlie: User
) -> None:
    row = LedgerEntry.objects.get(username="user-1")
    assert staff.get(LIST).status_code == HTTPStatus.FORBIDDEN
    permit(charlie, "view_ledgerentry")
    assert {"user-1", "user-2"} <= set(listed(staff))
    assert staff.get(f"{LIST}{row.pk}/change/").status_code == HTTPStatus.OK


def test_who_reads_it_is_in_it(as_bob: Client) -> None:
    listed(as_bob, "?kind__exact=listen_began")
    row = LedgerEntry.objects.get(username="user-1")
    as_bob.get(f"{LIST}{row.pk}/change/")
    read = entries(LedgerKind.LEDGER_READ)
    assert [one.username for one in read] == ["bob", "bob"]
    assert [json.loads(one.details) for one in read] == [
        {"rows": "kind__exact=listen_began"},
        {"entry": str(row)},
    ]


def test_it_is_not_read_where_that_cannot_be_recorded(as_bob: Client, full_ledger: None) -> None:
    assert as_bob.get(LIST).status_code == HTTPStatus.SERVICE_UNAVAILABLE
