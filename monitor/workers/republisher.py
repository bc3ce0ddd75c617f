"""Republisher: publishes again what Redis has not accepted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from monitor.bus.publish import Publisher
from monitor.bus.revocations import Revocations
from monitor.concurrency import in_thread
from monitor.services import announce
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)

EVERY = 1.0  # seconds


class Republisher:
    """Looks every EVERY seconds for changes of taps and for revocations that are still to be
    published, because Redis was away when they were made."""

    def __init__(
        self, publisher: Publisher, revocations: Revocations, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._publisher = publisher
        self._revocations = revocations
        self._sleep = sleep

    async def run(self) -> None:
        """Publish again until cancelled. A failure is logged; the next round comes."""
        while True:
            await self._sleep(EVERY)
            if self._publisher.has_unpublished():
                await _publish("changes of taps", announce.publish_missed)
            if self._revocations.has_unpublished():
                await _publish("revocations", self._revocations.publish_again)


async def _publish(what: str, publish: Callable[[], None]) -> None:
    try:
        await in_thread(publish)()
    except Exception:
        logger.exception("%s are not published yet", what)
