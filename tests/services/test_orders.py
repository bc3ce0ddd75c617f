"""What a user may ask to be started and stopped, and what happens at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitor.models import Call, CallOrder, OrderKind, Tap
from monitor.services import calls, carrier_requests, listens, media, openings, orders, taps
from monitor.services.descriptions import current_calls
from monitor.services.taps import OpenedTap
from tests.support.listening import begin_listening
from tests.support.orders import claimed, ended, newest_tap, open_other_side, the_order
from tests.support.rest import set_up_rest
from tests.support.rows import MINUTE, change, read, reasons
from tests.support.tellings import tell
from tests.support.words import AGENT, CALL, events, heard


@pytest.fixture(autouse=True)
def rest(settings: Any) -> None:
    set_up_rest(settings)


def described() -> dict[str, Any]:
    [call] = current_calls()
    return call


class TestStart:
    def test_a_tap_like_the_last_one_is_asked_for(self, opened: OpenedTap, alice: User) -> None:
        change(opened, codec="PCMA", reason="the caller is upset")
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        tap, order = newest_tap(), the_order()
        assert tap.pk != opened.tap.pk
        assert (tap.state, tap.direction, tap.codec) == ("requested", "both", "PCMA")
        assert tap.reason == "the caller is upset"
        assert (order.tap_id, order.kind, order.username) == (tap.pk, OrderKind.START, "alice")

    def test_the_timeline_names_who_asked(self, opened: OpenedTap, alice: User) -> None:
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        assert [event.reason for event in newest_tap().events.all()] == ["asked for by alice"]

    def test_both_sides_are_asked_for_where_they_were_tapped_apart(
        self, opened: OpenedTap, alice: User
    ) -> None:
        change(opened, direction="speak")
        ended(open_other_side())
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        wanted = CallOrder.objects.order_by("pk").values_list("tap__direction", "asked_at")
        directions, moments = zip(*wanted, strict=True)
        assert directions == ("speak", "listen")
        assert len(set(moments)) == 1

    @pytest.mark.parametrize("state", ["failed", "lost"])
    def test_a_tap_that_failed_or_was_lost_can_be_asked_for_again(
        self, opened: OpenedTap, alice: User, state: str
    ) -> None:
        ended(opened, state)
        orders.ask_start(alice, opened.tap.call_id)
        assert described()["order"] == {"kind": "start", "error": ""}

    def test_a_call_that_had_no_tap_is_tapped_as_nothing_else_is_known(self, alice: User) -> None:
        tell(heard("Hello."), timezone.now())
        orders.ask_start(alice, Call.objects.get().pk)
        tap = newest_tap()
        assert (tap.direction, tap.codec, tap.transport) == ("both", "PCMU", "ws")
        assert (described()["state"], described()["order"]["kind"]) == ("requested", "start")

    @pytest.mark.parametrize(
        ("sides", "wanted"),
        [
            (["both"], ["both"]),
            (["speak", "listen"], ["speak", "listen"]),
            (["listen"], ["both"]),
        ],
    )
    def test_a_call_that_had_no_tap_is_tapped_like_the_last_call_of_its_agent(
        self, alice: User, sides: list[str], wanted: list[str]
    ) -> None:
        for side in sides:
            taps.open_tap("call-0", agent=AGENT, direction=side, codec="PCMA")
        taps.open_tap("call-9", agent="another", codec="PCMU")
        tell(heard("Hello."), timezone.now())
        orders.ask_start(alice, Call.objects.get(call_id=CALL).pk)
        opened = Tap.objects.filter(call__call_id=CALL).order_by("requested_at", "pk")
        assert sorted(tap.direction for tap in opened) == sorted(wanted)
        assert {tap.codec for tap in opened} == {"PCMA"}

    def test_a_call_that_was_never_tapped_cannot_be_for_hours_after_its_end(
        self, alice: User
    ) -> None:
        tell(heard("Hello."), timezone.now() - 300 * MINUTE)
        tell(events(session_end={}), timezone.now() - 241 * MINUTE)
        with pytest.raises(calls.CallGone):
            orders.ask_start(alice, Call.objects.get().pk)

    def test_of_two_people_who_press_at_once_the_second_is_told(
        self, opened: OpenedTap, alice: User, bob: User
    ) -> None:
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        with pytest.raises(orders.AlreadyAsked):
            orders.ask_start(bob, opened.tap.call_id)
        assert CallOrder.objects.count() == 1

    def test_a_call_that_is_tapped_need_not_be_asked_for(
        self, opened: OpenedTap, alice: User
    ) -> None:
        with pytest.raises(orders.AlreadyTapped):
            orders.ask_start(alice, opened.tap.call_id)

    def test_a_call_that_signalwire_does_not_know_any_more_is_over(
        self, opened: OpenedTap, alice: User
    ) -> None:
        ended(opened)
        Call.objects.update(gone_at=timezone.now())
        with pytest.raises(calls.CallGone):
            orders.ask_start(alice, opened.tap.call_id)

    def test_a_call_whose_tap_ended_hours_ago_is_over(self, opened: OpenedTap, alice: User) -> None:
        change(opened, state="finished", ended_at=timezone.now() - 241 * MINUTE)
        with pytest.raises(calls.CallGone):
            orders.ask_start(alice, opened.tap.call_id)

    def test_nothing_starts_without_a_port_for_its_packets(
        self, opened: OpenedTap, alice: User, settings: Any
    ) -> None:
        change(opened, transport="rtp")
        ended(opened)
        settings.RTP_PORTS = range(0)
        with pytest.raises(orders.NoPort):
            orders.ask_start(alice, opened.tap.call_id)
        assert Tap.objects.count() == 1

    def test_it_needs_the_rest_api(self, opened: OpenedTap, alice: User, settings: Any) -> None:
        ended(opened)
        settings.SIGNALWIRE_SPACE = ""
        with pytest.raises(orders.NotSetUp):
            orders.ask_start(alice, opened.tap.call_id)

    def test_it_needs_a_call(self, alice: User) -> None:
        with pytest.raises(calls.NoSuchCall):
            orders.ask_start(alice, 4711)


class TestStop:
    def test_the_taps_end_at_once_and_signalwire_is_to_be_told(
        self, opened: OpenedTap, alice: User
    ) -> None:
        media.connect(opened.tap.pk, "a")
        orders.ask_stop(alice, opened.tap.call_id)
        tap = read(opened)
        assert (tap.state, tap.end_reason) == ("finished", "monitoring was stopped")
        assert reasons(opened)[-1] == "stopped by alice"
        assert described()["order"] == {"kind": "stop", "error": ""}

    def test_nobody_may_listen_and_no_media_may_connect_from_then_on(
        self, opened: OpenedTap, alice: User
    ) -> None:
        orders.ask_stop(alice, opened.tap.call_id)
        with pytest.raises(openings.NotOpen):
            begin_listening(alice, read(opened), listens.Client("192.0.2.7", "Browser"))
        with pytest.raises(media.Refused):
            media.connect(opened.tap.pk, "a")

    def test_both_sides_end(self, opened: OpenedTap, alice: User) -> None:
        other = open_other_side()
        orders.ask_stop(alice, opened.tap.call_id)
        assert {read(opened).state, read(other).state} == {"finished"}
        assert CallOrder.objects.count() == 2

    def test_a_start_that_was_not_sent_is_withdrawn(self, opened: OpenedTap, alice: User) -> None:
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        orders.ask_stop(alice, opened.tap.call_id)
        assert carrier_requests.claim() is None
        assert described()["order"] is None

    def test_a_start_that_was_sent_is_stopped_after_its_answer(
        self, opened: OpenedTap, alice: User
    ) -> None:
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        start = claimed()
        orders.ask_stop(alice, opened.tap.call_id)
        assert carrier_requests.claim() is None
        carrier_requests.record_success(start.order_id)
        assert claimed().order_id == the_order().pk

    def test_what_somebody_else_has_just_stopped_is_told(
        self, opened: OpenedTap, alice: User, bob: User
    ) -> None:
        orders.ask_stop(alice, opened.tap.call_id)
        with pytest.raises(orders.NotTapped):
            orders.ask_stop(bob, opened.tap.call_id)

    def test_without_the_rest_api_the_taps_end_all_the_same(
        self, opened: OpenedTap, alice: User, settings: Any
    ) -> None:
        settings.SIGNALWIRE_API_TOKEN = ""
        orders.ask_stop(alice, opened.tap.call_id)
        assert read(opened).state == "finished"
        assert carrier_requests.claim() is None
        assert (the_order().username, the_order().error) == ("alice", "")

    def test_a_stopped_call_can_be_tapped_again(self, opened: OpenedTap, alice: User) -> None:
        orders.ask_stop(alice, opened.tap.call_id)
        carrier_requests.record_success(claimed().order_id)
        orders.ask_start(alice, opened.tap.call_id)
        assert described()["state"] == "requested"


def test_a_user_may_ask_for_only_so_much_within_a_minute(opened: OpenedTap, alice: User) -> None:
    for number in range(orders.PER_MINUTE):
        call = taps.open_tap(f"call-x{number}").tap.call
        orders.ask_stop(alice, call.pk)
    with pytest.raises(orders.TooMany):
        orders.ask_stop(alice, opened.tap.call_id)
    assert read(opened).state == "requested"
    CallOrder.objects.update(asked_at=timezone.now() - MINUTE)
    orders.ask_stop(alice, opened.tap.call_id)


def test_a_deleted_user_is_still_named(opened: OpenedTap, alice: User) -> None:
    orders.ask_stop(alice, opened.tap.call_id)
    alice.delete()
    assert the_order().who == "alice (deleted user)"
