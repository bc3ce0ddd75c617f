"""LedgerTips: publishes the tips of the listening ledger's chains."""

from __future__ import annotations

import asyncio
import logging

from monitor.concurrency import in_thread
from monitor.services.ledger import this_ledger
from monitor.workers.periodic import Sleep

logger = logging.getLogger(__name__)

EVERY = 600.0  # seconds


class LedgerTips:
    """Publishes every EVERY seconds, so that no chain can be cut off unnoticed before that."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def run(self) -> None:
        """Publish until cancelled. What fails is logged; the next time comes."""
        while True:
            await self._sleep(EVERY)
            try:
                await in_thread(this_ledger().publish)()
            except Exception:
                logger.exception("the ledger's tips were not written")
