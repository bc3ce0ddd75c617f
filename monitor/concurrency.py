"""Helpers for asyncio: threads, writes that outlive their socket, shared reads, batches."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Generic, ParamSpec, TypeVar, cast
from weakref import WeakValueDictionary

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def in_thread(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return a coroutine function that runs ``function`` in the database's thread.

    This is Channels' ``database_sync_to_async`` with types. If the caller is cancelled while
    the call waits for the thread, the function never runs. Begin it through Writes where it
    must run all the same.
    """
    return cast("Callable[P, Coroutine[Any, Any, T]]", database_sync_to_async(function))


async def in_own_thread(function: Callable[[], T]) -> T:
    """Run ``function``, which may wait for a stranger's server, in a thread of its own.

    The database's thread would serve nobody meanwhile. Nor does the end of the process wait for
    this thread, as it would for one of asyncio's pool.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is None:
            outcome.set_result(cast("T", result))
        else:
            outcome.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await outcome


class Writes:
    """Keeps writes running when the socket that began them is cancelled."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    def begin(self, write: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a write and return its task. Await that task through ``asyncio.shield``."""
        task = asyncio.get_running_loop().create_task(write)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def wait(self) -> None:
        """Wait until every write has ended."""
        while self._under_way:
            await asyncio.wait(self._under_way)


class Coalesced(Generic[T]):
    """Coalesces writes: what arrives during one write joins the next, so 200 listeners that
    end together cost two transactions. A write takes at most ``most`` items, and the next one
    begins ``rest`` seconds after it at the earliest."""

    def __init__(
        self,
        write: Callable[[list[T]], None],
        writes: Writes,
        most: float = math.inf,
        rest: float = 0.0,
    ) -> None:
        self._write = in_thread(write)
        self._writes = writes
        self._most = most
        self._rest = rest
        self._rested_at = -math.inf  # on the loop's clock
        self._turn = asyncio.Lock()
        self._items: list[T] = []  # of the next write
        self._next: asyncio.Task[None] | None = None  # the write that will take the items

    async def __call__(self, item: T) -> None:
        """Write an item, and return once it is written. It is written even if the caller is
        cancelled."""
        await asyncio.shield(self.begin(item))

    def begin(self, item: T) -> asyncio.Task[None]:
        """Have an item written, and return the task of the write that has it."""
        if self._next is None or len(self._items) >= self._most:
            self._items = []
            self._next = self._writes.begin(self._take(self._items))
        self._items.append(item)
        return self._next

    async def _take(self, items: list[T]) -> None:
        clock = asyncio.get_running_loop().time
        async with self._turn:
            if (too_soon := self._rested_at - clock()) > 0:
                await asyncio.sleep(too_soon)
            if items is self._items:
                self._next = None
            try:
                await self._write(items)
            finally:
                self._rested_at = clock() + self._rest


class SharedRead(Generic[T]):
    """Reads once for all who ask before the reading begins.

    Whoever asks during one shares the next, and so never gets what was read before it asked.
    """

    def __init__(self, read: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[T] | None = None  # the reading that has not begun
        self._under_way: set[asyncio.Task[T]] = set()

    async def __call__(self) -> T:
        """Return what is read, or raise what the reading raises. A caller that is cancelled
        takes it from nobody else."""
        if self._next is None:
            self._next = asyncio.create_task(self._take())
            self._under_way.add(self._next)
            self._next.add_done_callback(self._under_way.discard)
        return await asyncio.shield(self._next)

    async def _take(self) -> T:
        async with self._turn:
            self._next = None
            return await self._read()


class SharedReads(Generic[K, T]):
    """A SharedRead for each of many keys, such as the taps that listeners ask for."""

    def __init__(self, read: Callable[[K], Coroutine[Any, Any, T]]) -> None:
        self._read = read
        self._of_keys: WeakValueDictionary[K, SharedRead[T]] = WeakValueDictionary()

    async def __call__(self, key: K) -> T:
        """Return what is read of a key, or raise what the reading raises."""
        shared = self._of_keys.get(key)
        if shared is None:
            shared = self._of_keys[key] = SharedRead(partial(self._read, key))
        return await shared()


class GatheredReads(Generic[K, T]):
    """Reads at once what many ask for, each thing by its key.

    Whoever asks during one reading shares the next, and so never gets what was read before it
    asked.
    """

    def __init__(self, read: Callable[[set[K]], Coroutine[Any, Any, Mapping[K, T]]]) -> None:
        self._read_keys = read
        self._keys: set[K] = set()
        self._shared = SharedRead(self._read)

    async def __call__(self, key: K) -> T:
        """Return what is read of a key, or raise what the reading raises. Raises KeyError if the
        reading has found nothing of it."""
        self._keys.add(key)
        return (await self._shared())[key]

    async def _read(self) -> Mapping[K, T]:
        keys, self._keys = self._keys, set()
        return await self._read_keys(keys)


class Batches(Generic[T]):
    """Hands out its items in turn, a few at a time and evenly spread, again and again.

    No item waits longer than ``every`` seconds, neither for its first turn nor between two
    turns, however many others are added and removed meanwhile.
    """

    def __init__(
        self, every: float, at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = every
        self._at_once = at_once
        self._clock = clock
        self._due: dict[T, float] = {}  # when each item's turn is due, the earliest first

    def add(self, item: T) -> None:
        """Put an item at the end of the queue."""
        self._due[item] = self._clock() + self._every

    def remove(self, item: T) -> None:
        """Take an item out of the queue, if it is there."""
        self._due.pop(item, None)

    async def __aiter__(self) -> AsyncIterator[list[T]]:
        """Yield the next few items as their turn comes, until cancelled."""
        while True:
            await asyncio.sleep(self._pause())
            if batch := list(islice(self._due, self._at_once)):
                for item in batch:
                    self.remove(item)
                    self.add(item)
                yield batch

    def _pause(self) -> float:
        """Return the seconds until the next batch is due."""
        if not self._due:
            return self._every  # an item that is added meanwhile is due later than that
        until_due = next(iter(self._due.values())) - self._clock()
        return max(0.0, min(until_due, self._every * self._at_once / len(self._due)))
