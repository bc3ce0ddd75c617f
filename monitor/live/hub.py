"""Hub: one blocking XREAD a process over every stream that somebody here wants.

It hands each entry to its sinks and never waits for one: a sink is a plain
function, a room's is its ``hear``.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from redis.exceptions import ResponseError

from .. import metrics
from ..direct import outbox
from . import bus
from .cursors import Cursors
from .link import Link

logger = logging.getLogger(__name__)

Sink = Callable[[bytes], None]
T = TypeVar("T")

BLOCK_MS = 1000  # milliseconds one XREAD waits; a half-open link shows BLOCK + TIMEOUT later
ANSWER = 4.0  # seconds of a tap's audio in one answer
QUESTIONS = 8  # asked of Redis at a time, beside the read loop
QUEUED = 5.0  # seconds that one may wait for its turn: behind 200 others 0.3 s, or Redis is away
WAKE_KEPT = 60  # seconds the wake stream of a dead process remains
#: Seconds of audio that may wait for a listener, which is closed when so far behind. More
#: than ANSWER, which is put in without a pause: who takes what is there loses nothing.
MAILBOX = 10.0


def chunks(seconds: float) -> int:
    """How many frames so much audio is."""
    return max(1, round(seconds * 1000 / settings.CHUNK_MS))


class Mailbox:
    """A listener's bounded queue: when it is full the oldest goes, and is counted."""

    __slots__ = ("_items", "_limit", "dropped", "wake")

    def __init__(self, limit: int) -> None:
        self._items: deque[bytes] = deque()
        self._limit = limit
        self.dropped = 0
        self.wake = asyncio.Event()

    def put(self, item: bytes) -> None:
        if len(self._items) >= self._limit:
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        self.wake.set()

    def take(self) -> list[bytes]:
        """Everything that has come, oldest first."""
        self.wake.clear()
        items = list(self._items)
        self._items.clear()
        return items


class Hub:
    """One read loop; subscribe and unsubscribe at any time."""

    def __init__(self) -> None:
        self._sinks: dict[str, list[Sink]] = {}
        # Adding a stream must end the XREAD that does not have it yet: an entry
        # in a stream of our own does that without a race, unlike CLIENT UNBLOCK.
        self._wake_key = f"hub:{uuid.uuid4().hex}:wake"
        self._cursors = Cursors()
        self._cursors.begin(self._wake_key, b"0-0")
        # Each XREAD names every stream, so what comes is let gather: a quarter of a chunk
        # of delay at most, for half the work here and in Redis.
        self._gather = settings.CHUNK_MS / 4000  # seconds
        self._count = chunks(ANSWER)
        self._client = bus.client()
        self._turn = asyncio.Semaphore(QUESTIONS)
        self.reconnects = 0

    async def subscribe(self, key: str, sink: Sink) -> int:
        """Hand what comes on a stream from now on to ``sink``; to have it twice changes nothing.

        Returns the position after which it begins: of an audio stream, the
        last Frame's. Raises bus.Unavailable while Redis is away.
        """
        fresh = key not in self._cursors
        if fresh:
            newest: Any = await self._ask(lambda: self._client.xrevrange(key, count=1))
            # Another subscriber may have come first while this one waited.
            self._cursors.begin(key, newest[0][0] if newest else b"0-0")
        sinks = self._sinks.setdefault(key, [])
        new = sink not in sinks
        if new:
            sinks.append(sink)
        begins_after = bus.position_of(self._cursors.last(key) or b"0")
        if fresh:
            try:
                await self._ask(self._wake)
            except BaseException:
                if new:
                    self.unsubscribe(key, sink)
                raise
        return begins_after

    def unsubscribe(self, key: str, sink: Sink) -> None:
        """Stop handing a stream to ``sink``."""
        sinks = self._sinks.get(key, [])
        if sink in sinks:
            sinks.remove(sink)
        if not sinks:
            self._sinks.pop(key, None)
            self._cursors.drop(key)

    def reads(self, key: str) -> bool:
        """Is a stream read?"""
        return key in self._cursors

    async def ring(self, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
        """The last seconds of a tap, oldest first."""
        return await self._ask(lambda: bus.ring(self._client, tap_id, seconds))

    async def newest(self, tap_id: uuid.UUID) -> tuple[int, bytes] | None:
        """The last Frame of a tap and its position."""
        return await self._ask(lambda: bus.newest(self._client, tap_id))

    async def report(self, said: list[str | int]) -> None:
        """Give a report to /metrics; not in the queue, where 200 who join may stand."""
        async with asyncio.timeout(bus.TIMEOUT):
            await self._client.eval(metrics.REPORT, 0, *said)

    async def run(self) -> None:
        """Read, for ever; after a lost connection go on behind the last id read."""
        pause = 0.02
        while True:
            link = Link(bus.connection(), bus.TIMEOUT)
            try:
                await link.open()
                while True:
                    await self._read(link)
                    pause = 0.02
                    await asyncio.sleep(self._gather)
            except bus.Unavailable as error:
                logger.warning("Redis read: %s", str(error) or type(error).__name__)
                self.reconnects += 1
                metrics.count("redis_reconnects", label="read")
            finally:
                await link.close()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def close(self) -> None:
        await self._client.aclose()

    async def _read(self, link: Link) -> None:
        command = self._cursors.command(self._count, BLOCK_MS)
        [answer] = await link.call(command, 1, patience=BLOCK_MS / 1000)
        if isinstance(answer, ResponseError):
            await self._put_aside(answer)
            return
        with outbox:
            for key, entries in answer or ():
                self._deliver(key.decode(), entries)

    def _deliver(self, key: str, entries: list[Any]) -> None:
        cursor = self._cursors.last(key)
        if cursor is None:
            return  # nobody wants it any more
        if self._cursors.is_fresh(key):
            # Left and wanted again while this answer was under way: it may begin too early.
            entries = [one for one in entries if _number(one[0]) > _number(cursor)]
        if not entries:
            return
        self._cursors.move(key, entries[-1][0])
        for sink in tuple(self._sinks.get(key, ())):
            for _, fields in entries:
                try:
                    sink(fields[1])
                except Exception:
                    logger.exception("a sink of %s failed", key)

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Give Redis TIMEOUT to answer, a few questions at a time: a rush of 200 listeners
        must not open 200 connections, whose handshakes alone would take that long.

        Raises bus.Unavailable.
        """
        async with asyncio.timeout(QUEUED):
            await self._turn.acquire()
        try:
            async with asyncio.timeout(bus.TIMEOUT):
                return await ask()
        finally:
            self._turn.release()

    @property
    def subscriptions(self) -> int:
        return sum(map(len, self._sinks.values()))

    async def _wake(self) -> None:
        await self._client.xadd(self._wake_key, {"w": ""}, maxlen=1)
        await self._client.expire(self._wake_key, WAKE_KEPT)

    async def _put_aside(self, error: ResponseError) -> None:
        """Read on without the keys that are no streams: XREAD fails as a whole with one.

        Whoever subscribes to such a key next learns of it, and begins it anew once it is mended.
        """
        found = False
        for key in tuple(self._cursors):
            if await self._ask(partial(self._client.type, key)) not in (b"stream", b"none"):
                found = True
                self._cursors.drop(key)
                logger.error("%s is no stream, and not read: %s", key, error)
        if not found:
            raise error


def _number(entry_id: bytes) -> tuple[int, int]:
    major, _, minor = entry_id.partition(b"-")
    return int(major), int(minor)
