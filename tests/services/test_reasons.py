"""Why a user listens to a call: what is kept of it, and for which call."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User

from monitor.models import LedgerKind, ListenReason, ListenSession
from monitor.services import calls, listens, openings, reasons, taps
from monitor.services.taps import OpenedTap
from tests.support.ledger import entries

pytestmark = pytest.mark.django_db(transaction=True)


def give(user: User, opened: OpenedTap, typed: str = "a complaint") -> str:
    """Give a reason for hearing a call; return what is kept of it."""
    reasons.give(user, opened.tap.call_id, typed)
    return ListenReason.objects.latest("pk").text


def hear(user: User, opened: OpenedTap) -> ListenSession:
    """Have a user hear a tap; return the row about it."""
    opening = openings.Opening(user, opened.tap.pk, listens.Client("127.0.0.1", "a browser"))
    openings.open_listens([opening])
    return ListenSession.objects.get(pk=opening.opened().session_id)


def test_the_newest_reason_is_in_the_session_and_in_the_ledger(
    alice: User, opened: OpenedTap
) -> None:
    give(alice, opened, "training")
    give(alice, opened, "a complaint")
    assert hear(alice, opened).reason == "a complaint"
    [began] = entries(LedgerKind.LISTEN_BEGAN)
    assert json.loads(began.details)["reason"] == "a complaint"


def test_a_reason_is_for_one_call_and_one_user(alice: User, bob: User, opened: OpenedTap) -> None:
    give(alice, opened)
    give(bob, taps.open_tap("call-2"), "training")
    assert hear(alice, taps.open_tap("call-3")).reason == ""
    assert hear(bob, opened).reason == ""


def test_it_is_kept_on_one_line(alice: User, opened: OpenedTap) -> None:
    assert give(alice, opened, " a\r\n complaint\x00\x1b[31m \u200b") == "a complaint[31m"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("about +1 (415) 555-0142", "about •••0142"),
        ("card 4111111111111111", "card •••1111"),
        ("wrote ann@mail.example", "wrote •••@mail.example"),
        ("ticket 471123", "ticket 471123"),
    ],
)
def test_numbers_and_addresses_are_masked(
    alice: User, opened: OpenedTap, typed: str, kept: str
) -> None:
    assert give(alice, opened, typed) == kept


def test_what_grows_by_its_masks_is_cut(alice: User, opened: OpenedTap) -> None:
    assert len(give(alice, opened, " ".join(["a@b"] * 50))) == reasons.LONGEST


@pytest.mark.parametrize("typed", ["", "ab", "  ab  ", "\u200b\u200b\u200b\u200b"])
def test_one_that_says_nothing_is_refused(alice: User, opened: OpenedTap, typed: str) -> None:
    with pytest.raises(reasons.TooShort):
        give(alice, opened, typed)


def test_the_limits_of_its_length(alice: User, opened: OpenedTap) -> None:
    assert give(alice, opened, "abc") == "abc"
    assert give(alice, opened, " " + "a" * 200 + " ") == "a" * 200
    with pytest.raises(reasons.TooLong):
        give(alice, opened, "a" * 201)


def test_a_call_that_the_user_may_not_know_of_is_not_there(
    charlie: User, opened: OpenedTap
) -> None:
    with pytest.raises(calls.NoSuchCall):
        give(charlie, opened)


def test_a_user_may_give_so_many_a_minute(alice: User, root: User, opened: OpenedTap) -> None:
    for _ in range(reasons.PER_MINUTE):
        give(alice, opened)
    with pytest.raises(reasons.TooMany):
        give(alice, opened)
    give(root, opened)


def test_the_newest_of_ones_own_are_offered_each_once(
    alice: User, root: User, opened: OpenedTap
) -> None:
    give(root, opened, "of somebody else")
    for number in (*range(9), 3):
        give(alice, opened, f"reason {number}")
    assert reasons.recent(alice) == [f"reason {number}" for number in (3, 8, 7, 6, 5, 4, 2, 1)]
