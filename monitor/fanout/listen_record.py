"""ListenRecord: the row that says who heard which tap, how much, and why it ended."""

from __future__ import annotations

import asyncio

from monitor.concurrency import Coalesced, Writes
from monitor.services import listens, openings


class ListenRecord:
    """Writes one listener's row, even if the socket is cancelled meanwhile."""

    def __init__(
        self,
        writes: Writes,
        open_listen: Coalesced[openings.Opening],
        end_listen: Coalesced[listens.Ending],
    ) -> None:
        self._writes = writes
        self._open_listen = open_listen
        self._end_listen = end_listen
        self._opening: asyncio.Task[openings.OpenedListen] | None = None

    async def open(self, opening: openings.Opening) -> openings.OpenedListen:
        """Write the row and the ledger's entry, before the first byte is sent.

        Raises NoSuchTap, NotOpen and TooMany of ``openings``, and ledger.NotWritten.
        """
        self._opening = self._writes.begin(self._outcome(opening))
        return await asyncio.shield(self._opening)

    async def _outcome(self, opening: openings.Opening) -> openings.OpenedListen:
        await self._open_listen(opening)
        return opening.opened()

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
        await self._end_listen(listens.Ending(listen.session_id, listen.tap_id, reason, heard))
