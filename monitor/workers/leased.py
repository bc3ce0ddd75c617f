"""Leased: does some work again and again, in one process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from monitor.bus.lease import Lease
from monitor.bus.redis import Unavailable
from monitor.concurrency import in_thread
from monitor.telemetry.episodes import Episodes
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)

EVERY = 2.0  # seconds; it also renews the lease, which lasts for 5 s


class Leased:
    """Does its work, such as to look at what takes time, while this process holds the lease.

    ``failed`` says for the log what it means that the work failed.
    """

    def __init__(
        self,
        lease: Lease,
        work: Callable[[], object],
        failed: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._lease = lease
        self._work = work
        self._failed = failed
        self._sleep = sleep
        self._failures = Episodes()

    async def run(self) -> None:
        """Work until cancelled. After a failure, which is logged, the next time comes."""
        try:
            while True:
                await self._once()
                await self._sleep(EVERY)
        finally:
            with contextlib.suppress(*Unavailable):
                await self._lease.release()

    async def _once(self) -> None:
        try:
            if await self._lease.hold():
                await in_thread(self._work)()
        except Unavailable:
            return  # another process may hold the lease by now
        except Exception as error:
            if self._failures.begins(type(error).__name__):
                logger.exception("%s; the next look tries again", self._failed)
