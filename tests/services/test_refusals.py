"""What a team demands is a refusal in the ledger, which a page that comes again does not fill."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from monitor.models import LedgerKind
from monitor.services import refusals, taps
from monitor.services.listens import Client
from monitor.services.refusals import AGAIN, Refusals
from monitor.services.taps import OpenedTap
from tests.support.ledger import entries

pytestmark = pytest.mark.django_db

CLIENT = Client("192.0.2.7", "Browser")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of this process's refusals, of which there were none."""
    clock = Clock()
    monkeypatch.setattr(apps.get_app_config("monitor"), "refusals", Refusals(clock))
    return clock


def refuse(user: User, opened: OpenedTap, why: str = "reason") -> None:
    refusals.listening(user, opened.tap.pk, CLIENT, why)


def written() -> list[tuple[str, str, str]]:
    return [
        (one.username, one.call_id, json.loads(one.details)["why"])
        for one in entries(LedgerKind.REFUSED)
    ]


def test_who_comes_again_is_written_once_in_ten_minutes(
    clock: Clock, alice: User, opened: OpenedTap
) -> None:
    for _ in range(100):
        refuse(alice, opened)
    assert written() == [("alice", "call-1", "reason")]
    clock.now = AGAIN
    refuse(alice, opened)
    assert len(written()) == 2


def test_the_sides_of_a_call_are_refused_together(
    clock: Clock, alice: User, opened: OpenedTap
) -> None:
    refuse(alice, opened)
    refuse(alice, taps.open_tap("call-1", direction="speak"))
    assert len(written()) == 1


def test_each_user_call_and_demand_is_told(
    clock: Clock, alice: User, bob: User, opened: OpenedTap
) -> None:
    refuse(alice, opened)
    refuse(bob, opened)
    refuse(alice, taps.open_tap("call-2"))
    refuse(alice, opened, "notice")
    assert written() == [
        ("alice", "call-1", "reason"),
        ("bob", "call-1", "reason"),
        ("alice", "call-2", "reason"),
        ("alice", "call-1", "notice"),
    ]


def test_a_lacking_permission_is_told_each_time(
    clock: Clock, alice: User, opened: OpenedTap
) -> None:
    for _ in range(3):
        refuse(alice, opened, "permission")
    assert len(written()) == 3


def test_many_calls_are_told_as_other_refusals_are(clock: Clock, alice: User) -> None:
    for number in range(100):
        refuse(alice, taps.open_tap(f"call-{number}"))
    assert len(written()) == refusals.AT_ONCE
