"""Sign-ins, sign-outs and refused sign-ins are in the ledger, and what is typed there is not."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from monitor.models import LedgerEntry, LedgerKind
from monitor.services import refusals
from monitor.services.refusals import Refusals
from tests.support.ledger import entries

PASSWORD = "alice's password"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was refused before."""
    monkeypatch.setattr(apps.get_app_config("monitor"), "refusals", Refusals())


def sign_in(username: str, password: str = PASSWORD) -> Any:
    form = {"username": username, "password": password}
    return Client().post("/login", form, HTTP_USER_AGENT="Browser")


def test_a_sign_in_and_a_sign_out_are_told(alice: User) -> None:
    client = Client()
    client.post("/login", {"username": "alice", "password": PASSWORD})
    client.post("/logout")
    for kind in (LedgerKind.SIGNED_IN, LedgerKind.SIGNED_OUT):
        [entry] = entries(kind)
        assert (entry.username, entry.user_id, entry.address) == ("alice", alice.pk, "127.0.0.1")


def test_a_refused_sign_in_is_told_with_the_accounts_name(alice: User) -> None:
    sign_in("alice", "wrong")
    [entry] = entries(LedgerKind.SIGN_IN_REFUSED)
    assert (entry.username, entry.user_id, entry.user_agent) == ("alice", None, "Browser")


def test_a_name_that_no_account_has_is_not_kept_because_it_may_be_a_password(alice: User) -> None:
    sign_in("my secret password", "my other secret")
    [entry] = entries(LedgerKind.SIGN_IN_REFUSED)
    assert entry.username == ""
    assert not [row for row in LedgerEntry.objects.values() if "secret" in str(row)]


def test_tries_that_come_too_early_are_not_told_again(alice: User) -> None:
    for _ in range(12):
        sign_in("alice", "wrong")
    assert len(entries(LedgerKind.SIGN_IN_REFUSED)) == 8  # then alice must wait at this address


def test_an_attack_on_many_names_adds_a_few_entries_and_the_number_of_others(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    config = apps.get_app_config("monitor")
    monkeypatch.setattr(config, "refusals", Refusals(clock=lambda: now))
    for number in range(100):
        refusals.sign_in(rf.post("/login"), f"name-{number}")
    assert len(entries(LedgerKind.SIGN_IN_REFUSED)) == 60
    now = 10.0
    refusals.sign_in(rf.post("/login"), "name-100")
    [*_, last] = entries(LedgerKind.SIGN_IN_REFUSED)
    assert json.loads(last.details) == {"left_out": 40}


def test_nobody_signs_in_where_that_cannot_be_recorded(alice: User, full_ledger: None) -> None:
    client = Client()
    answer = client.post("/login", {"username": "alice", "password": PASSWORD})
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert client.get("/").status_code == HTTPStatus.FOUND  # to the sign-in page


def test_a_sign_out_is_done_all_the_same(as_alice: Client, full_ledger: None) -> None:
    as_alice.post("/logout")
    assert as_alice.get("/").status_code == HTTPStatus.FOUND
