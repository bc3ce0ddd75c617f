"""Opening and stopping a tap, and who may hear it."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.utils import timezone

from monitor.models import Call, Tap, TapState
from monitor.services import listens, media, openings, permissions, tap_status, tap_urls, taps
from monitor.services.taps import AlreadyTapped, OpenedTap
from monitor.wire.status_report import StatusReport
from tests.support.listening import begin_listening
from tests.support.rows import NOW, SECOND, change, read, reasons


class TestOpening:
    def test_the_tap_waits_for_its_media(self, opened: OpenedTap) -> None:
        tap = read(opened)
        assert (tap.state, tap.direction, tap.codec) == ("requested", "both", "PCMU")
        assert reasons(opened) == ["asked for by receptionist"]

    def test_the_urls_carry_a_token_for_each_purpose(self, opened: OpenedTap) -> None:
        assert opened.uri.startswith("ws://127.0.0.1:8000/tap/")
        assert tap_urls.read("media", opened.uri.split("/")[4]) == opened.tap.pk
        assert opened.status_url.startswith("http://127.0.0.1:8000/tap/")
        assert opened.status_url.endswith("/status")
        assert tap_urls.read("status", opened.status_url.split("/")[4]) == opened.tap.pk

    @pytest.mark.parametrize("control", ["\u202e", "\u2066", "\u200f", "\u061c"])
    def test_no_name_turns_the_text_around_it(self, db: Any, control: str) -> None:
        call = taps.open_tap("call-1", caller_name=f"Ann{control}eeL").tap.call
        assert call.caller_name == "Ann\ufffdeeL"

    def test_a_secure_site_is_streamed_to_over_wss(self, opened: OpenedTap, settings: Any) -> None:
        settings.PUBLIC_URL = "https://taps.example.com"
        assert tap_urls.media_uri(opened.tap).startswith("wss://taps.example.com/tap/")

    def test_each_tap_has_a_control_id_of_its_own(self, opened: OpenedTap) -> None:
        other = taps.open_tap("call-1", direction="speak")
        assert other.tap.control_id != opened.tap.control_id

    def test_hear_is_understood_as_listen(self, db: Any) -> None:
        assert taps.open_tap("call-1", direction="hear").tap.direction == "listen"

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (
                {"direction": "sideways"},
                "direction 'sideways' is not one of both, speak, listen",
            ),
            ({"direction": ""}, "direction '' is not one of both, speak, listen"),
            ({"codec": "OPUS"}, "codec 'OPUS' is not one of PCMU, PCMA"),
            ({"codec": "pcmu"}, "codec 'pcmu' is not one of PCMU, PCMA"),
            ({"codec": "x" * 500}, f"codec {'x' * 40!r} is not one of PCMU, PCMA"),
            ({"call_id": ""}, "call_id must have 1 to 255 characters"),
            ({"call_id": "x" * 256}, "call_id must have 1 to 255 characters"),
            ({"call_id": "call\0"}, "call_id must not have the character '\\x00'"),
            ({"call_id": "\u202ecall"}, "call_id must not have the character '\\u202e'"),
        ],
    )
    def test_nonsense_is_refused_with_a_sentence(
        self, db: Any, arguments: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
            taps.open_tap(**{"call_id": "call-1", **arguments})
        assert not Call.objects.exists()

    def test_what_others_wrote_is_cut_to_what_is_kept(self, db: Any) -> None:
        long = "x" * 1000
        tap = taps.open_tap(
            "call-1", agent=long, reason=long, caller=long, caller_name=long, project_id=long
        ).tap
        tap.full_clean()
        tap.call.full_clean()
        assert len(tap.reason) == 200

    def test_one_direction_is_tapped_once(self, opened: OpenedTap) -> None:
        with pytest.raises(AlreadyTapped) as refusal:
            taps.open_tap("call-1")
        assert refusal.value.tap == opened.tap
        assert str(refusal.value) == f"both is already tapped as {opened.tap.control_id}"

    def test_another_direction_or_call_may_be_tapped(self, opened: OpenedTap) -> None:
        taps.open_tap("call-1", direction="speak")
        taps.open_tap("call-2")
        assert Call.objects.count() == 2
        assert Tap.objects.count() == 3

    @pytest.mark.parametrize("ended", ["finished", "failed", "lost"])
    def test_an_ended_tap_makes_room(self, opened: OpenedTap, ended: str) -> None:
        change(opened, state=ended)
        assert taps.open_tap("call-1").tap != opened.tap

    def test_a_tap_whose_token_died_unused_makes_room(self, opened: OpenedTap) -> None:
        change(opened, requested_at=timezone.now() - 121 * SECOND)
        assert taps.open_tap("call-1").tap != opened.tap

    def test_a_tap_that_was_asked_to_stop_makes_room(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        taps.stop_taps("call-1")
        again = taps.open_tap("call-1")
        assert again.tap != opened.tap
        assert taps.stop_taps("call-1") == [opened.tap, again.tap]

    @pytest.mark.parametrize(
        ("fields", "makes_room"),
        [
            ({"media_closed_at": 4}, False),
            ({"media_closed_at": 6}, True),
            ({"media_seen_at": 29}, False),
            ({"media_seen_at": 31}, True),  # its process was killed
            ({"silent_since": 300}, False),  # on hold
        ],
    )
    def test_a_tap_whose_media_is_gone_for_a_while_makes_room(
        self, opened: OpenedTap, fields: dict[str, int], makes_room: bool
    ) -> None:
        """Each field so many seconds ago."""
        media.connect(opened.tap.pk, "a")
        now = timezone.now()
        change(opened, **{name: now - ago * SECOND for name, ago in fields.items()})
        try:
            assert taps.open_tap("call-1").tap != opened.tap
        except AlreadyTapped:
            assert not makes_room
        else:
            assert makes_room

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_open_one(self) -> None:
        start = threading.Barrier(2)
        said: list[str] = []

        def open_one() -> None:
            start.wait()
            try:
                said.append(taps.open_tap("call-1").tap.control_id)
            except AlreadyTapped as refusal:
                said.append(refusal.tap.control_id)
            finally:
                connection.close()

        threads = [threading.Thread(target=open_one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tap = Tap.objects.get()
        assert said == [tap.control_id] * 2


class TestStopping:
    def test_every_live_tap_of_the_call_is_stopped(self, opened: OpenedTap) -> None:
        last = taps.open_tap("call-1", direction="speak")
        elsewhere = taps.open_tap("call-2")
        assert taps.stop_taps("call-1") == [opened.tap, last.tap]
        assert reasons(opened)[-1] == reasons(last)[-1] == "asked to stop"
        assert reasons(elsewhere)[-1] != "asked to stop"

    def test_it_has_ended_when_signalwire_says_so(self, opened: OpenedTap) -> None:
        taps.stop_taps("call-1")
        assert read(opened).state == TapState.REQUESTED

    def test_there_may_be_nothing_to_stop(self, opened: OpenedTap) -> None:
        assert taps.stop_taps("call-2") == []

    def test_an_ended_tap_is_not_stopped(self, opened: OpenedTap) -> None:
        change(opened, state="finished")
        assert taps.stop_taps("call-1") == []

    def test_a_lost_tap_stays_ended_whatever_comes(self, opened: OpenedTap) -> None:
        change(opened, state="lost", ended_at=NOW)
        assert taps.stop_taps("call-1") == []
        assert (read(opened).state, read(opened).ended_at) == ("finished", NOW)
        with pytest.raises(media.Refused):
            media.connect(opened.tap.pk, "a")

    def test_from_then_on_it_takes_no_media(self, opened: OpenedTap) -> None:
        taps.stop_taps("call-1")
        with pytest.raises(media.Refused, match="the tap was asked to stop"):
            media.connect(opened.tap.pk, "a")

    def test_from_then_on_it_takes_no_listener(self, opened: OpenedTap, alice: User) -> None:
        taps.stop_taps("call-1")
        with pytest.raises(openings.NotOpen, match="monitoring of this call was stopped"):
            begin_listening(alice, opened.tap, listens.Client("192.0.2.7", "Browser"))
        assert not opened.tap.listens.exists()

    def test_it_is_ended_after_5_seconds_in_which_signalwire_did_nothing(
        self, opened: OpenedTap
    ) -> None:
        media.connect(opened.tap.pk, "a")
        taps.stop_taps("call-1")
        asked_at = read(opened).stop_requested_at
        assert asked_at
        assert media.end_stopped(asked_at + 4.9 * SECOND) == 0
        assert media.still_held({"a"})
        assert media.end_stopped(asked_at + 5 * SECOND) == 1
        tap = read(opened)
        assert (tap.state, tap.end_reason) == ("finished", "monitoring was stopped")
        assert tap.ended_at
        assert not media.still_held({"a"})

    def test_nobody_holds_it_longer_than_that(self, opened: OpenedTap) -> None:
        """When the event is lost, the checkpoint detects the change."""
        media.connect(opened.tap.pk, "a")
        change(opened, stop_requested_at=timezone.now() - 5 * SECOND)
        assert media.heartbeat({"a": opened.tap.pk}) == {"a"}

    def test_signalwire_s_late_word_of_its_end_corrects_the_time(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        change(opened, stop_requested_at=NOW)
        media.end_stopped(NOW + 5 * SECOND)
        at = timezone.now()
        report = StatusReport("finished", opened.tap.control_id, "call-1", at, {}, "digest")
        tap_status.record_status(opened.tap.pk, report)
        tap = read(opened)
        assert tap.started_at
        assert tap.ended_at == at


class TestPermissions:
    def test_supervisors_listen_and_watch(self, opened: OpenedTap, alice: User) -> None:
        assert permissions.may_listen(alice)
        assert permissions.may_watch(alice)

    def test_administrators_watch_only(self, opened: OpenedTap, bob: User) -> None:
        assert not permissions.may_listen(bob)
        assert permissions.may_watch(bob)

    @pytest.mark.parametrize("who", ["charlie", "nobody", "inactive"])
    def test_others_do_neither(
        self, opened: OpenedTap, charlie: User, root: User, who: str
    ) -> None:
        root.is_active = False
        user = {"charlie": charlie, "nobody": AnonymousUser(), "inactive": root}[who]
        assert not permissions.may_listen(user)
        assert not permissions.may_watch(user)
