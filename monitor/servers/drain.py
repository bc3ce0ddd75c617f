"""Drain: what a worker does between SIGTERM and its stop, so that others take over its clients.

In the first half of DRAIN_SECONDS it only says that it is not ready: ``/readyz`` answers 503, and
so do handshakes, so that load balancers send nobody new. In the second half it closes the sockets
of pages, one after the other, because the other workers could not let them all in at once. The
media of taps stays until the stop: nobody knows whether its sender connects again, and a call that
ends before loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from types import FrameType
from typing import Any

from monitor.fanout.open_sockets import OpenSockets
from monitor.wire.close import RESTART

logger = logging.getLogger(__name__)


class Drain:
    """Begins on the first SIGTERM, and sends another when it is over: the server's own handler
    has that, and any that comes earlier."""

    def __init__(self, seconds: float, pages: OpenSockets) -> None:
        self._seconds = seconds
        self._pages = pages
        self._task: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        return self._task is not None

    def await_signal(self) -> None:
        """Have SIGTERM begin the drain. Call it in the event loop, after the server has set its
        own handler. Without seconds to drain, the server stops at once as ever."""
        if not self._seconds:
            return
        loop = asyncio.get_running_loop()

        def on_signal(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, servers_own)
            loop.call_soon_threadsafe(self._begin)

        servers_own: Any = signal.signal(signal.SIGTERM, on_signal)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        logger.info("draining for %s s: clients are sent to other workers", self._seconds)
        try:
            await asyncio.sleep(self._seconds / 2)
            await self._close_pages(within=self._seconds / 2)
        finally:
            signal.raise_signal(signal.SIGTERM)

    async def _close_pages(self, within: float) -> None:
        """Close the sockets of pages, spread evenly over so many seconds."""
        begun, sockets = time.monotonic(), list(self._pages)
        for number, socket in enumerate(sockets):
            await asyncio.sleep(begun + within * number / len(sockets) - time.monotonic())
            socket.end(RESTART.code, RESTART.reason)
        await asyncio.sleep(begun + within - time.monotonic())
