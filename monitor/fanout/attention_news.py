"""AttentionNews: tells the consoles of this process whether anybody judges the calls."""

from __future__ import annotations

import asyncio
import json

from monitor.bus.lease import Lease
from monitor.bus.redis import Unavailable
from monitor.fanout.consoles import Consoles

EVERY = 5.0  # seconds; a lease that nobody renews any more is kept for as long


class AttentionNews:
    """Knows whether a process judges the calls, and tells the consoles when that changes.

    That process may end, or may be started again with voices not looked for. Without this, the
    pages that are open would go on to show calls that need attention like all others.
    """

    def __init__(self, lease: Lease, consoles: Consoles) -> None:
        self._lease = lease
        self._consoles = consoles
        self.is_watched = True  # as the consoles were told last; none is told before a look

    async def run(self) -> None:
        """Look every EVERY seconds while there are consoles, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            if not self._consoles.empty:
                await self.look()

    async def look(self) -> None:
        """Find out whether a process judges the calls. While Redis is away, none does."""
        try:
            is_watched = await self._lease.is_held()
        except Unavailable:
            is_watched = False
        if is_watched != self.is_watched:
            self.is_watched = is_watched
            news = {"type": "attention", "watched": is_watched}
            self._consoles.tell_all(json.dumps(news).encode())
