"""Redis streams: names, the write pipeline of a process, and publishing.

    tap:{<id>}:audio   field f: one Frame; the ring, MAXLEN ~ RING_SECONDS
    events             field j: JSON for consoles, a tap as it is now
    meters             field j: JSON, one batch per ingest process and tick
    revocations        field j: JSON, whose rights to look at again

An audio entry's id is its position (``<position>-1``), chosen by us, so a
batch repeated after a lost connection cannot store a frame twice: Redis
refuses an id that is not larger than the last. Everything is a stream, so a
reader that lost its connection resumes from its last id and misses nothing.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import math
import time
import uuid
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from ..audio import frame

logger = logging.getLogger(__name__)

EVENTS = "events"
METERS = "meters"
REVOCATIONS = "revocations"
EVENTS_KEPT = 10_000
METERS_KEPT = 50

TIMEOUT = 2.0  # seconds without an answer before a connection counts as broken
EXPIRE_AFTER_END = 60  # seconds a ring outlives its tap
EXPIRE_ALIVE = 120  # seconds; renewed while audio flows, so a crash leaves no key behind
EXPIRE_EVERY = 10.0  # seconds between renewals
COMPLAIN_EVERY = 10.0  # seconds between two log lines about refused writes, 17 a second of a tap

FLUSH = 0.005  # seconds that writes wait for company
BATCH = 512  # commands in one round trip
MAX_AGE = 3.0  # seconds audio may wait for Redis; older is dropped, for live audio is late by then

#: What a Redis that is away, frozen or restarted raises.
Unavailable = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)


#: A stream's entries, as redis-py gives them undecoded; its own types allow more.
Entries = list[tuple[bytes, dict[bytes, bytes]]]


class NotConfigured(RedisError):
    """No REDIS_URL, and no running script/server to take one from."""


def audio_key(tap_id: uuid.UUID) -> str:
    """The ring of a tap. The braces keep a tap's keys on one shard."""
    return f"tap:{{{tap_id}}}:audio"


def redis_url() -> str:
    """Where Redis is.

    Raises NotConfigured, saying what to do, if nothing tells.
    """
    if not settings.REDIS_URL:
        raise NotConfigured("no Redis: set REDIS_URL, or start script/server in this checkout")
    return str(settings.REDIS_URL)


#: RESP2, for lists are what we read. No retries, which redis-py's clients of a URL
#: have none of: who writes decides what is still worth sending.
_OPTIONS: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": TIMEOUT}


@functools.cache
def _sync_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, **_OPTIONS)


def client() -> redis.asyncio.Redis:
    """A new asynchronous client; the caller closes it and keeps the time.

    A ``socket_timeout`` would put redis-py's writes into ``asyncio.wait_for``, which
    on Python 3.11 swallows one cancellation in forty; ``asyncio.timeout`` does not.
    """
    return redis.asyncio.Redis.from_url(redis_url(), socket_timeout=None, **_OPTIONS)


def connection() -> AbstractConnection:
    """A new, unconnected connection for a loop that wants one of its own and keeps the time."""
    pool = redis.asyncio.ConnectionPool.from_url(redis_url(), socket_timeout=None, **_OPTIONS)
    return cast("AbstractConnection", pool.make_connection())  # type: ignore[no-untyped-call]


def publish(event: dict[str, Any]) -> None:
    """Tell every process of a change. Synchronous, for the code that commits it.

    The database holds the truth; if Redis is away, pages learn of the change
    with their next snapshot.
    """
    _publish(EVENTS, event)


def revoke(user_id: int | None, session: str = "") -> None:
    """Have every process look again at what a user may do (None: every user),
    and end what a session opened."""
    _publish(REVOCATIONS, {"user": user_id, "session": session})


def _publish(key: str, message: dict[str, Any]) -> None:
    try:
        redis_client = _sync_client(redis_url())
        redis_client.xadd(key, {"j": json.dumps(message)}, maxlen=EVENTS_KEPT, approximate=True)
    except NotConfigured:
        pass  # no Redis, so no server that could want to know
    except Unavailable as error:
        logger.warning("%s not published: %s", key, error)


async def ring(redis_client: redis.asyncio.Redis, tap_id: uuid.UUID, seconds: float) -> list[bytes]:
    """The last ``seconds`` of a tap's ring as Frames, oldest first."""
    key = audio_key(tap_id)
    last: Entries = await redis_client.xrevrange(key, count=1)  # type: ignore[assignment]
    if not last:
        return []
    start = position_of(last[0][0]) - int(seconds * 8000)
    entries: Entries = await redis_client.xrange(  # type: ignore[assignment]
        key, min=f"{max(0, start)}-0"
    )
    return [fields[b"f"] for _, fields in entries]


async def newest(redis_client: redis.asyncio.Redis, tap_id: uuid.UUID) -> tuple[int, bytes] | None:
    """The last Frame of a tap's ring and its position, which has not wrapped."""
    entries: Entries = await redis_client.xrevrange(  # type: ignore[assignment]
        audio_key(tap_id), count=1
    )
    return (position_of(entries[0][0]), entries[0][1][b"f"]) if entries else None


def position_of(entry_id: bytes) -> int:
    """The position that an audio entry's id is made of."""
    return int(entry_id.partition(b"-")[0])


class Source:
    """What the writer knows of one tap: its key, and what it had to drop."""

    __slots__ = ("dropped", "gap_due", "key", "renewed_at")

    def __init__(self, tap_id: uuid.UUID) -> None:
        self.key = audio_key(tap_id)
        self.dropped = 0
        self.gap_due = False
        self.renewed_at = -math.inf  # when the ring's expiry was last put off


class _Pending(NamedTuple):
    source: Source
    position: int
    data: bytes
    at: float


def _marked(entry: _Pending) -> _Pending:
    """Flag the first frame that is sent after one that was dropped."""
    if not entry.source.gap_due:
        return entry
    entry.source.gap_due = False
    return entry._replace(data=frame.with_flags(entry.data, frame.Flag.GAP))


class Writer:
    """The one write pipeline of a process.

    ``add`` never waits: audio is gathered for FLUSH seconds and sent in one
    round trip. While Redis is away the oldest audio is dropped and counted.
    """

    def __init__(self) -> None:
        self._maxlen = settings.RING_SECONDS * 1000 // settings.CHUNK_MS
        self._pending: deque[_Pending] = deque()
        self._commands: deque[tuple[Any, ...]] = deque(maxlen=1000)
        self._wake = asyncio.Event()
        self._connection: AbstractConnection | None = None
        self._connected_at = 0.0
        self._complain_at = 0.0
        self.dropped = 0
        self.refused = 0
        self.reconnects = 0

    def add(self, source: Source, position: int, data: bytes) -> None:
        """Queue one Frame for a tap's ring."""
        now = time.monotonic()
        self._pending.append(_Pending(source, position, data, now))
        while self._pending[0].at < now - MAX_AGE:
            self._drop(self._pending.popleft())
        self._wake.set()

    def meters(self, payload: str) -> None:
        """Queue a batch of levels."""
        self._command("XADD", METERS, "MAXLEN", "~", METERS_KEPT, "*", "j", payload)

    def event(self, payload: str) -> None:
        """Queue an event of no transaction."""
        self._command("XADD", EVENTS, "MAXLEN", "~", EVENTS_KEPT, "*", "j", payload)

    def end(self, source: Source) -> None:
        """Let a tap's ring expire."""
        self._command("EXPIRE", source.key, EXPIRE_AFTER_END)

    async def run(self) -> None:
        """Send what is queued, for ever; reconnect, and send again what was not answered."""
        pause = 0.02
        while True:
            await self._wake.wait()
            await asyncio.sleep(FLUSH)
            self._wake.clear()
            try:
                while self._pending or self._commands:
                    await self._flush()
                pause = 0.02
            except Unavailable as error:
                logger.warning("Redis write: %s", str(error) or type(error).__name__)
                self.reconnects += 1
                await self._disconnect()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
                self._wake.set()

    async def drain(self) -> None:
        """Send what is left, once, before the process ends."""
        try:
            while self._pending or self._commands:
                await self._flush()
        except Unavailable as error:
            logger.warning("Redis write at the end: %s", str(error) or type(error).__name__)
        await self._disconnect()

    async def _flush(self) -> None:
        if self._connection is None:
            self._connection = connection()
            async with asyncio.timeout(TIMEOUT):
                await self._connection.connect()  # type: ignore[no-untyped-call]
            self._connected_at = time.monotonic()
        size = min(BATCH, len(self._pending))
        batch = [_marked(self._pending.popleft()) for _ in range(size)]
        extra = [self._commands.popleft() for _ in range(len(self._commands))]
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._send(self._connection, [*self._commands_of(batch), *extra])
        except BaseException:
            self._pending.extendleft(reversed(batch))
            self._commands.extendleft(reversed(extra))  # an event said twice does no harm
            raise

    async def _send(self, conn: AbstractConnection, commands: list[tuple[Any, ...]]) -> None:
        await conn.send_packed_command(conn.pack_commands(commands), check_health=False)
        for _ in commands:
            try:
                await conn.read_response(disable_decoding=True)
            except ReadOnlyError:
                raise  # a failover made this server a replica: ask for the new one
            except ResponseError as error:
                # Of a repeated batch: this frame was stored before the connection broke.
                if "equal or smaller" not in str(error):
                    self._count_refusal(error)

    def _count_refusal(self, error: ResponseError) -> None:
        self.refused += 1
        now = time.monotonic()
        if now >= self._complain_at:
            self._complain_at = now + COMPLAIN_EVERY
            logger.error("Redis refused a write, %d in all: %s", self.refused, error)

    def _commands_of(self, batch: Iterable[_Pending]) -> Iterable[tuple[Any, ...]]:
        now = time.monotonic()
        # Behind a new connection may be a Redis that was restarted and is empty.
        renew_before = max(self._connected_at, now - EXPIRE_EVERY)
        for source, position, data, _ in batch:
            yield ("XADD", source.key, "MAXLEN", "~", self._maxlen, f"{position}-1", "f", data)
            if source.renewed_at < renew_before:
                source.renewed_at = now
                yield ("EXPIRE", source.key, EXPIRE_ALIVE)

    def _command(self, *command: Any) -> None:
        self._commands.append(command)
        self._wake.set()

    def _drop(self, entry: _Pending) -> None:
        entry.source.dropped += 1
        entry.source.gap_due = True
        self.dropped += 1

    async def _disconnect(self) -> None:
        if self._connection is not None:
            conn, self._connection = self._connection, None
            await conn.disconnect(nowait=True)
