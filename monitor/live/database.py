"""The ORM from a running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")


def threaded(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same function, run in the database's thread and awaited: Channels'
    ``database_sync_to_async``, with types.

    Cancelled while it waits for the thread it is never run: see Writes.
    """
    return cast("Callable[P, Coroutine[Any, Any, T]]", database_sync_to_async(function))


class Writes:
    """Writes that must be made though the socket that began them is cancelled."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    def begin(self, write: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Have it made; to be awaited behind ``asyncio.shield``."""
        task = asyncio.get_running_loop().create_task(write)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def made(self) -> None:
        """Wait until all are made."""
        while self._under_way:
            await asyncio.wait(self._under_way)


class Gathered(Generic[T]):
    """One write for all that comes while another is under way: 200 listeners that end
    at once wait for two transactions, not for 200."""

    def __init__(self, write: Callable[[list[T]], None], writes: Writes) -> None:
        self._write = threaded(write)
        self._writes = writes
        self._turn = asyncio.Lock()
        self._items: list[T] = []
        self._next: asyncio.Task[None] | None = None  # will take the items

    async def __call__(self, item: T) -> None:
        """Write an item. Cancelled, it is written all the same."""
        self._items.append(item)
        if self._next is None:
            self._next = self._writes.begin(self._take())
        await asyncio.shield(self._next)

    async def _take(self) -> None:
        async with self._turn:
            items, self._items, self._next = self._items, [], None
            await self._write(items)
