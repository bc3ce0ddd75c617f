"""ListenRecord: the row that says who heard which tap, how much, and why it ended."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any

from monitor.concurrency import Coalesced, Writes, in_thread
from monitor.services import ledger, listens


class ListenRecord:
    """Writes one listener's row, even if the socket is cancelled meanwhile."""

    def __init__(
        self,
        writes: Writes,
        append: Coalesced[ledger.Entry],
        end_listen: Coalesced[listens.Ending],
    ) -> None:
        self._writes = writes
        self._append = append
        self._end_listen = end_listen
        self._opening: asyncio.Task[listens.OpenedListen] | None = None

    async def open(
        self, user: Any, tap_id: uuid.UUID, client: listens.Client, *, reads_words: bool
    ) -> listens.OpenedListen:
        """Write the row and the ledger's entry, before the first byte is sent.

        Raises what ``open_listen`` raises, and ledger.NotWritten.
        """
        opening = in_thread(listens.open_listen)(user, tap_id, client, reads_words=reads_words)
        self._opening = self._writes.begin(self._enter(opening))
        return await asyncio.shield(self._opening)

    async def _enter(
        self, opening: Coroutine[Any, Any, listens.OpenedListen]
    ) -> listens.OpenedListen:
        """Write the ledger's entry once the row is there; without it, the row is ended."""
        listen = await opening
        try:
            await self._append(listen.entry)
        except ledger.NotWritten:
            await in_thread(listens.refuse)(listen)
            raise
        return listen

    async def opened(self) -> listens.OpenedListen | None:
        """Return the row once it is written, or None if it was not begun or was refused."""
        if self._opening is None:
            return None
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            return None  # the client was told why

    async def end(self, listen: listens.OpenedListen, heard: listens.Heard, reason: str) -> None:
        """Write how much was heard, and why the listening ended."""
        await self._end_listen(listens.Ending(listen.session_id, listen.tap_id, reason, heard))
