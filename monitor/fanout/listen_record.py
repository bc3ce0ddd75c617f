"""ListenRecord: the row that says who heard which tap, how much, and why it ended."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from monitor.concurrency import Coalesced, Writes, in_thread
from monitor.services import listens


class ListenRecord:
    """Writes one listener's row, even if the socket is cancelled meanwhile."""

    def __init__(self, writes: Writes, end_listen: Coalesced[listens.Ending]) -> None:
        self._writes = writes
        self._end_listen = end_listen
        self._opening: asyncio.Task[listens.OpenedListen] | None = None

    async def open(
        self, user: Any, tap_id: uuid.UUID, client: listens.Client
    ) -> listens.OpenedListen:
        """Write the row, before the first byte is sent. Raises what ``open_listen`` raises."""
        opening = in_thread(listens.open_listen)(user, tap_id, client)
        self._opening = self._writes.begin(opening)
        return await asyncio.shield(self._opening)

    async def opened(self) -> listens.OpenedListen | None:
        """Return the row once it is written, or None if it was not begun or was refused."""
        if self._opening is None:
            return None
        try:
            return await asyncio.shield(self._opening)
        except Exception:
            return None  # the client was told why

    async def end(self, listen: listens.OpenedListen, counts: tuple[int, int], reason: str) -> None:
        """Write how many Frames were sent and dropped, and why the listening ended."""
        sent, dropped = counts
        ending = listens.Ending(listen.session_id, listen.tap_id, sent, dropped, reason)
        await self._end_listen(ending)
