"""Mailbox: what waits for a client that is slower than the audio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Mailbox:
    """A subscriber's bounded queue. When it is full, the oldest item is dropped and counted."""

    __slots__ = ("_items", "_limit", "dropped", "wake")

    def __init__(self, limit: int) -> None:
        self._items: deque[bytes] = deque()
        self._limit = limit
        self.dropped = 0
        self.wake = asyncio.Event()

    def put(self, item: bytes) -> None:
        """Add an item, and wake the send loop."""
        if len(self._items) >= self._limit:
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        self.wake.set()

    def discard(self, is_unwanted: Callable[[bytes], bool]) -> None:
        """Take items out, which are not counted as dropped."""
        self._items = deque(item for item in self._items if not is_unwanted(item))

    def take(self) -> list[bytes]:
        """Return all items, oldest first, and leave the mailbox empty."""
        self.wake.clear()
        items = list(self._items)
        self._items.clear()
        return items
