"""CarrierOrders: sends to the carrier what people have asked for, and records the answers.

Every process looks for orders, because none knows which others are running. It is woken by the
event that an order causes, and looks every EVERY seconds in case that event was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from monitor.bus.keys import EVENTS
from monitor.bus.reader import StreamReader
from monitor.concurrency import in_own_thread, in_thread
from monitor.services import carrier_requests
from monitor.services.carrier_requests import Claimed
from monitor.telemetry.episodes import Episodes
from monitor.wire.call_control import ControlError, ControlFailed, TapStart, TapStop

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds
#: Requests that one process has under way. Each holds a thread until the carrier has answered.
AT_ONCE = 4
#: What an event about a call with an open order has in it. Events are not parsed only for this.
OPEN_ORDER = b'"error": ""}'


class Control(Protocol):
    """A carrier's adapter. Its methods block, and raise ControlFailed."""

    def start_tap(self, tap: TapStart) -> None: ...

    def stop_tap(self, tap: TapStop) -> None: ...


class CarrierOrders:
    """Claims orders, has a carrier carry them out in threads, and records what came of them.

    Without a carrier to ask it only closes orders that nobody has answered.
    """

    def __init__(self, reader: StreamReader, control: Control | None, every: float = EVERY) -> None:
        self._reader = reader
        self._control = control
        self._every = every
        self._woken = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._failures = Episodes()

    async def run(self) -> None:
        """Look for orders until cancelled, even while Redis is away and no event arrives."""
        events = self._reader.subscribe_when_back(EVENTS, self._on_entry)
        subscribing = asyncio.create_task(events)
        try:
            while True:
                # Before Python 3.12, wait_for() loses a cancellation that comes as it is woken.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every):
                        await self._woken.wait()
                self._woken.clear()
                await self._look_safely()
        finally:
            subscribing.cancel()

    async def _look_safely(self) -> None:
        try:
            await self.look()
        except Exception:
            if self._failures.begins("look"):
                logger.exception("orders are not carried out yet")

    async def look(self) -> None:
        """Close the orders whose outcome shows otherwise, and send all that wait."""
        if not await in_thread(carrier_requests.any_open)():
            return
        await in_thread(carrier_requests.settle)()
        if self._control is None:
            return
        while claimed := await self._claim():
            task = asyncio.create_task(self._carry_out(claimed, self._control))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _claim(self) -> Claimed | None:
        """Wait until one more request may be under way, and claim an order for it, if any."""
        await self._places.acquire()
        claimed = None
        try:
            claimed = await in_thread(carrier_requests.claim)()
        finally:
            if claimed is None:
                self._places.release()
        return claimed

    async def _carry_out(self, claimed: Claimed, control: Control) -> None:
        """Send one order. If this process ends meanwhile, the order fails for want of an answer."""
        try:
            error = await in_own_thread(lambda: _send(control, claimed.request))
            if error is None:
                await in_thread(carrier_requests.record_success)(claimed.order_id)
            else:
                await in_thread(carrier_requests.record_failure)(claimed.order_id, error)
        except Exception:
            logger.exception("the answer to an order was not recorded")
        finally:
            self._places.release()
            self._woken.set()  # an order of the same call may have waited for this one

    def _on_entry(self, value: bytes) -> None:
        if OPEN_ORDER in value:
            self._woken.set()


def _send(control: Control, request: TapStart | TapStop) -> ControlError | None:
    """Send a request, and return why it had no success, if it had none."""
    try:
        if isinstance(request, TapStart):
            control.start_tap(request)
        else:
            control.stop_tap(request)
    except ControlFailed as failed:
        return failed.error
    return None
