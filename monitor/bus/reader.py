"""StreamReader: one connection to each server, for every stream with a subscription here.

With one server it is one blocking XREAD. In a cluster an XREAD may name the streams of one lane
only, so those of a node's lanes are sent together, and do not wait for entries.

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
from monitor.bus.links import Links
from monitor.bus.nodes import new_nodes
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
        self._nodes = new_nodes()
        self._cursors = Cursors(self._nodes.lane_of)
        if self._nodes.can_block:
            self._cursors.begin(self._wake_key, b"0-0")
        self._under_way: set[int] = set()  # lanes for which an answer is awaited
        self._links = Links(self._nodes, self._serve, metrics, "read")
        # Each XREAD names every stream, so the loop lets entries gather between two of them.
        self._gather = gather_time()  # seconds
        self._count = frames_in(ANSWER)
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
        if fresh and self._nodes.can_block:
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
        try:
            await self._links.run()
        finally:
            await self._nodes.close()

    async def _serve(self, node: str, reconnect: Reconnect) -> None:
        """Read the lanes of a node until the connection breaks, or the node leaves the cluster."""
        connection = await open_connection(TIMEOUT, node)
        try:
            while node in self._nodes.names:
                await self._read(connection, node)
                reconnect.succeeded()
                await asyncio.sleep(self._gather)
        finally:
            await connection.close()

    async def _read(self, connection: RedisConnection, node: str) -> None:
        """Read once what has been added to the lanes of a node.

        A lane that has just moved here is left out while its last answer from elsewhere is under
        way: both answers would have the same entries.
        """
        node_of, under_way = self._nodes.node_of, self._under_way
        lanes = [
            one for one in self._cursors.lanes if node_of(one) == node and one not in under_way
        ]
        if not lanes:
            return
        block = BLOCK_MS if self._nodes.can_block else None
        commands = [self._cursors.command(lane, self._count, block) for lane in lanes]
        under_way.update(lanes)
        try:
            patience = (block or 0) / 1000
            answers = await connection.call(b"".join(commands), len(lanes), patience=patience)
            with self.outbox:
                for answer in answers:
                    if not isinstance(answer, ResponseError):
                        for key, entries in answer or ():
                            self._dispatch(key.decode(), entries)
            for lane, answer in zip(lanes, answers, strict=True):
                if isinstance(answer, ResponseError):
                    await self._recover(lane, answer)
        finally:
            under_way.difference_update(lanes)

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

    @property
    def breaks(self) -> int:
        """How many connections have broken."""
        return self._links.breaks

    async def _recover(self, lane: int, error: ResponseError) -> None:
        """Follow a lane to where it can be read. Raises an error that passes, or is not known."""
        word = str(error).partition(" ")[0]
        if word == "MOVED":
            await self._nodes.move(str(error))
        elif word in ("ASK", "TRYAGAIN"):
            await self._read_each(lane)
        elif word == "WRONGTYPE":
            await self._drop_other_types(lane, error)
        else:
            raise error

    async def _read_each(self, lane: int) -> None:
        """Read a lane that is being moved to another node, and is at both of them.

        Each of its streams is asked for alone, by redis-py, which knows where to look.
        """
        for key in self._cursors.of(lane):
            after = self._cursors.last(key)
            if after is None:
                continue
            answer: Any = await self._queries.ask(partial(_read_one, key, after, self._count))
            with self.outbox:
                for _, entries in answer or ():
                    self._dispatch(key, [(one, next(iter(item.items()))) for one, item in entries])

    async def _drop_other_types(self, lane: int, error: ResponseError) -> None:
        """Stop reading the keys that are not streams, because a single one fails the whole XREAD.

        Subscribing to such a key raises until the key is a stream again.
        """
        found = False
        for key in self._cursors.of(lane):
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


async def _read_one(key: str, after: bytes, count: int, client: redis.asyncio.Redis) -> Any:
    return await client.xread({key: after}, count=count)
