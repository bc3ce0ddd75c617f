"""An order from its claim to its outcome, whichever witness is first, late or missing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitor.models import Call, CallMark, CallOrder, CallReport, CallWords
from monitor.services import carrier_requests, media, orders, taps
from monitor.services.carrier_requests import ANSWERED_WITHIN
from monitor.services.descriptions import current_calls
from monitor.services.taps import OpenedTap
from monitor.wire.call_control import ControlError, TapStart, TapStop
from tests.support.orders import claimed, ended, newest_tap, open_other_side, the_order
from tests.support.rest import set_up_rest
from tests.support.rows import SECOND, change, reasons
from tests.support.tellings import tell
from tests.support.words import heard


@pytest.fixture
def start(opened: OpenedTap, alice: User, settings: Any) -> CallOrder:
    """Alice has asked for a call whose tap has ended."""
    set_up_rest(settings)
    ended(opened)
    orders.ask_start(alice, opened.tap.call_id)
    return the_order()


@pytest.fixture
def stop(opened: OpenedTap, alice: User, settings: Any) -> CallOrder:
    """Alice has stopped the tap of a call."""
    set_up_rest(settings)
    orders.ask_stop(alice, opened.tap.call_id)
    return the_order()


def described() -> dict[str, Any]:
    [call] = current_calls()
    return call


class TestClaim:
    def test_a_start_is_handed_out_with_all_that_signalwire_needs(self, start: CallOrder) -> None:
        request = claimed().request
        assert isinstance(request, TapStart)
        assert (request.call_id, request.control_id) == ("call-1", newest_tap().control_id)
        assert (request.direction, request.codec) == ("both", "PCMU")
        assert request.uri.startswith("ws://127.0.0.1:8000/tap/")
        assert request.status_url.endswith("/status")

    def test_a_stop_is_handed_out_with_the_ids_of_its_tap(
        self, stop: CallOrder, opened: OpenedTap
    ) -> None:
        assert claimed().request == TapStop("call-1", opened.tap.control_id)

    def test_an_order_is_claimed_once(self, start: CallOrder) -> None:
        assert claimed().order_id == start.pk
        assert carrier_requests.claim() is None

    def test_both_sides_of_a_call_are_claimed_without_waiting_for_each_other(
        self, opened: OpenedTap, alice: User, settings: Any
    ) -> None:
        set_up_rest(settings)
        open_other_side()
        orders.ask_stop(alice, opened.tap.call_id)
        assert claimed().order_id != claimed().order_id


class TestAnswer:
    def test_a_start_that_was_accepted_is_done_and_its_tap_waits_for_media(
        self, start: CallOrder
    ) -> None:
        carrier_requests.record_success(claimed().order_id)
        assert (described()["order"], described()["state"]) == (None, "requested")

    def test_media_before_the_answer_shows_that_the_tap_runs(self, start: CallOrder) -> None:
        order_id = claimed().order_id
        media.connect(start.tap_id, "a")
        assert (described()["order"], described()["state"]) == (None, "tapping")
        carrier_requests.record_success(order_id)
        assert (described()["order"], described()["state"]) == (None, "tapping")

    @pytest.mark.parametrize("error", set(ControlError) - {ControlError.NO_ANSWER})
    def test_a_start_that_was_refused_has_failed_and_says_why(
        self, start: CallOrder, error: ControlError
    ) -> None:
        carrier_requests.record_failure(claimed().order_id, error)
        tap = newest_tap()
        assert described()["order"] == {"kind": "start", "error": error}
        assert tap.state == "failed"
        assert carrier_requests.REASONS[error] in [event.reason for event in tap.events.all()]

    def test_a_start_that_was_refused_though_its_media_came_is_no_failure(
        self, start: CallOrder
    ) -> None:
        order_id = claimed().order_id
        media.connect(start.tap_id, "a")
        carrier_requests.record_failure(order_id, ControlError.CARRIER_FAILED)
        assert (described()["order"], described()["state"]) == (None, "tapping")

    def test_a_call_that_signalwire_does_not_know_is_marked_as_gone(self, start: CallOrder) -> None:
        assert described()["gone"] is False
        carrier_requests.record_failure(claimed().order_id, ControlError.CALL_OVER)
        assert described()["gone"] is True
        assert Call.objects.get().gone_at is not None

    def test_what_was_said_in_a_call_that_is_gone_is_found_and_has_a_report(
        self, start: CallOrder
    ) -> None:
        tell(heard("I want a refund."), None)
        order_id = claimed().order_id
        assert not CallReport.objects.exists()
        carrier_requests.record_failure(order_id, ControlError.CALL_OVER)
        assert CallReport.objects.get().turns == 1
        tell(heard("Are you there?"), timezone.now() + SECOND)  # it was told late
        said = [text for _, _, text in CallWords.objects.get().lines]
        assert said == ["I want a refund.", "Are you there?"]

    def test_a_call_that_is_gone_and_of_which_nothing_was_told_has_no_report(
        self, start: CallOrder
    ) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.CALL_OVER)
        assert not CallReport.objects.exists()

    def test_the_marks_of_a_call_that_is_gone_have_ended(self, start: CallOrder) -> None:
        tell(heard("Help!"), None)
        order_id = claimed().order_id
        began_at = timezone.now()
        CallMark.objects.create(call=start.call, kind="help", severity=1, began_at=began_at)
        carrier_requests.record_failure(order_id, ControlError.CALL_OVER)
        assert CallMark.objects.get().ended_at is not None

    def test_a_call_that_was_gone_and_asks_for_a_tap_is_not(self, start: CallOrder) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.CALL_OVER)
        taps.open_tap("call-1")
        assert described()["gone"] is False

    def test_a_stop_that_was_refused_says_so_and_the_tap_stays_ended(
        self, stop: CallOrder, opened: OpenedTap
    ) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.KEY_REFUSED)
        assert described()["order"] == {"kind": "stop", "error": "key_refused"}
        assert described()["state"] == "finished"
        assert reasons(opened)[-1] == (
            "not stopped at the carrier: SignalWire refused the project ID or the API token"
        )

    def test_a_failure_is_forgotten_with_the_next_try(self, start: CallOrder, alice: User) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.BUSY)
        orders.ask_start(alice, start.call_id)
        assert described()["order"] == {"kind": "start", "error": ""}


class TestNoAnswer:
    def test_a_lost_answer_leaves_the_tap_the_chance_to_run(self, start: CallOrder) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.NO_ANSWER)
        carrier_requests.settle()
        assert (described()["order"], described()["state"]) == (
            {"kind": "start", "error": ""},
            "requested",
        )
        media.connect(start.tap_id, "a")
        carrier_requests.settle()
        assert (described()["order"], described()["state"]) == (None, "tapping")
        assert not carrier_requests.any_open()

    def test_an_order_without_an_answer_fails_after_30_seconds(self, start: CallOrder) -> None:
        """The process that claimed it may have died."""
        claimed()
        now = timezone.now()
        carrier_requests.settle(now + ANSWERED_WITHIN - SECOND)
        assert newest_tap().state == "requested"
        carrier_requests.settle(now + ANSWERED_WITHIN)
        assert described()["order"] == {"kind": "start", "error": "no_answer"}
        assert newest_tap().state == "failed"

    def test_a_late_answer_does_not_change_what_was_told(self, start: CallOrder) -> None:
        order_id = claimed().order_id
        carrier_requests.settle(timezone.now() + ANSWERED_WITHIN)
        carrier_requests.record_success(order_id)
        assert described()["order"] == {"kind": "start", "error": "no_answer"}

    def test_an_order_that_nobody_sent_is_not_sent_later(self, start: CallOrder) -> None:
        carrier_requests.settle(timezone.now() + ANSWERED_WITHIN)
        assert described()["order"] == {"kind": "start", "error": "not_sent"}
        assert carrier_requests.claim() is None


class TestDescription:
    def test_the_version_rises_with_an_order_and_with_its_outcome(
        self, opened: OpenedTap, alice: User, settings: Any
    ) -> None:
        set_up_rest(settings)
        ended(opened)
        versions = [described()["version"]]
        orders.ask_start(alice, opened.tap.call_id)
        versions.append(described()["version"])
        carrier_requests.record_success(claimed().order_id)
        versions.append(described()["version"])
        orders.ask_stop(alice, opened.tap.call_id)
        versions.append(described()["version"])
        carrier_requests.record_failure(claimed().order_id, ControlError.BUSY)
        versions.append(described()["version"])
        assert versions == sorted(set(versions))

    def test_an_error_is_shown_until_the_side_is_tapped_again_by_anybody(
        self, start: CallOrder
    ) -> None:
        carrier_requests.record_failure(claimed().order_id, ControlError.BUSY)
        taps.open_tap("call-1")
        assert described()["order"] is None

    def test_if_one_of_two_sides_fails_that_is_told(
        self, opened: OpenedTap, alice: User, settings: Any
    ) -> None:
        set_up_rest(settings)
        change(opened, direction="speak")
        ended(open_other_side())
        ended(opened)
        orders.ask_start(alice, opened.tap.call_id)
        carrier_requests.record_success(claimed().order_id)
        carrier_requests.record_failure(claimed().order_id, ControlError.BUSY)
        assert described()["order"] == {"kind": "start", "error": "busy"}
