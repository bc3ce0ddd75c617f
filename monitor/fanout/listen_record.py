"""ListenRecord: the row that says who heard which tap, how much, and why it ended."""

from __future__ import annotations

import asyncio
import uuid

from monitor.concurrency import Coalesced, Writes
from monitor.services import announce, listens, openings

#: Listeners who come together and are written in one transaction. It keeps other processes from
#: writing for some 0.1 s on SQLite, and the last of them from hearing for as long.
OPENED_AT_ONCE = 50
#: Seconds between two publications of who listens. Of 1,000 listeners who come together each would
#: otherwise have its call described to all consoles.
TOLD_EVERY = 0.3


class ListenWrites:
    """Writes the rows of all listeners of a process, and has their calls published.

    Those of listeners who come or leave together are written at once.
    """

    def __init__(self, writes: Writes) -> None:
        self.begin = writes.begin
        self.open = Coalesced(openings.open_listens, writes, OPENED_AT_ONCE)
        self.end = Coalesced(listens.end, writes)
        self.tell = Coalesced(_publish, writes, rest=TOLD_EVERY)


def _publish(tap_ids: list[uuid.UUID]) -> None:
    announce.publish_change(*set(tap_ids))


class ListenRecord:
    """Writes one listener's row, even if the socket is cancelled meanwhile."""

    def __init__(self, writes: ListenWrites) -> None:
        self._writes = writes
        self._opening: asyncio.Task[openings.OpenedListen] | None = None

    async def open(self, opening: openings.Opening) -> openings.OpenedListen:
        """Write the row and the ledger's entry, before the first byte is sent.

        Raises NoSuchTap, NotOpen and TooMany of ``openings``, and ledger.NotWritten.
        """
        self._opening = self._writes.begin(self._outcome(opening))
        return await asyncio.shield(self._opening)

    async def _outcome(self, opening: openings.Opening) -> openings.OpenedListen:
        await self._writes.open(opening)
        listen = opening.opened()
        self._writes.tell.begin(listen.tap_id)
        return listen

    async def opened(self) -> openings.OpenedListen | None:
        """Return the row once it is written, or None if it was not begun or was refused."""
        if self._opening is None:
            return None
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            return None  # the client was told why

    async def end(self, listen: openings.OpenedListen, heard: listens.Heard, reason: str) -> None:
        """Write how much was heard, and why the listening ended."""
        await self._writes.end(listens.Ending(listen.session_id, listen.tap_id, reason, heard))
        self._writes.tell.begin(listen.tap_id)
