"""The life of a tap, whatever comes, how often, and in which order."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import uuid
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from monitor import media, taps
from monitor.models import Call, Tap, TapEvent, TapState
from monitor.taps import OpenedTap, StatusReport

REQUESTED, TAPPING, FINISHED = TapState.REQUESTED, TapState.TAPPING, TapState.FINISHED
FAILED, LOST = TapState.FAILED, TapState.LOST

#: All that may ever happen to ``Tap.state``.
ALLOWED = {
    (REQUESTED, TAPPING),
    (REQUESTED, FINISHED),
    (REQUESTED, FAILED),
    (TAPPING, FINISHED),
    (TAPPING, LOST),
    (LOST, TAPPING),
    (LOST, FINISHED),
    (FAILED, FINISHED),
}
WORDS = ("tapping", "finished", "paused", "lost", "failed")


def opened() -> OpenedTap:
    return taps.open_tap(f"call-{uuid.uuid4()}")


def report(tap: OpenedTap, word: str, number: int = 0) -> StatusReport:
    """A post; the same word and number are the same bytes."""
    digest = hashlib.sha256(f"{word} {number}".encode()).hexdigest()
    return StatusReport(word, tap.tap.control_id, tap.tap.call.call_id, None, {}, digest)


def state_of(tap: OpenedTap) -> str:
    return Tap.objects.values_list("state", flat=True).get(pk=tap.tap.pk)


def check_timeline(tap: OpenedTap, seen: list[str]) -> None:
    """The timeline is a chain from nothing to the tap's state: each event leaves where
    the one before it arrived, and each transition seen has exactly one event."""
    events = list(TapEvent.objects.filter(tap=tap.tap).order_by("id"))
    arrived = ""
    for event in events:
        assert event.old == arrived
        arrived = event.new
    assert arrived == state_of(tap)
    changes = [(event.old, event.new) for event in events if event.old not in ("", event.new)]
    assert changes == list(itertools.pairwise(seen))
    assert set(changes) <= ALLOWED


POSTS = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 2)), min_size=1, max_size=5)


@pytest.mark.django_db
@settings(max_examples=600, deadline=None)
@given(posts=POSTS.flatmap(lambda posts: st.tuples(st.just(posts), st.permutations(posts * 2))))
def test_every_order_of_the_same_posts_ends_in_the_same_state(
    posts: tuple[list[tuple[str, int]], list[tuple[str, int]]],
) -> None:
    """Each post at least twice, in any order."""
    once, shuffled = posts
    tap = opened()
    stored = [taps.record_status(tap.tap.pk, report(tap, *post)) for post in shuffled]
    words = {word for word, _ in once}
    expected = FINISHED if "finished" in words else TAPPING if "tapping" in words else REQUESTED
    assert state_of(tap) == expected
    assert sum(stored) == len(set(once))
    assert TapEvent.objects.filter(tap=tap.tap, digest__isnull=False).count() == len(set(once))


class LifeOfATap(RuleBasedStateMachine):
    """Webhooks, media sockets and the reconciler, each with a will of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.tap = opened()
        self.seen = [state_of(self.tap)]
        self.holder = ""
        self.stopped = False
        self.counted = 0

    def teardown(self) -> None:
        check_timeline(self.tap, self.seen)
        Call.objects.filter(pk=self.tap.tap.call_id).delete()

    @rule(word=st.sampled_from(WORDS), number=st.integers(0, 3))
    def signalwire_says(self, word: str, number: int) -> None:
        before = state_of(self.tap)
        new = not TapEvent.objects.filter(
            tap=self.tap.tap, digest=report(self.tap, word, number).digest
        ).exists()
        assert taps.record_status(self.tap.tap.pk, report(self.tap, word, number)) == new
        if new and word == "finished":
            assert state_of(self.tap) == FINISHED
        elif new and word == "tapping" and before == REQUESTED:
            assert state_of(self.tap) == TAPPING
        else:
            assert state_of(self.tap) == before

    @rule(socket=st.sampled_from("abc"), replacing=st.sampled_from(["", "a", "b", "c"]))
    def media_connects(self, socket: str, replacing: str) -> None:
        takes_media = state_of(self.tap) in (REQUESTED, TAPPING, LOST) and not self.stopped
        may = takes_media and self.holder in ("", replacing)
        try:
            media.opened(self.tap.tap.pk, socket, replacing=replacing)
        except media.Refused:
            assert not may
        else:
            assert may
            self.holder = socket
            assert state_of(self.tap) == TAPPING

    @rule(socket=st.sampled_from("abc"), frames=st.integers(0, 50))
    def media_disconnects(self, socket: str, frames: int) -> None:
        before = state_of(self.tap)
        media.closed(self.tap.tap.pk, socket, media.Count(frames, frames * 160), "gone")
        self.counted += frames
        if socket == self.holder:
            self.holder = ""
        assert state_of(self.tap) == before

    @rule(socket=st.sampled_from("abc"), silent=st.booleans())
    def media_lives(self, socket: str, silent: bool) -> None:
        before = state_of(self.tap)
        since = timezone.now() if silent else None
        media.write_silences([media.Silence(self.tap.tap.pk, socket, since)])
        over = media.seen({socket: self.tap.tap.pk})
        takes_up = before == LOST and not self.stopped
        holds = self.holder == socket and before in (REQUESTED, TAPPING)
        assert over == (set() if takes_up or holds else {socket})
        if takes_up:
            self.holder = socket
        assert state_of(self.tap) == (TAPPING if takes_up else before)

    @rule(frames=st.integers(1, 50))
    def media_is_counted(self, frames: int) -> None:
        count = media.Count(frames, frames * 160)
        media.counted(self.tap.tap.pk, count)
        self.counted += frames

    @rule(minutes=st.sampled_from([-10, 0, 0.5, 2, 6]))
    def the_reconciler_looks(self, minutes: float) -> None:
        media.close_lost(timezone.now() + datetime.timedelta(minutes=minutes))
        if state_of(self.tap) in (LOST, FAILED):
            self.holder = ""
        if minutes == 6:
            assert state_of(self.tap) not in (REQUESTED, TAPPING)

    @rule()
    def somebody_asks_to_stop(self) -> None:
        before = state_of(self.tap)
        stopped = taps.stop_taps(self.tap.tap.call.call_id)
        assert bool(stopped) == (before in (REQUESTED, TAPPING))
        assert state_of(self.tap) == (FINISHED if before == LOST else before)
        self.stopped |= before in (REQUESTED, TAPPING)

    @rule(seconds=st.sampled_from([0, 4, 6]))
    def its_time_is_up(self, seconds: float) -> None:
        before = state_of(self.tap)
        media.end_stopped(timezone.now() + datetime.timedelta(seconds=seconds))
        ended = self.stopped and seconds == 6 and before in (REQUESTED, TAPPING)
        assert state_of(self.tap) == (FINISHED if ended else before)

    @invariant()
    def transitions_are_allowed_ones(self) -> None:
        state = state_of(self.tap)
        if state != self.seen[-1]:
            assert (self.seen[-1], state) in ALLOWED
            self.seen.append(state)

    @invariant()
    def nothing_is_counted_twice_or_lost(self) -> None:
        tap: Any = Tap.objects.values("frames", "bytes", "state", "ended_at").get(
            pk=self.tap.tap.pk
        )
        assert (tap["frames"], tap["bytes"]) == (self.counted, self.counted * 160)
        assert (tap["ended_at"] is None) == (tap["state"] in (REQUESTED, TAPPING))


@pytest.mark.django_db
def test_no_sequence_breaks_a_tap() -> None:
    run_state_machine_as_test(
        LifeOfATap,
        settings=settings(
            max_examples=500,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
