"""How calls and their legs are described to the pages."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from monitor.audio.condition import Kind
from monitor.models import CallMark, ListenSession, Tap
from monitor.services import listens, marks, media, taps
from monitor.services.descriptions import current_calls, describe_taps
from monitor.services.taps import OpenedTap
from tests.support.listening import begin_listening
from tests.support.rows import NOW, SECOND, change, read

NEVER_PAUSED = {"changes": 0, "since": None, "until": None, "by": ""}
NOT_YET = {"started_at": None, "ended_at": None, "talk": None, "pause": NEVER_PAUSED}
CLIENT = listens.Client("192.0.2.7", "Browser")


def described() -> dict[str, Any]:
    """Describe the one call that there is."""
    [call] = current_calls(NOW)
    return call


def leg_of(call: dict[str, Any], tap: Tap) -> dict[str, Any]:
    [leg] = [leg for leg in call["legs"] if leg["id"] == str(tap.pk)]
    found: dict[str, Any] = leg
    return found


NAMES = {
    "call_id": "call-1",
    "agent": "receptionist",
    "caller": "+15551230000",
    "caller_name": "Ann Lee",
}


@pytest.fixture
def listening(opened: OpenedTap) -> OpenedTap:
    """The other side of the call, as a tap of its own."""
    return taps.open_tap("call-1", direction="listen", reason="the agent sounds tired")


class TestCall:
    def test_a_call_is_described_with_its_leg(self, opened: OpenedTap) -> None:
        tap = read(opened)
        requested_at = tap.requested_at.isoformat()
        assert described() == {
            "id": str(tap.call_id),
            **NAMES,
            "version": 1,
            "state": "requested",
            "over": False,
            "gone": False,
            "reason": "",
            "needs_notice": False,
            "requested_at": requested_at,
            **NOT_YET,
            "listeners": [],
            "attention": [],
            "order": None,
            "legs": [
                {
                    "id": str(tap.pk),
                    "control_id": tap.control_id,
                    "direction": "both",
                    "codec": "PCMU",
                    "transport": "ws",
                    "state": "requested",
                    "transitions": 0,
                    "media": False,
                    "silent_since": None,
                    "requested_at": requested_at,
                    "started_at": None,
                    "stop_requested_at": None,
                    "ended_at": None,
                    "reason": "",
                    "notice": "",
                    "end_reason": "",
                    "listeners": 0,
                }
            ],
        }

    def test_two_taps_are_two_legs_of_one_call(
        self, opened: OpenedTap, listening: OpenedTap
    ) -> None:
        assert [leg["direction"] for leg in described()["legs"]] == ["both", "listen"]

    def test_the_reason_is_that_of_the_newest_leg_that_has_one(
        self, opened: OpenedTap, listening: OpenedTap
    ) -> None:
        taps.open_tap("call-1", direction="speak")
        assert described()["reason"] == "the agent sounds tired"

    def test_the_version_rises_with_each_leg_and_each_transition(self, opened: OpenedTap) -> None:
        versions = [described()["version"]]
        media.connect(opened.tap.pk, "a")
        versions.append(described()["version"])
        taps.open_tap("call-1", direction="listen")
        versions.append(described()["version"])
        assert versions == [1, 2, 3]


class TestState:
    @pytest.mark.parametrize(
        ("states", "state"),
        [
            (("requested", "requested"), "requested"),
            (("tapping", "requested"), "tapping"),
            (("finished", "tapping"), "tapping"),
            (("failed", "requested"), "requested"),
            (("finished", "failed"), "failed"),
            (("failed", "finished"), "finished"),
        ],
    )
    def test_a_call_is_live_while_a_leg_is_and_ends_as_its_last_leg(
        self, opened: OpenedTap, listening: OpenedTap, states: tuple[str, str], state: str
    ) -> None:
        for number, (leg, one) in enumerate(zip((opened, listening), states, strict=True)):
            ended_at = NOW + number * SECOND if one in ("finished", "failed") else None
            change(leg, state=one, ended_at=ended_at)
        call = described()
        assert call["state"] == state
        assert call["over"] is (state in ("finished", "failed"))

    def test_a_call_starts_with_its_first_leg_and_ends_with_its_last(
        self, opened: OpenedTap, listening: OpenedTap
    ) -> None:
        change(opened, state="finished", started_at=NOW, ended_at=NOW + 5 * SECOND)
        change(listening, state="tapping", started_at=NOW + SECOND)
        call = described()
        assert (call["started_at"], call["ended_at"]) == (NOW.isoformat(), None)
        change(listening, state="finished", ended_at=NOW + 3 * SECOND)
        assert described()["ended_at"] == (NOW + 5 * SECOND).isoformat()

    def test_a_call_stays_in_the_list_for_30_seconds_after_its_end(self, opened: OpenedTap) -> None:
        change(opened, state="finished", ended_at=NOW)
        assert len(current_calls(NOW + 30 * SECOND)) == 1
        assert current_calls(NOW + 31 * SECOND) == []

    def test_a_call_with_a_live_leg_keeps_the_legs_that_ended_long_ago(
        self, opened: OpenedTap, listening: OpenedTap
    ) -> None:
        change(opened, state="finished", ended_at=NOW - datetime.timedelta(hours=1))
        assert len(described()["legs"]) == 2


class TestLegs:
    def test_media_is_live_between_connecting_and_closing(self, opened: OpenedTap) -> None:
        media.connect(opened.tap.pk, "a")
        assert leg_of(described(), opened.tap)["media"] is True
        media.disconnect(opened.tap.pk, "a", media.Count(), "gone")
        assert leg_of(described(), opened.tap)["media"] is False

    def test_a_listener_is_told_of_the_tap_and_its_call(self, opened: OpenedTap) -> None:
        tap = describe_taps([opened.tap.pk])[opened.tap.pk]
        assert (tap["id"], tap["direction"]) == (str(opened.tap.pk), "both")
        assert (tap["call"], tap["call_id"]) == (str(opened.tap.call_id), "call-1")
        assert (tap["agent"], tap["caller_name"]) == ("receptionist", "Ann Lee")

    def test_a_tap_that_was_deleted_is_not_described(self, db: Any) -> None:
        assert describe_taps([uuid.uuid4()]) == {}


class TestListeners:
    def test_those_who_listen_now_are_named_once_in_the_order_in_which_they_joined(
        self, opened: OpenedTap, listening: OpenedTap, alice: User, bob: User
    ) -> None:
        first = begin_listening(alice, listening.tap, CLIENT)
        begin_listening(bob, opened.tap, CLIENT)
        begin_listening(alice, opened.tap, CLIENT)
        assert described()["listeners"] == ["alice", "bob"]
        listens.end([listens.Ending(first.pk, first.tap_id, "the page left", listens.Heard(10))])
        assert described()["listeners"] == ["bob", "alice"]

    def test_each_leg_counts_its_own(
        self, opened: OpenedTap, listening: OpenedTap, alice: User
    ) -> None:
        begin_listening(alice, listening.tap, CLIENT)
        assert [leg["listeners"] for leg in described()["legs"]] == [0, 1]


class TestAttention:
    def test_what_goes_on_is_told_the_most_severe_first(self, opened: OpenedTap) -> None:
        change(opened, state="tapping")
        call = opened.tap.call_id
        marks.write([marks.Mark(call, Kind.CLIPPING, "both", NOW)], [], NOW)
        marks.ask_for_help("call-1", "the caller is upset")
        asked = CallMark.objects.get(kind="help")
        assert described()["attention"] == [
            {
                "kind": "help",
                "leg": None,
                "severity": 100,
                "since": asked.began_at.isoformat(),
                "note": "the caller is upset",
            },
            {
                "kind": "clipping",
                "leg": "both",
                "severity": 40,
                "since": NOW.isoformat(),
                "note": "",
            },
        ]

    def test_the_version_rises_when_a_mark_begins_and_when_it_ends(self, opened: OpenedTap) -> None:
        change(opened, state="tapping")
        silent = marks.Mark(opened.tap.call_id, Kind.DEAD_AIR, "", NOW)
        versions = [described()["version"]]
        for begun, ended in ([silent], []), ([], [silent]), ([silent], []):
            marks.write(begun, ended, NOW)
            versions.append(described()["version"])
        assert versions == [1, 2, 3, 4]


def test_any_number_of_calls_takes_five_queries(
    db: Any, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        tap = taps.open_tap(f"call-{number}").tap
        taps.open_tap(f"call-{number}", direction="speak")
        ListenSession.objects.create(tap=tap, user=alice, username="alice")
        marks.ask_for_help(f"call-{number}", "")
    with django_assert_num_queries(5):
        assert len(current_calls()) == 20
