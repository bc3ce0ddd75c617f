"""StreamReader: one blocking XREAD per process, over every stream with a subscription here.

It calls each stream's handlers with every entry, and never waits for them: a handler is a plain
function, such as an audience's ``on_frame``.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import redis.asyncio
from redis.exceptions import ResponseError

from monitor.bus.connection import RedisConnection, open_connection
from monitor.bus.cursors import Cursors
from monitor.bus.keys import position_of
from monitor.bus.queries import Queries
from monitor.bus.reconnect import Reconnect
from monitor.bus.redis import TIMEOUT, Unavailable
from monitor.bus.timing import frames_in, gather_time
from monitor.telemetry.metrics import Metrics
from monitor.wire.fast_path import Outbox

logger = logging.getLogger(__name__)

Handler = Callable[[bytes], None]

#: Milliseconds that one XREAD waits for an entry. A half-open connection is noticed after this
#: time plus TIMEOUT.
BLOCK_MS = 1000
ANSWER = 4.0  # seconds of a tap's audio in one answer, at most
RESUBSCRIBE_AFTER = 1.0  # seconds between two attempts to subscribe while Redis is away
WAKE_KEPT = 60  # seconds after which the wake stream of a dead process expires


class StreamReader:
    """Runs one read loop; streams can be subscribed to and unsubscribed from at any time."""

    def __init__(self, queries: Queries, metrics: Metrics) -> None:
        self._queries = queries
        self._handlers: dict[str, list[Handler]] = {}
        # A new subscription must end the XREAD under way, which does not name its stream yet. An
        # entry in a stream of our own does that without a race, unlike CLIENT UNBLOCK.
        self._wake_key = f"reader:{uuid.uuid4().hex}:wake"
        self._cursors = Cursors()
        self._cursors.begin(self._wake_key, b"0-0")
        # Each XREAD names every stream, so the loop lets entries gather between two of them.
        self._gather = gather_time()  # seconds
        self._count = frames_in(ANSWER)
        self.reconnect = Reconnect(metrics, "read")
        #: Collects what handlers send, and writes it to the sockets once per answer of Redis.
        self.outbox = Outbox()

    async def subscribe(self, key: str, handler: Handler) -> int:
        """Call ``handler`` with each entry that is added to a stream from now on.

        A second subscription of the same handler changes nothing. Returns the position after
        which the subscription begins: that of an audio stream's last Frame. Raises Unavailable
        while Redis is away.
        """
        fresh = key not in self._cursors
        if fresh:
            newest: Any = await self._queries.ask(lambda client: client.xrevrange(key, count=1))
            # Another subscriber may have begun the stream while this one waited.
            self._cursors.begin(key, newest[0][0] if newest else b"0-0")
        handlers = self._handlers.setdefault(key, [])
        new = handler not in handlers
        if new:
            handlers.append(handler)
        begins_after = position_of(self._cursors.last(key) or b"0")
        if fresh:
            try:
                await self._queries.ask(self._wake)
            except BaseException:
                if new:
                    self.unsubscribe(key, handler)
                raise
        return begins_after

    async def subscribe_when_back(self, key: str, handler: Handler) -> None:
        """Subscribe as soon as Redis answers, however long that takes."""
        while True:
            try:
                await self.subscribe(key, handler)
            except Unavailable:
                await asyncio.sleep(RESUBSCRIBE_AFTER)
            else:
                return

    def unsubscribe(self, key: str, handler: Handler) -> None:
        """Stop calling ``handler`` with the entries of a stream."""
        handlers = self._handlers.get(key, [])
        if handler in handlers:
            handlers.remove(handler)
        if not handlers:
            self._handlers.pop(key, None)
            self._cursors.drop(key)

    def reads(self, key: str) -> bool:
        """Tell whether a stream is read."""
        return key in self._cursors

    async def run(self) -> None:
        """Read until cancelled; after a reconnect, resume after the last id read."""
        while True:
            try:
                await self._read_until_it_breaks()
            except Unavailable as error:
                await self.reconnect.after(error)

    async def _read_until_it_breaks(self) -> None:
        connection = await open_connection(TIMEOUT)
        try:
            while True:
                await self._read(connection)
                self.reconnect.succeeded()
                await asyncio.sleep(self._gather)
        finally:
            await connection.close()

    async def _read(self, connection: RedisConnection) -> None:
        command = self._cursors.command(self._count, BLOCK_MS)
        [answer] = await connection.call(command, 1, patience=BLOCK_MS / 1000)
        if isinstance(answer, ResponseError):
            await self._drop_other_types(answer)
            return
        with self.outbox:
            for key, entries in answer or ():
                self._dispatch(key.decode(), entries)

    def _dispatch(self, key: str, entries: list[Any]) -> None:
        """Call the handlers of a stream with its new entries."""
        cursor = self._cursors.last(key)
        if cursor is None:
            return  # unsubscribed while the answer was under way
        if self._cursors.is_fresh(key):
            # The stream was unsubscribed and subscribed again while this answer was under way, so
            # the answer may begin too early.
            entries = [one for one in entries if _entry_number(one[0]) > _entry_number(cursor)]
        if not entries:
            return
        self._cursors.move(key, entries[-1][0])
        for handler in tuple(self._handlers.get(key, ())):
            for _, fields in entries:
                try:
                    handler(fields[1])
                except Exception:
                    logger.exception("a handler of %s failed", key)

    @property
    def subscriptions(self) -> int:
        """How many handlers are subscribed, over all streams."""
        return sum(map(len, self._handlers.values()))

    async def _wake(self, client: redis.asyncio.Redis) -> None:
        await client.xadd(self._wake_key, {"w": ""}, maxlen=1)
        await client.expire(self._wake_key, WAKE_KEPT)

    async def _drop_other_types(self, error: ResponseError) -> None:
        """Stop reading the keys that are not streams, because a single one fails the whole XREAD.

        Subscribing to such a key raises until the key is a stream again.
        """
        found = False
        for key in tuple(self._cursors):
            if await self._queries.ask(partial(_type_of, key)) not in (b"stream", b"none"):
                found = True
                self._cursors.drop(key)
                logger.error("%s is not a stream, and is no longer read: %s", key, error)
        if not found:
            raise error


def _entry_number(entry_id: bytes) -> tuple[int, int]:
    major, _, minor = entry_id.partition(b"-")
    return int(major), int(minor)


async def _type_of(key: str, client: redis.asyncio.Redis) -> bytes:
    kind: Any = await client.type(key)
    return bytes(kind)
