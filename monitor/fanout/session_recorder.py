"""SessionRecorder: writes down that listeners still listen, and how much they were sent."""

from __future__ import annotations

import asyncio
import logging

from monitor.concurrency import in_thread
from monitor.fanout.open_sockets import OpenSockets
from monitor.services import listens

logger = logging.getLogger(__name__)

COUNTED = 50  # sessions whose counts one round writes: a row costs as much as 20 Frames, 0.2 ms


class SessionRecorder:
    """Keeps the rows of open ListenSessions up to date, because a killed worker cannot end them."""

    def __init__(self, open_sockets: OpenSockets) -> None:
        self._open_sockets = open_sockets
        self._next = 0  # index of the session whose counts are written next

    async def run(self) -> None:
        """Write every few seconds until cancelled. A round that fails is logged."""
        while True:
            await asyncio.sleep(listens.HEARTBEAT_EVERY)
            try:
                await self._record()
            except Exception:
                logger.exception("listening sessions were not updated; the next round tries again")

    async def _record(self) -> None:
        listeners = self._open_sockets.listeners
        if not listeners:
            return
        heard = {one: listeners[one].heard() for one in self._next_batch(list(listeners))}
        await in_thread(listens.heartbeat)(list(listeners), heard)

    def _next_batch(self, session_ids: list[int]) -> list[int]:
        begin = self._next % len(session_ids)
        self._next = begin + COUNTED
        return (session_ids[begin:] + session_ids[:begin])[:COUNTED]
