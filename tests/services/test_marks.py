"""A call's marks: they begin once, end once, and end with the call."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from monitor.audio.condition import Kind
from monitor.bus.process import this_process
from monitor.models import CallMark, ListenSession, TapState
from monitor.services import listens, marks, media, taps, transitions
from monitor.services.marks import Mark
from monitor.services.taps import OpenedTap
from monitor.services.transitions import Transition
from tests.support.listening import begin_listening
from tests.support.rows import NOW, SECOND, change, read

CLIENT = listens.Client("192.0.2.7", "Browser")


def silent(opened: OpenedTap, **changed: Any) -> Mark:
    return Mark(opened.tap.call_id, Kind.DEAD_AIR, "", NOW)._replace(**changed)


def begin(*begun: Mark) -> None:
    marks.write(begun, [], NOW)


def end(*ended: Mark, at: datetime.datetime = NOW + 9 * SECOND) -> None:
    marks.write([], ended, at)


def ongoing() -> list[CallMark]:
    return list(CallMark.objects.filter(ended_at=None))


def finish(opened: OpenedTap) -> None:
    """End a tap, as its status post would."""
    change(opened, state="tapping")
    transitions.move(read(opened), Transition(TapState.FINISHED, "finished", ended_at=NOW))


class TestWriting:
    def test_a_mark_begins_when_its_cause_did(self, opened: OpenedTap) -> None:
        begin(silent(opened))
        [mark] = ongoing()
        assert (mark.kind, mark.leg, mark.severity) == ("dead_air", "", 60)
        assert (mark.began_at, mark.ended_at) == (NOW, None)

    def test_a_mark_that_has_begun_does_not_begin_again(self, opened: OpenedTap) -> None:
        """Two processes may judge for a moment, when one of them was frozen."""
        begin(silent(opened))
        begin(silent(opened, began_at=NOW + SECOND))
        [mark] = ongoing()
        assert mark.began_at == NOW

    def test_the_database_itself_refuses_a_second_open_mark(self, opened: OpenedTap) -> None:
        begin(silent(opened))
        [mark] = ongoing()
        mark.pk = None
        with pytest.raises(IntegrityError):
            mark.save(force_insert=True)

    def test_a_mark_ends_once(self, opened: OpenedTap) -> None:
        begin(silent(opened))
        end(silent(opened))
        end(silent(opened), at=NOW + 60 * SECOND)
        assert CallMark.objects.get().ended_at == NOW + 9 * SECOND

    def test_the_same_may_begin_again_after_its_end(self, opened: OpenedTap) -> None:
        for _ in range(2):
            begin(silent(opened))
            end(silent(opened))
        assert CallMark.objects.count() == 2

    def test_only_the_mark_that_is_named_ends(self, opened: OpenedTap) -> None:
        clipping = silent(opened, kind=Kind.CLIPPING, leg="speak")
        begin(silent(opened), clipping, clipping._replace(leg="listen"))
        end(clipping)
        assert [(one.kind, one.leg) for one in ongoing()] == [
            ("dead_air", ""),
            ("clipping", "listen"),
        ]

    def test_a_mark_never_ends_before_it_began(self, opened: OpenedTap) -> None:
        begin(silent(opened))
        end(silent(opened), at=NOW - SECOND)
        assert CallMark.objects.get().ended_at == NOW

    def test_any_number_of_changes_takes_a_few_queries(
        self, db: Any, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        opened = [taps.open_tap(f"call-{number}") for number in range(30)]
        begun = [silent(one) for one in opened]
        ended = [silent(one, kind=Kind.CLIPPING) for one in opened]
        begin(*ended)
        with django_assert_num_queries(8):  # two of them are the savepoint
            marks.write(begun, ended, NOW)
        assert {mark.kind for mark in ongoing()} == {"dead_air"}


class TestPublishing:
    @pytest.fixture
    def published(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        publisher = this_process().publisher
        monkeypatch.setattr(
            publisher, "publish", lambda *events: found.extend(one["call"] for one in events)
        )
        return found

    def test_each_change_publishes_its_calls_once(
        self,
        opened: OpenedTap,
        published: list[dict[str, Any]],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        other = taps.open_tap("call-2")
        clipping = silent(opened, kind=Kind.CLIPPING)
        with django_capture_on_commit_callbacks(execute=True):
            begin(silent(opened), clipping, silent(other))
        told = {call["call_id"]: len(call["attention"]) for call in published}
        assert (len(published), told) == (2, {"call-1": 2, "call-2": 1})


class TestEndOfACall:
    def test_a_call_that_is_over_needs_no_attention(self, opened: OpenedTap) -> None:
        begin(silent(opened, began_at=NOW - 9 * SECOND))
        finish(opened)
        assert CallMark.objects.get().ended_at == NOW

    def test_a_call_goes_on_while_another_leg_does(self, opened: OpenedTap) -> None:
        taps.open_tap("call-1", direction="listen")
        begin(silent(opened))
        finish(opened)
        assert len(ongoing()) == 1

    def test_a_call_that_is_over_gets_no_marks(self, opened: OpenedTap) -> None:
        """The last second is judged when the end may have been written already."""
        finish(opened)
        begin(silent(opened))
        assert not CallMark.objects.exists()


class TestHelp:
    @pytest.fixture
    def asked(self, opened: OpenedTap) -> CallMark:
        assert marks.ask_for_help("call-1", "the caller is upset")
        CallMark.objects.update(began_at=NOW)
        return CallMark.objects.get()

    def listen(self, user: User, opened: OpenedTap, since: int, until: int | None = None) -> int:
        session = begin_listening(user, opened.tap, CLIENT)
        session.started_at = NOW + since * SECOND
        session.ended_at = None if until is None else NOW + until * SECOND
        session.save()
        return session.pk

    def test_an_agent_that_asks_again_waits_since_the_first_time(self, asked: CallMark) -> None:
        marks.ask_for_help("call-1", "the caller shouts")
        [mark] = ongoing()
        assert (mark.began_at, mark.note) == (NOW, "the caller shouts")

    def test_help_for_a_call_that_nobody_can_hear_is_refused(self, opened: OpenedTap) -> None:
        finish(opened)
        assert not marks.ask_for_help("call-1", "")
        assert not marks.ask_for_help("another call", "")

    @pytest.mark.parametrize(
        ("since", "until", "now", "ended_at"),
        [
            (2, None, 6, None),
            (2, None, 7, 7),
            (2, None, 9, 7),
            (-60, None, 4, None),
            (-60, None, 5, 5),
            (2, 6, 9, None),
            (2, 7, 9, 7),
        ],
        ids=[
            "just come",
            "there for five seconds",
            "noticed late",
            "there before, and not for long since",
            "there before",
            "gone too soon",
            "gone after that",
        ],
    )
    def test_it_has_come_when_somebody_has_listened_for_five_seconds(
        self,
        opened: OpenedTap,
        asked: CallMark,
        alice: User,
        since: int,
        until: int | None,
        now: int,
        ended_at: int | None,
    ) -> None:
        session = self.listen(alice, opened, since, until)
        marks.end_listened([session], NOW + now * SECOND)
        asked.refresh_from_db()
        assert asked.ended_at == (None if ended_at is None else NOW + ended_at * SECOND)

    def test_a_heartbeat_of_the_listener_is_enough(
        self, opened: OpenedTap, asked: CallMark, alice: User
    ) -> None:
        session = self.listen(alice, opened, 0)
        CallMark.objects.update(began_at=NOW.replace(year=2020))
        listens.heartbeat([session], {})
        assert len(ongoing()) == 1  # the session begins in 2030
        ListenSession.objects.update(started_at=NOW.replace(year=2020))
        listens.heartbeat([session], {})
        assert ongoing() == []

    def test_a_listener_who_left_before_the_heartbeat_has_come(
        self, opened: OpenedTap, asked: CallMark, alice: User
    ) -> None:
        session = self.listen(alice, opened, 0)
        CallMark.objects.update(began_at=NOW.replace(year=2020))
        ListenSession.objects.update(started_at=NOW.replace(year=2020))
        listens.end([listens.Ending(session, opened.tap.pk, "the page left", listens.Heard())])
        assert ongoing() == []

    def test_somebody_who_hears_another_call_does_not_help(
        self, asked: CallMark, alice: User
    ) -> None:
        session = self.listen(alice, taps.open_tap("call-2"), 0)
        marks.end_listened([session], NOW + 60 * SECOND)
        assert len(ongoing()) == 1

    def test_what_is_judged_never_ends_it(self, opened: OpenedTap, asked: CallMark) -> None:
        [call] = marks.watched(self.connected(opened))
        assert call.marks == []

    def connected(self, opened: OpenedTap) -> list[str]:
        media.connect(opened.tap.pk, "a")
        return [str(opened.tap.pk)]


class TestWatching:
    def test_a_call_is_known_by_any_of_its_legs(self, opened: OpenedTap) -> None:
        listening = taps.open_tap("call-1", direction="listen")
        for number, leg in enumerate((opened, listening)):
            media.connect(leg.tap.pk, str(number))
        begin(silent(opened))
        [call] = marks.watched([str(opened.tap.pk)])
        assert call.call_id == opened.tap.call_id
        assert call.began_at == read(opened).started_at
        assert call.legs == {str(opened.tap.pk): "both", str(listening.tap.pk): "listen"}
        assert call.marks == [silent(opened)]

    def test_a_leg_without_media_yet_is_left_out(self, opened: OpenedTap) -> None:
        listening = taps.open_tap("call-1", direction="listen")
        media.connect(opened.tap.pk, "a")
        [call] = marks.watched([str(opened.tap.pk), str(listening.tap.pk)])
        assert list(call.legs) == [str(opened.tap.pk)]

    def test_a_call_that_is_over_is_not_watched(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        finish(opened)
        assert marks.watched([str(opened.tap.pk)]) == []

    def test_any_number_of_calls_takes_four_queries(
        self, db: Any, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        opened = [taps.open_tap(f"call-{number}") for number in range(20)]
        for one in opened:
            media.connect(one.tap.pk, one.tap.pk.hex)
        begin(*map(silent, opened))
        with django_assert_num_queries(4):
            assert len(marks.watched([str(one.tap.pk) for one in opened])) == 20
