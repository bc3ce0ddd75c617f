"""RedisWarning: warns the operator of a Redis server that stores audio or admits anybody."""

from __future__ import annotations

import asyncio
import logging

from monitor.bus import server_checks
from monitor.bus.publish import AWAY
from monitor.bus.redis import Unavailable
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)


class RedisWarning:
    """Checks the Redis server once, as soon as it answers."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def run(self) -> None:
        """Log every danger of the server, then end."""
        while True:
            try:
                dangers = await asyncio.to_thread(server_checks.dangers)
            except Unavailable:
                await self._sleep(AWAY)
            else:
                break
        for danger in dangers:
            logger.warning("%s %s", danger.msg, danger.hint)
