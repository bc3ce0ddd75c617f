"""LedgerTips: publishes the tips of the listening ledger's chains."""

from __future__ import annotations

import asyncio

from monitor.concurrency import in_thread
from monitor.services.ledger import this_ledger
from monitor.workers.periodic import Sleep, repeated

EVERY = 600.0  # seconds


class LedgerTips:
    """Publishes every EVERY seconds, so that no chain can be cut off unnoticed before that."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def run(self) -> None:
        """Publish until cancelled."""
        publish = in_thread(this_ledger().publish)
        await repeated(publish, EVERY, "the ledger's tips were not written", self._sleep)
