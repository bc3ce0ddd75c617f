"""A TapFollower tells one listener of its tap's state, and of no other leg's."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from monitor.fanout.tap_follower import TapFollower
from tests.support.waiting import until

MINE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


class Listener:
    """Keeps what a follower tells it."""

    def __init__(self, grace: float) -> None:
        self.notes: list[dict[str, Any]] = []
        self.ends: list[str] = []
        self.pauses: list[dict[str, Any]] = []
        self.follower = TapFollower(grace, self.notes.append, self.pauses.append, self.ends.append)
        self.follower.begin(MINE, "tapping", 1)

    def hears_of(self, *legs: dict[str, Any], pause: dict[str, Any] | None = None) -> None:
        """Receive the event of a call, which was never paused unless ``pause`` describes that."""
        event = {"type": "call", "call": {"legs": list(legs), "pause": pause or {"changes": 0}}}
        self.follower.on_event(event, b"")


@pytest.fixture
def listener() -> Listener:
    return Listener(grace=0.01)


def leg(tap_id: uuid.UUID, state: str, transitions: int = 2) -> dict[str, Any]:
    return {
        "id": str(tap_id),
        "state": state,
        "transitions": transitions,
        "end_reason": "",
        "stop_requested_at": None,
    }


async def test_the_end_of_the_tap_is_told_and_ends_the_listening(listener: Listener) -> None:
    listener.hears_of(leg(MINE, "finished"))
    assert listener.notes == [{"type": "state", "state": "finished", "stalled": False}]
    await until(lambda: listener.ends == ["finished"])


async def test_the_end_of_the_calls_other_leg_is_nothing_to_the_listener(
    listener: Listener,
) -> None:
    listener.hears_of(leg(OTHER, "finished"), leg(MINE, "tapping", 1))
    assert (listener.notes, listener.ends, listener.follower.is_over) == ([], [], False)


async def test_an_older_description_is_ignored(listener: Listener) -> None:
    listener.hears_of(leg(MINE, "lost", 2))
    listener.hears_of(leg(MINE, "tapping", 1))
    assert [note["state"] for note in listener.notes] == ["lost"]


async def test_media_that_comes_back_cancels_the_end(listener: Listener) -> None:
    listener.hears_of(leg(MINE, "lost", 2))
    listener.hears_of(leg(MINE, "tapping", 3))
    other = Listener(grace=0.01)
    other.hears_of(leg(MINE, "lost", 2))
    await until(lambda: other.ends == ["lost"])
    assert listener.ends == []


async def test_a_stall_of_the_tap_is_told(listener: Listener) -> None:
    listener.follower.on_event({"type": "stall", "tap": str(MINE), "stalled": True}, b"")
    assert listener.notes == [{"type": "state", "state": "tapping", "stalled": True}]


async def test_each_change_of_the_calls_pause_is_told_once_and_an_older_one_not(
    listener: Listener,
) -> None:
    begun = {"changes": 1, "since": "2030-01-01T12:00:00+00:00"}
    over = {"changes": 2, "since": None}
    for pause in (begun, begun, over, begun):
        listener.hears_of(leg(MINE, "tapping", 1), pause=pause)
    assert listener.pauses == [begun, over]
