"""Work on many things, a few at a time, where all at once would hold up the sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """Hands out each of its things again and again, a few at a time and evenly spread.

    No thing waits longer than ``every`` seconds, neither for its first turn nor between
    two turns, however many others are added and removed meanwhile.
    """

    def __init__(
        self, every: float, at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = every
        self._at_once = at_once
        self._clock = clock
        self._due: dict[T, float] = {}  # the latest time of each one's turn, the earliest first

    def add(self, thing: T) -> None:
        """Put a thing at the end of the queue."""
        self._due[thing] = self._clock() + self._every

    def remove(self, thing: T) -> None:
        self._due.pop(thing, None)

    async def __aiter__(self) -> AsyncIterator[list[T]]:
        """Wait for the next few things, until cancelled."""
        while True:
            await asyncio.sleep(self._pause())
            if some := list(islice(self._due, self._at_once)):
                for thing in some:
                    self.remove(thing)
                    self.add(thing)
                yield some

    def _pause(self) -> float:
        """Seconds until the next turn."""
        if not self._due:
            return self._every  # what is added meanwhile is due later than that
        until_due = next(iter(self._due.values())) - self._clock()
        return max(0.0, min(until_due, self._every * self._at_once / len(self._due)))
