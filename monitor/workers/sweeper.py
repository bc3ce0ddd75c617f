"""Sweeper: ends what nothing else has ended (taps, calls, listen sessions), deletes old events."""

from __future__ import annotations

import asyncio

from monitor.bus.publish import forget_old_events
from monitor.concurrency import in_thread
from monitor.services import call_life, listens, media
from monitor.workers.periodic import Sleep, repeated

EVERY = 30.0  # seconds


class Sweeper:
    """Sweeps every EVERY seconds, because a process that was killed has left them open."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def run(self) -> None:
        """Sweep until cancelled."""
        failed = f"the sweep failed; the next one is in {EVERY:.0f} s"
        await repeated(self._sweep, EVERY, failed, self._sleep)

    async def _sweep(self) -> None:
        await in_thread(media.end_stopped)()
        await in_thread(media.end_lost)()
        await in_thread(call_life.end_silent)()
        await in_thread(listens.end_abandoned)()
        await in_thread(forget_old_events)()
