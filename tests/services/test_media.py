"""A tap's media: which connection holds it, what is counted, and what ends a tap without media."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from monitor.models import Tap, TapState
from monitor.services import descriptions, media
from monitor.services.taps import OpenedTap
from tests.support.rows import MINUTE, NOW, SECOND, change, read, reasons


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime.datetime], None]:
    """Set the time."""

    def set_to(now: datetime.datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)

    return set_to


class TestMedia:
    def test_a_first_connection_starts_the_tap(self, opened: OpenedTap) -> None:
        first = media.connect(opened.tap.pk, "a")
        assert not first.again
        assert first.opened_at == read(opened).media_opened_at
        assert read(opened).state == TapState.TAPPING
        assert read(opened).gaps == 0

    def test_a_token_lives_120_seconds_unused(
        self, opened: OpenedTap, clock: Callable[[datetime.datetime], None]
    ) -> None:
        change(opened, requested_at=NOW)
        clock(NOW + 120 * SECOND)
        media.connect(opened.tap.pk, "a")
        assert media.still_held({"a"})

    def test_a_token_is_dead_after_that(
        self, opened: OpenedTap, clock: Callable[[datetime.datetime], None]
    ) -> None:
        change(opened, requested_at=NOW)
        clock(NOW + 120 * SECOND + datetime.timedelta(milliseconds=1))
        with pytest.raises(media.Refused, match="the token was not used in time"):
            media.connect(opened.tap.pk, "a")
        assert read(opened).state == TapState.REQUESTED

    def test_a_used_token_serves_reconnections_as_long_as_the_tap_lives(
        self, opened: OpenedTap, clock: Callable[[datetime.datetime], None]
    ) -> None:
        media.connect(opened.tap.pk, "a")
        media.disconnect(opened.tap.pk, "a", media.Count(), "gone")
        clock(timezone.now() + 60 * MINUTE)
        assert media.connect(opened.tap.pk, "b").again
        assert (read(opened).gaps, read(opened).media_closed_at) == (1, None)

    @pytest.mark.parametrize("ended", ["finished", "failed"])
    def test_an_ended_tap_takes_no_media(self, opened: OpenedTap, ended: str) -> None:
        change(opened, state=ended)
        with pytest.raises(media.Refused, match=f"the tap has {ended}"):
            media.connect(opened.tap.pk, "a")

    def test_a_lost_tap_is_taken_up_again(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.disconnect(opened.tap.pk, "a", media.Count(), "gone")
        started_at = read(opened).started_at
        media.end_lost(timezone.now() + MINUTE)
        assert read(opened).state == TapState.LOST
        media.connect(opened.tap.pk, "b")
        tap = read(opened)
        assert (tap.state, tap.started_at, tap.ended_at) == ("tapping", started_at, None)
        assert (tap.end_reason, tap.gaps, tap.transitions) == ("", 1, 3)
        event = tap.events.last()
        assert event is not None
        assert str(event) == "lost → tapping: media connected again"
        assert media.still_held({"b"})

    def test_a_lost_tap_whose_token_was_never_used_in_time_is_not(self, opened: OpenedTap) -> None:
        change(opened, state="lost", requested_at=timezone.now() - 121 * SECOND)
        with pytest.raises(media.Refused, match="the token was not used in time"):
            media.connect(opened.tap.pk, "a")

    def test_an_unknown_tap_takes_no_media(self, db: Any) -> None:
        with pytest.raises(media.Refused, match="no such tap"):
            media.connect(uuid.uuid4(), "a")

    def test_a_second_connection_is_told_who_holds_the_tap(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        with pytest.raises(media.Busy) as refusal:
            media.connect(opened.tap.pk, "b")
        assert refusal.value.holder == "a"
        assert refusal.value.heard_at == read(opened).media_seen_at

    def test_it_is_told_since_when_a_silent_holder_is_silent(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.write_silences([media.Silence(opened.tap.pk, "a", NOW)])
        media.heartbeat({"a": opened.tap.pk})
        with pytest.raises(media.Busy) as refusal:
            media.connect(opened.tap.pk, "b")
        assert refusal.value.heard_at == NOW

    def test_a_silent_connection_is_replaced(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.connect(opened.tap.pk, "b", replacing="a")
        assert media.still_held({"b"})
        assert not media.still_held({"a"})

    def test_only_the_holder_is_replaced(self, opened: OpenedTap) -> None:
        """When two connections take over at once, the second finds another holder."""
        media.connect(opened.tap.pk, "a")
        media.connect(opened.tap.pk, "b", replacing="a")
        with pytest.raises(media.Busy):
            media.connect(opened.tap.pk, "c", replacing="a")

    def test_what_the_replaced_one_still_brings_is_counted(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.add_counts(opened.tap.pk, media.Count(10, 1600))
        media.connect(opened.tap.pk, "b", replacing="a")
        media.disconnect(opened.tap.pk, "a", media.Count(5, 800, 1), "replaced")
        media.add_counts(opened.tap.pk, media.Count(2, 320))
        tap = read(opened)
        assert (tap.frames, tap.bytes, tap.gaps) == (17, 2720, 2)
        assert media.still_held({"b"})
        assert tap.media_closed_at is None

    def test_closing_gives_the_media_up(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.disconnect(opened.tap.pk, "a", media.Count(1, 160), "1000")
        assert not media.still_held({"a"})
        assert read(opened).media_closed_at is not None
        assert reasons(opened)[-1] == "media closed: 1000"

    def test_an_announced_codec_is_kept_and_a_difference_noted(self, opened: OpenedTap) -> None:
        media.record_codec(opened.tap.pk, "PCMA", "audio/x-alaw")
        tap = read(opened)
        assert (tap.codec, tap.content_type) == ("PCMA", "audio/x-alaw")
        assert reasons(opened)[-1] == "media is PCMA though PCMU was asked for"

    def test_the_announced_codec_that_was_asked_for_is_no_news(self, opened: OpenedTap) -> None:
        before = reasons(opened)
        media.record_codec(opened.tap.pk, "PCMU", "audio/x-mulaw")
        assert reasons(opened) == before

    def test_a_long_remark_is_cut_to_what_is_kept(self, opened: OpenedTap) -> None:
        media.disconnect(opened.tap.pk, "a", media.Count(), "y" * 1000)
        assert len(reasons(opened)[-1]) == 300


class TestReconciling:
    """``end_lost`` ends taps whose end nobody reported (LOST_AFTER 60 s, FAILED_AFTER 5 min)."""

    @pytest.mark.parametrize(
        ("state", "fields", "after", "ends"),
        [
            ("requested", {"requested_at": NOW}, 5 * MINUTE - SECOND, "requested"),
            ("requested", {"requested_at": NOW}, 5 * MINUTE, "failed"),
            ("tapping", {"started_at": NOW}, 5 * MINUTE - SECOND, "tapping"),
            ("tapping", {"started_at": NOW}, 5 * MINUTE, "lost"),
            ("tapping", {"media_closed_at": NOW}, 59 * SECOND, "tapping"),
            ("tapping", {"media_closed_at": NOW}, 60 * SECOND, "lost"),
            ("tapping", {"media_seen_at": NOW}, 59 * SECOND, "tapping"),
            ("tapping", {"media_seen_at": NOW}, 60 * SECOND, "lost"),
            (
                "tapping",
                {"media_seen_at": NOW - MINUTE, "media_closed_at": NOW},
                59 * SECOND,
                "tapping",
            ),
            ("finished", {"media_closed_at": NOW}, 60 * MINUTE, "finished"),
        ],
    )
    def test_the_limits(
        self,
        opened: OpenedTap,
        state: str,
        fields: dict[str, Any],
        after: datetime.timedelta,
        ends: str,
    ) -> None:
        if "media_closed_at" in fields or "media_seen_at" in fields:
            fields = {"media_opened_at": NOW - MINUTE, **fields}
        change(opened, state=state, **fields)
        media.end_lost(NOW + after)
        assert read(opened).state == ends

    def test_a_lost_tap_ended_when_its_media_was_last_seen(self, opened: OpenedTap) -> None:
        change(opened, state="tapping", media_opened_at=NOW - MINUTE, media_seen_at=NOW)
        assert media.end_lost(NOW + MINUTE) == (1, 0)
        tap = read(opened)
        assert (tap.ended_at, tap.media_closed_at) == (NOW, NOW)
        assert tap.end_reason == "no more media came, and the end was never reported"

    def test_media_that_is_silent_and_lives_is_not_lost(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        change(opened, media_seen_at=NOW)
        media.write_silences([media.Silence(opened.tap.pk, "a", NOW)])
        assert media.heartbeat({"a": opened.tap.pk}) == set()
        assert media.end_lost(timezone.now() + 59 * SECOND) == (0, 0)
        assert (
            descriptions.describe_taps([opened.tap.pk])[opened.tap.pk]["silent_since"]
            == NOW.isoformat()
        )

    def test_a_silent_tap_of_a_killed_process_ended_when_it_was_last_heard(
        self, opened: OpenedTap
    ) -> None:
        change(opened, media_opened_at=NOW - MINUTE, silent_since=NOW, state="tapping")
        change(opened, media_seen_at=NOW + 5 * MINUTE)
        assert media.end_lost(NOW + 6 * MINUTE) == (1, 0)
        assert (read(opened).ended_at, read(opened).media_closed_at) == (NOW, NOW + 5 * MINUTE)

    def test_a_living_connection_takes_up_a_tap_that_was_lost_only_by_mistake(
        self, opened: OpenedTap
    ) -> None:
        media.connect(opened.tap.pk, "a")
        media.end_lost(timezone.now() + MINUTE)  # the database took no signs of life
        assert read(opened).state == TapState.LOST
        assert media.heartbeat({"a": opened.tap.pk}) == set()
        assert read(opened).state == TapState.TAPPING
        assert media.still_held({"a"})

    def test_but_not_one_that_is_over_or_anothers(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        media.connect(opened.tap.pk, "b", replacing="a")
        assert media.heartbeat({"a": opened.tap.pk}) == {"a"}
        change(opened, state="finished")
        assert media.heartbeat({"b": opened.tap.pk}) == {"b"}

    def test_a_failed_tap_says_why(self, opened: OpenedTap) -> None:
        change(opened, requested_at=NOW)
        assert media.end_lost(NOW + 5 * MINUTE) == (0, 1)
        assert read(opened).end_reason == "nothing followed the request"
        assert reasons(opened)[-1] == "nothing followed the request"

    def test_media_that_comes_back_while_it_looks_is_not_lost(
        self,
        opened: OpenedTap,
        clock: Callable[[datetime.datetime], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        media.connect(opened.tap.pk, "a")
        media.disconnect(opened.tap.pk, "a", media.Count(), "gone")
        change(opened, media_seen_at=NOW, media_closed_at=NOW)
        end = media._end

        def reconnect_first(*arguments: Any) -> bool:
            clock(NOW + MINUTE)
            media.connect(opened.tap.pk, "b")
            return end(*arguments)

        monkeypatch.setattr(media, "_end", reconnect_first)
        assert media.end_lost(NOW + MINUTE) == (0, 0)
        assert media.still_held({"b"})

    def test_looking_twice_changes_nothing(self, opened: OpenedTap) -> None:
        change(opened, requested_at=NOW)
        media.end_lost(NOW + 5 * MINUTE)
        before = reasons(opened)
        assert media.end_lost(NOW + 5 * MINUTE) == (0, 0)
        assert reasons(opened) == before


def test_media_that_a_killed_worker_left_open_on_an_ended_tap_is_closed(opened: OpenedTap) -> None:
    media.connect(opened.tap.pk, "a")
    Tap.objects.filter(pk=opened.tap.pk).update(state="finished")
    seen_at = Tap.objects.get(pk=opened.tap.pk).media_seen_at
    assert seen_at
    media.end_lost(seen_at + datetime.timedelta(seconds=59))
    assert Tap.objects.get(pk=opened.tap.pk).media_closed_at is None
    media.end_lost(seen_at + datetime.timedelta(seconds=61))
    tap = Tap.objects.get(pk=opened.tap.pk)
    assert (tap.media_connection, tap.media_closed_at) == ("", seen_at)
