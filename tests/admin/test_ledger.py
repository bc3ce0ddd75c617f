"""The listening ledger in the admin."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import LedgerEntry
from tests.support.cast import permit
from tests.support.ledger import entry, new_ledger

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
    assert listed(as_bob, "?kind__exact=tips") == [""]


def test_who_does_not_see_all_teams_is_shown_nothing(staff: Client, charlie: User) -> None:
    permit(charlie, "view_ledgerentry")
    row = LedgerEntry.objects.get(number=2)
    assert listed(staff) == []
    assert staff.get(f"{LIST}{row.pk}/change/").status_code == HTTPStatus.FOUND
    permit(charlie, "see_all_teams")
    assert listed(staff) == ["", "user-1", "user-2"]
