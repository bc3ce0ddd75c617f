"""AlertWatch: judges, in one process at a time, what takes time in what is told of calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from monitor.bus.lease import Lease
from monitor.bus.redis import Unavailable
from monitor.concurrency import in_thread
from monitor.services import alerts
from monitor.telemetry.episodes import Episodes
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)

EVERY = 2.0  # seconds; it also renews the lease, which lasts for 5 s


class AlertWatch:
    """Looks while this process holds the lease."""

    def __init__(self, lease: Lease, sleep: Sleep = asyncio.sleep) -> None:
        self._lease = lease
        self._sleep = sleep
        self._failures = Episodes()

    async def run(self) -> None:
        """Look until cancelled. A look that fails is logged; the next one comes."""
        try:
            while True:
                await self._look()
                await self._sleep(EVERY)
        finally:
            with contextlib.suppress(*Unavailable):
                await self._lease.release()

    async def _look(self) -> None:
        try:
            if await self._lease.hold():
                await in_thread(alerts.look)()
        except Unavailable:
            return  # another process may hold the lease by now
        except Exception as error:
            if self._failures.begins(type(error).__name__):
                logger.exception("what is told of calls is not judged; the next look tries again")
