"""Work on many things, a few at a time, where all at once would hold up the sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import TypeVar

T = TypeVar("T")


async def in_turn(things: Collection[T], every: float, at_once: int) -> AsyncIterator[list[T]]:
    """Each of the things every so many seconds, evenly spread, for ever.

    ``things`` may change meanwhile: what is new comes with the next round, and of
    what is handed out some may be gone.
    """
    while True:
        known = list(things)
        if not known:
            await asyncio.sleep(every)
        for begin in range(0, len(known), at_once):
            some = known[begin : begin + at_once]
            await asyncio.sleep(every * len(some) / len(known))
            yield some
