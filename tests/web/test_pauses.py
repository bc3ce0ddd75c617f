"""Who may pause a call from a page, and what the ledger has of it."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User
from django.test import Client

from monitor.models import Call, LedgerKind
from monitor.services import ledger
from monitor.services.taps import OpenedTap
from tests.support.ledger import entries


def post(client: Client, opened: OpenedTap, what: str) -> tuple[int, str]:
    answer = client.post(f"/calls/{opened.tap.call_id}/{what}")
    return answer.status_code, answer.json().get("error", "")


def is_paused() -> bool:
    return Call.objects.get().pause is not None


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that takes no entries."""

    def append(self: object, entries: object) -> None:
        raise ledger.NotWritten

    monkeypatch.setattr(ledger.Ledger, "append", append)


def test_a_supervisor_pauses_and_resumes_and_the_ledger_says_so(
    as_alice: Client, alice: User, opened: OpenedTap
) -> None:
    for what, kind in (("pause", LedgerKind.PAUSED), ("resume", LedgerKind.RESUMED)):
        assert post(as_alice, opened, what) == (HTTPStatus.ACCEPTED, "")
        assert is_paused() == (what == "pause")
        [entry] = entries(kind)
        assert (entry.username, entry.call_id) == ("alice", "call-1")


def test_who_lacks_the_permission_pauses_nothing(
    as_alice: Client, alice: User, opened: OpenedTap
) -> None:
    group = alice.groups.get()
    group.permissions.remove(group.permissions.get(codename="pause_call"))
    assert post(as_alice, opened, "pause") == (HTTPStatus.FORBIDDEN, "not_allowed")
    assert not is_paused()


def test_a_resume_of_what_is_not_paused_is_a_conflict(as_alice: Client, opened: OpenedTap) -> None:
    assert post(as_alice, opened, "resume") == (HTTPStatus.CONFLICT, "not_paused")


@pytest.mark.usefixtures("full")
def test_without_a_ledger_a_call_is_paused_and_not_resumed(
    as_alice: Client, opened: OpenedTap
) -> None:
    assert post(as_alice, opened, "pause") == (HTTPStatus.ACCEPTED, "")
    assert is_paused()
    refusal = (HTTPStatus.SERVICE_UNAVAILABLE, "not_recorded")
    assert post(as_alice, opened, "resume") == refusal
    assert is_paused()
