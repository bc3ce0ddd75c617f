"""Reconnect: what a loop does between a connection to Redis that broke and the next one."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from monitor.bus.redis import describe
from monitor.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.02  # seconds
LONGEST_PAUSE = 0.5  # seconds


class Reconnect:
    """Logs and counts the connections of one loop that broke, and waits before the next attempt.

    The pause doubles with each failure in a row.
    """

    def __init__(self, metrics: Metrics, side: Literal["read", "write"]) -> None:
        self._metrics = metrics
        self._side = side
        self._pause = FIRST_PAUSE
        self.count = 0

    async def after(self, error: Exception) -> None:
        """Return when it is time for the next attempt."""
        logger.warning("a connection to Redis failed (%s): %s", self._side, describe(error))
        self.count += 1
        self._metrics.redis_reconnects.add(1, self._side)
        await asyncio.sleep(self._next_pause())

    def succeeded(self) -> None:
        """Begin with the shortest pause again."""
        self._pause = FIRST_PAUSE

    def _next_pause(self) -> float:
        pause = self._pause
        self._pause = min(2 * pause, LONGEST_PAUSE)
        return pause
