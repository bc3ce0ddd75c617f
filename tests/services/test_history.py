"""What happened to a call, as its page tells it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor.audio.condition import Kind
from monitor.models import CallPause, ListenSession
from monitor.services import history, taps
from monitor.services.history import Entry
from monitor.services.taps import OpenedTap
from tests.support.rows import NOW, SECOND, change


def timeline(opened: OpenedTap) -> list[Entry]:
    call = opened.tap.call
    sessions = ListenSession.objects.filter(tap__call=call).select_related("tap")
    return history.timeline(history.legs_of(call), sessions, call.marks.all(), call.pauses.all())


def happen(opened: OpenedTap, at: int, old: str, new: str, reason: str) -> None:
    """Write an entry of a leg's timeline, so many seconds after now."""
    opened.tap.events.create(at=NOW + at * SECOND, old=old, new=new, reason=reason)


def test_the_legs_of_a_call_have_one_timeline(opened: OpenedTap) -> None:
    listening = taps.open_tap("call-1", direction="listen")
    for leg in (opened, listening):
        leg.tap.events.all().delete()
    happen(listening, 2, "requested", "tapping", "media connected")
    happen(opened, 1, "requested", "tapping", "media connected")
    happen(opened, 3, "tapping", "tapping", "a gap")
    found = [(entry.leg and entry.leg.direction, entry.title) for entry in timeline(opened)]
    assert found == [("both", "Live"), ("listen", "Live"), ("both", "a gap")]


def test_entries_of_the_same_moment_keep_their_order(opened: OpenedTap) -> None:
    opened.tap.events.all().delete()
    for number in range(3):
        happen(opened, 0, "tapping", "tapping", f"note {number}")
    assert [entry.words for entry in timeline(opened)] == ["note 0", "note 1", "note 2"]


def test_those_who_listened_are_in_it_with_their_names(opened: OpenedTap, alice: User) -> None:
    opened.tap.events.all().delete()
    change(opened, requested_at=NOW)
    times = {"started_at": NOW, "ended_at": NOW + 5 * SECOND}
    ListenSession.objects.create(tap=opened.tap, user=alice, username="alice", **times)
    assert [(entry.at, entry.title) for entry in timeline(opened)] == [
        (NOW, f"alice (user {alice.pk}) joined"),
        (NOW + 5 * SECOND, f"alice (user {alice.pk}) left"),
    ]


def mark(opened: OpenedTap, kind: Kind, leg: str = "", **fields: Any) -> None:
    """Write a mark of a call that began now."""
    opened.tap.call.marks.create(kind=kind, leg=leg, severity=1, began_at=NOW, **fields)


@pytest.mark.parametrize(
    ("kind", "leg", "words"),
    [
        (Kind.ONE_WAY, "speak", "The caller’s side brought no sound for 12 s"),
        (Kind.DEAD_AIR, "", "Nobody spoke for 12 s"),
        (Kind.ONE_SIDE_SILENT, "listen", "The agent’s side said nothing for 12 s"),
        (Kind.CLIPPING, "both", "The call was too loud and distorted for 12 s"),
        (Kind.TALK_OVER, "", "Caller and agent spoke at the same time for 12 s"),
        (Kind.LONG_CALL, "", "The call became long"),
        (Kind.HELP, "", "The agent asked for help"),
    ],
)
def test_why_a_call_needed_attention_is_in_it_in_words(
    opened: OpenedTap, kind: Kind, leg: str, words: str
) -> None:
    opened.tap.events.all().delete()
    mark(opened, kind, leg, ended_at=NOW + 12 * SECOND)
    [entry] = timeline(opened)
    assert (entry.at, entry.title) == (NOW, words)
    assert entry.leg == (opened.tap if leg == "both" else None)


def test_what_the_agent_said_is_told(opened: OpenedTap) -> None:
    opened.tap.events.all().delete()
    mark(opened, Kind.HELP, note="the caller is upset")
    assert timeline(opened)[0].title == "The agent asked for help: the caller is upset"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ended_at": NOW + 125 * SECOND}, "Nobody spoke for 2 min 5 s"),
        ({}, "Nobody spoke (still going on)"),
    ],
)
def test_a_mark_says_how_long_it_was_so(
    opened: OpenedTap, fields: dict[str, Any], words: str
) -> None:
    opened.tap.events.all().delete()
    mark(opened, Kind.DEAD_AIR, **fields)
    assert timeline(opened)[0].title == words


def test_somebody_who_still_listens_has_not_left(opened: OpenedTap, alice: User) -> None:
    opened.tap.events.all().delete()
    ListenSession.objects.create(tap=opened.tap, user=alice, username="alice")
    assert len(timeline(opened)) == 1


@pytest.mark.parametrize(
    ("username", "ended_by", "end", "told"),
    [
        ("alice", "bob", "resumed", ["Paused by alice", "bob ended the pause"]),
        ("", "", "resumed", ["Paused by the agent", "The agent ended the pause"]),
        ("alice", "", "expired", ["Paused by alice", "The pause ended by itself"]),
    ],
)
def test_pauses_are_told_of_the_whole_call(
    opened: OpenedTap, username: str, ended_by: str, end: str, told: list[str]
) -> None:
    opened.tap.events.all().delete()
    CallPause.objects.create(
        call=opened.tap.call,
        began_at=NOW,
        until=NOW + 300 * SECOND,
        username=username,
        ended_at=NOW + 20 * SECOND,
        ended_by=ended_by,
        end=end,
    )
    assert [(entry.leg, entry.title) for entry in timeline(opened)] == [(None, one) for one in told]
