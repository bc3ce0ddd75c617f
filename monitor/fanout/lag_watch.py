"""LagWatch: ends the listeners that are too far behind."""

from __future__ import annotations

import asyncio
import time

from monitor.fanout.open_sockets import OpenSockets

EVERY = 1.0  # seconds


class LagWatch:
    """Visits every listener.

    Listeners do not check themselves, because their send loop may hang in a send to the very
    client that is too slow.
    """

    def __init__(self, open_sockets: OpenSockets) -> None:
        self._open_sockets = open_sockets
        self.max_seconds = 0.0  # the largest lag found by the last visit

    async def run(self) -> None:
        """Visit all listeners every EVERY seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            now = time.monotonic()
            listeners = tuple(self._open_sockets.listeners.values())
            self.max_seconds = max((one.check_lag(now) for one in listeners), default=0.0)
