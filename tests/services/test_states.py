"""A tap's states, whichever reports arrive, how often, and in which order."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import math
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from monitor.fanout import access_watch
from monitor.models import (
    ENDED,
    Agent,
    Call,
    CallPause,
    ListenSession,
    Tap,
    TapEvent,
    TapState,
    Team,
)
from monitor.services import calls, listens, media, openings, pauses, tap_status, taps
from monitor.services.taps import OpenedTap
from monitor.web.sockets.listen import ListenSocket
from monitor.wire.status_report import StatusReport
from tests.support.cast import permit, signed_in
from tests.support.fuzz import examples
from tests.support.listening import begin_listening
from tests.support.rows import SECOND

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
PAUSED_FOR = settings.PAUSE_MAX_SECONDS
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
@examples(600)
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
        self.used = False  # whether a media connection has ever held it
        self.stopped_at: datetime.datetime | None = None
        self.counted = 0

    def teardown(self) -> None:
        self.clock.undo()
        check_timeline(self.tap, self.seen)
        Call.objects.filter(pk=self.tap.tap.call_id).delete()

    @property
    def may_connect(self) -> bool:
        """Whether the media token of a tap that may have media is still good."""
        return self.used or self.now - self.tap.tap.requested_at <= 120 * SECOND

    def is_overdue(self, now: datetime.datetime) -> bool:
        """Return whether SignalWire should have ended the tap by then."""
        return self.stopped_at is not None and now - self.stopped_at >= 5 * SECOND

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
        takes_media = self.seen[-1] in (REQUESTED, TAPPING, LOST) and not self.stopped_at
        may = takes_media and self.may_connect and self.holder in ("", replacing)
        try:
            media.connect(self.tap.tap.pk, socket, replacing=replacing)
        except media.Refused:
            assert not may
        else:
            assert may
            self.holder, self.used = socket, True
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
        takes_up = self.seen[-1] == LOST and not self.stopped_at and self.may_connect
        holds = self.holder == socket and self.seen[-1] in (REQUESTED, TAPPING)
        holds = holds and not self.is_overdue(self.now)
        assert over == (set() if takes_up or holds else {socket})
        if takes_up:
            self.holder, self.used = socket, True
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
        if live and not self.stopped_at:
            self.stopped_at = self.now

    @rule(seconds=st.sampled_from([0, 4, 6]))
    def its_time_is_up(self, seconds: float) -> None:
        media.end_stopped(self.later(seconds))
        if self.is_overdue(self.later(seconds)) and self.seen[-1] in (REQUESTED, TAPPING):
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


class Listener:
    """A listener's socket as AccessWatch knows it, without a connection and an event loop."""

    check_access: Any = ListenSocket.check_access

    def __init__(self, tap_id: uuid.UUID) -> None:
        self.tap_id = tap_id


RIGHTS = st.sampled_from(["permission", "team", "account"])


class LifeWithListener(LifeOfATap):
    """Beside all that, a supervisor listens, loses rights and gets them back, signs out, and pauses
    the call, while time passes.

    ``listening`` is the socket that is open, which AccessWatch looks at as it does in a server.
    """

    boss: User  # who may pause any call

    def __init__(self) -> None:
        super().__init__()
        self.user = User.objects.create_user(f"listener-{uuid.uuid4()}", password="x")
        self.call = self.tap.tap.call
        Call.objects.filter(pk=self.call.pk).update(agent=f"agent-of-{self.user}")
        self.team = Team.objects.create(name=f"team-{uuid.uuid4()}")
        Agent.objects.create(name=f"agent-of-{self.user}", team=self.team)
        self.rights: set[str] = set()
        for right in ("permission", "team", "account"):
            self.gets_a_right(right)
        self.session = ""  # the key of the last one, which stays when it signs nobody in any more
        self.is_signed_in = False
        self.signs_in()
        self.listening: Any = None
        self.listen_id = 0
        self.paused_until: datetime.datetime | None = None

    def teardown(self) -> None:
        ListenSession.objects.filter(tap=self.tap.tap).delete()
        super().teardown()
        self.user.delete()
        Agent.objects.filter(team=self.team).delete()
        self.team.delete()

    def describe_rights(self) -> bool:
        """Return whether the listener may listen to this call."""
        return len(self.rights) == 3 and self.is_signed_in

    @rule()
    def signs_in(self) -> None:
        if not self.is_signed_in and "account" in self.rights:
            self.session = signed_in(User.objects.get(pk=self.user.pk)).session.session_key or ""
            self.is_signed_in = True

    @rule()
    def signs_out(self) -> None:
        Session.objects.filter(session_key=self.session).delete()
        self.is_signed_in = False

    @rule()
    def changes_the_password(self) -> None:
        """It ends all sessions of the user."""
        user = User.objects.get(pk=self.user.pk)
        user.set_password(str(uuid.uuid4()))
        user.save()
        self.is_signed_in = False

    @rule(right=RIGHTS)
    def loses_a_right(self, right: str) -> None:
        self.rights.discard(right)
        if right == "permission":
            self.user.user_permissions.clear()
        elif right == "team":
            self.team.members.clear()
        else:
            User.objects.filter(pk=self.user.pk).update(is_active=False)

    @rule(right=RIGHTS)
    def gets_a_right(self, right: str) -> None:
        self.rights.add(right)
        if right == "permission":
            permit(self.user, "listen_tap")
        elif right == "team":
            self.team.members.add(self.user)
        else:
            User.objects.filter(pk=self.user.pk).update(is_active=True)

    @rule()
    def joins(self) -> None:
        if self.listening:
            return
        listener: Any = Listener(self.tap.tap.pk)
        if access_watch._refused({self.session: [listener]}):
            assert not self.describe_rights()
            return
        assert self.describe_rights()
        client = listens.Client("192.0.2.1", "Browser")
        try:
            self.listen_id = begin_listening(self.user, self.tap.tap, client).pk
        except openings.NotOpen:
            assert self.stopped_at or self.seen[-1] in ENDED
        else:
            assert not self.stopped_at
            self.listening = listener

    @rule()
    def leaves(self) -> None:
        if self.listening:
            listens.end([listens.Ending(self.listen_id, self.tap.tap.pk, "left", listens.Heard())])
            self.listening = None

    @rule()
    def access_is_checked(self) -> None:
        if not self.listening:
            return
        if access_watch._refused({self.session: [self.listening]}):
            self.leaves()

    @rule(by_agent=st.booleans())
    def pauses(self, by_agent: bool) -> None:
        try:
            if by_agent:
                assert pauses.pause_by_agent(self.call.call_id, "agent")
            else:
                pauses.pause(self.boss, self.call.pk)
        except calls.CallGone:
            assert self.seen[-1] in ENDED
        else:
            self.paused_until = self.later(PAUSED_FOR)

    @rule()
    def resumes(self) -> None:
        try:
            pauses.resume(self.boss, self.call.pk)
        except pauses.NotPaused:
            assert not self.paused_until
        else:
            assert self.paused_until
            self.paused_until = None

    @rule(seconds=st.sampled_from([1, 5, 30, 119, 121, 301]))
    def time_passes(self, seconds: int) -> None:
        self.now = self.later(seconds)
        ended = pauses.end_forgotten()
        is_over = self.paused_until is not None and self.paused_until <= self.now
        assert ended == int(is_over)
        if is_over:
            self.paused_until = None

    @precondition(lambda self: self.paused_until)
    @rule()
    def the_pause_runs_out(self) -> None:
        """Among all rules, ``time_passes`` alone gets that far too seldom."""
        assert self.paused_until
        self.time_passes(math.ceil((self.paused_until - self.now).total_seconds()))

    @invariant()
    def access_is_what_the_rights_say(self) -> None:
        listener: Any = Listener(self.tap.tap.pk)
        refused = access_watch._refused({self.session: [listener]})
        assert bool(refused) != self.describe_rights()

    @invariant()
    def who_listens_and_whether_it_is_paused_is_on_record(self) -> None:
        heard = ListenSession.objects.filter(tap=self.tap.tap, ended_at=None)
        assert heard.count() == int(self.listening is not None)
        paused = pauses.began_at([self.tap.tap.pk])
        assert bool(paused) == (self.paused_until is not None)
        on = CallPause.objects.filter(call=self.call, ended_at=None)
        assert on.count() == int(self.paused_until is not None)


@pytest.mark.django_db
@pytest.mark.hypothesis
def test_no_sequence_breaks_a_tap() -> None:
    LifeWithListener.boss = User.objects.create_superuser("boss")
    search = examples(1000, stateful_step_count=10)
    run_state_machine_as_test(LifeWithListener, settings=search)
