"""A tap's states, whichever reports arrive, how often, and in which order."""

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

from monitor.models import Call, Tap, TapEvent, TapState
from monitor.services import media, tap_status, taps
from monitor.services.taps import OpenedTap
from monitor.wire.status_report import StatusReport

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
    """Each post arrives at least twice, in any order."""
    once, shuffled = posts
    tap = opened()
    stored = [tap_status.record_status(tap.tap.pk, report(tap, *post)) for post in shuffled]
    words = {word for word, _ in once}
    expected = FINISHED if "finished" in words else TAPPING if "tapping" in words else REQUESTED
    assert state_of(tap) == expected
    assert sum(stored) == len(set(once))
    assert TapEvent.objects.filter(tap=tap.tap, digest__isnull=False).count() == len(set(once))


class LifeOfATap(RuleBasedStateMachine):
    """Webhooks, media sockets and the reconciler change a tap independently of each other.

    A rule says in ``expected`` which state it leaves. The invariant reads the tap once after
    each rule, so ``seen[-1]`` is the state that the next rule finds. The clock stands once the
    tap is open, so that a slow machine brings no deadline nearer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tap = opened()
        self.clock = pytest.MonkeyPatch()
        self.now = timezone.now()
        self.clock.setattr(timezone, "now", lambda: self.now)
        self.expected: str = REQUESTED
        self.seen: list[str] = [REQUESTED]
        self.holder = ""
        self.stopped = False
        self.counted = 0

    def teardown(self) -> None:
        self.clock.undo()
        check_timeline(self.tap, self.seen)
        Call.objects.filter(pk=self.tap.tap.call_id).delete()

    def later(self, seconds: float) -> datetime.datetime:
        return self.now + datetime.timedelta(seconds=seconds)

    @rule(word=st.sampled_from(WORDS), number=st.integers(0, 3))
    def signalwire_says(self, word: str, number: int) -> None:
        posted = report(self.tap, word, number)
        new = not TapEvent.objects.filter(tap=self.tap.tap, digest=posted.digest).exists()
        assert tap_status.record_status(self.tap.tap.pk, posted) == new
        if new and word == "finished":
            self.expected = FINISHED
        elif new and word == "tapping" and self.seen[-1] == REQUESTED:
            self.expected = TAPPING

    @rule(socket=st.sampled_from("abc"), replacing=st.sampled_from(["", "a", "b", "c"]))
    def media_connects(self, socket: str, replacing: str) -> None:
        takes_media = self.seen[-1] in (REQUESTED, TAPPING, LOST) and not self.stopped
        may = takes_media and self.holder in ("", replacing)
        try:
            media.connect(self.tap.tap.pk, socket, replacing=replacing)
        except media.Refused:
            assert not may
        else:
            assert may
            self.holder = socket
            self.expected = TAPPING

    @rule(socket=st.sampled_from("abc"), frames=st.integers(0, 50))
    def media_disconnects(self, socket: str, frames: int) -> None:
        media.disconnect(self.tap.tap.pk, socket, media.Count(frames, frames * 160), "gone")
        self.counted += frames
        if socket == self.holder:
            self.holder = ""

    @rule(socket=st.sampled_from("abc"), silent=st.booleans())
    def media_lives(self, socket: str, silent: bool) -> None:
        since = self.now if silent else None
        media.write_silences([media.Silence(self.tap.tap.pk, socket, since)])
        over = media.heartbeat({socket: self.tap.tap.pk})
        takes_up = self.seen[-1] == LOST and not self.stopped
        holds = self.holder == socket and self.seen[-1] in (REQUESTED, TAPPING)
        assert over == (set() if takes_up or holds else {socket})
        if takes_up:
            self.holder = socket
            self.expected = TAPPING

    @rule(frames=st.integers(1, 50))
    def media_is_counted(self, frames: int) -> None:
        media.add_counts(self.tap.tap.pk, media.Count(frames, frames * 160))
        self.counted += frames

    @rule(seconds=st.sampled_from([-600, 0, 30, 120, 360]))
    def the_reconciler_looks(self, seconds: float) -> None:
        lost, failed = media.end_lost(self.later(seconds))
        assert not lost or self.seen[-1] == TAPPING
        assert not failed or self.seen[-1] == REQUESTED
        if lost or failed:
            self.holder = ""
            self.expected = LOST if lost else FAILED
        elif seconds == 360:
            assert self.seen[-1] not in (REQUESTED, TAPPING)

    @rule()
    def somebody_asks_to_stop(self) -> None:
        live = self.seen[-1] in (REQUESTED, TAPPING)
        assert bool(taps.stop_taps(self.tap.tap.call.call_id)) == live
        if self.seen[-1] == LOST:
            self.expected = FINISHED
        self.stopped |= live

    @rule(seconds=st.sampled_from([0, 4, 6]))
    def its_time_is_up(self, seconds: float) -> None:
        media.end_stopped(self.later(seconds))
        if self.stopped and seconds == 6 and self.seen[-1] in (REQUESTED, TAPPING):
            self.expected = FINISHED

    @invariant()
    def transitions_are_allowed_and_nothing_is_counted_twice_or_lost(self) -> None:
        tap: Any = Tap.objects.values("frames", "bytes", "state", "ended_at").get(
            pk=self.tap.tap.pk
        )
        state = tap["state"]
        assert state == self.expected
        if state != self.seen[-1]:
            assert (self.seen[-1], state) in ALLOWED
            self.seen.append(state)
        assert (tap["frames"], tap["bytes"]) == (self.counted, self.counted * 160)
        assert (tap["ended_at"] is None) == (state in (REQUESTED, TAPPING))


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
