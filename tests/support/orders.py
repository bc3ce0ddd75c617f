"""Orders, and a carrier that answers as it is told to."""

from __future__ import annotations

import threading

from monitor.models import CallOrder, Tap
from monitor.services import carrier_requests, taps
from monitor.services.carrier_requests import Claimed
from monitor.services.taps import OpenedTap
from monitor.wire.call_control import ControlError, ControlFailed, TapStart, TapStop
from tests.support.rows import change


def ended(opened: OpenedTap, state: str = "finished") -> None:
    """Let a tap have ended a moment ago."""
    opened.tap.refresh_from_db()
    change(opened, state=state, ended_at=opened.tap.requested_at, transitions=1)


def the_order() -> CallOrder:
    """Return the order that was made last."""
    order = CallOrder.objects.order_by("pk").last()
    assert order
    return order


def newest_tap() -> Tap:
    return Tap.objects.order_by("-requested_at").select_related("call")[0]


def claimed() -> Claimed:
    found = carrier_requests.claim()
    assert found
    return found


def open_other_side() -> OpenedTap:
    """Tap the agent's side of the call as well."""
    return taps.open_tap("call-1", direction="listen")


class FakeControl:
    """A carrier. It keeps what it is asked for, and fails with ``error`` if there is one.

    While it is not ``free``, it does not answer.
    """

    def __init__(self, error: ControlError | None = None) -> None:
        self.error = error
        self.asked: list[TapStart | TapStop] = []
        self.arrived = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def start_tap(self, tap: TapStart) -> None:
        self._answer(tap)

    def stop_tap(self, tap: TapStop) -> None:
        self._answer(tap)

    def _answer(self, request: TapStart | TapStop) -> None:
        self.asked.append(request)
        self.arrived.set()
        assert self.free.wait(10)
        if self.error:
            raise ControlFailed(self.error)
