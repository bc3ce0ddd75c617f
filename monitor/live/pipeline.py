"""The write pipeline of a process: audio, events and levels into Redis."""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from redis.exceptions import ResponseError

from .. import metrics
from ..audio import frame
from . import bus
from .episodes import Episodes
from .link import Link, bulk, pack

logger = logging.getLogger(__name__)

EXPIRE_AFTER_END = 60  # seconds a ring outlives its tap
EXPIRE_ALIVE = 120  # seconds; renewed while audio flows, so a crash leaves no key behind
EXPIRE_EVERY = 10.0  # seconds between renewals
#: Errors that pass by themselves: the server still loads its data, or a failover has made it
#: a replica and the same name will soon lead to another one. The batch is sent again.
PASSING = ("LOADING", "MASTERDOWN", "READONLY")
BATCH = 512  # commands in one round trip
MAX_AGE = 3.0  # seconds audio may wait for Redis; older is dropped, for live audio is late by then


class Source:
    """What the writer knows of one tap: its key, and how many Frames it has lost."""

    __slots__ = ("_xadd", "dropped", "gap_due", "key", "renewed_at")

    def __init__(self, tap_id: uuid.UUID) -> None:
        self.key = bus.audio_key(tap_id)
        frames = settings.RING_SECONDS * 1000 // settings.CHUNK_MS
        words = (b"XADD", self.key.encode(), b"MAXLEN", b"~", b"%d" % frames)
        self._xadd = b"*8\r\n" + b"".join(map(bulk, words))  # what is the same each time
        self.dropped = 0
        self.gap_due = False
        self.renewed_at = -math.inf  # when the ring's expiry was last put off

    def xadd(self, position: int, data: bytes) -> bytes:
        """The command that stores a Frame, packed."""
        entry_id = b"%d-1" % position
        parts = (self._xadd, len(entry_id), entry_id, len(data), data)
        return b"%b$%d\r\n%b\r\n$1\r\nf\r\n$%d\r\n%b\r\n" % parts


class _Pending(NamedTuple):
    source: Source
    position: int
    data: bytes
    at: float


def _marked(entry: _Pending) -> _Pending:
    """Flag the first frame that is sent after one that was dropped or refused."""
    if not entry.source.gap_due:
        return entry
    entry.source.gap_due = False
    return entry._replace(data=frame.with_flags(entry.data, frame.Flag.GAP))


class Writer:
    """The one write pipeline of a process.

    ``add`` never waits: audio is gathered for a quarter of a chunk and sent in one
    round trip. While Redis is away the oldest audio is dropped and counted. A Frame that
    Redis refuses is lost and counted at once: it cannot be sent again, because a later
    one may be stored already.
    """

    def __init__(self) -> None:
        self._gather = settings.CHUNK_MS / 4000  # seconds
        self._pending: deque[_Pending] = deque()
        self._commands: deque[bytes] = deque(maxlen=1000)  # packed
        self._wake = asyncio.Event()
        self._link: Link | None = None
        self._connected_at = 0.0
        self._again = False  # has what is sent next been sent before?
        self._refusals = Episodes()
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
        self._command("XADD", bus.METERS, "MAXLEN", "~", bus.METERS_KEPT, "*", "j", payload)

    def event(self, payload: str) -> None:
        """Queue an event of no transaction."""
        self._command("XADD", bus.EVENTS, "MAXLEN", "~", bus.EVENTS_KEPT, "*", "j", payload)

    def end(self, source: Source) -> None:
        """Let a tap's ring expire."""
        self._command("EXPIRE", source.key, EXPIRE_AFTER_END)

    def forget(self, source: Source) -> None:
        """Delete a tap's ring, and drop what waits to be stored there.

        After an outage of Redis, waiting Frames take several round trips. Those stored
        after the deletion would create the ring again, and it would never expire.
        """
        self._pending = deque(entry for entry in self._pending if entry.source is not source)
        self._command("DEL", source.key)

    async def run(self) -> None:
        """Send what is queued, for ever; reconnect, and send again what was not answered."""
        pause = 0.02
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._gather)
            self._wake.clear()
            try:
                while self._pending or self._commands:
                    await self._flush()
                pause = 0.02
            except bus.Unavailable as error:
                logger.warning("Redis write: %s", str(error) or type(error).__name__)
                self.reconnects += 1
                metrics.count("redis_reconnects", label="write")
                await self._disconnect()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
                self._wake.set()

    async def drain(self) -> None:
        """Send what is left, once, before the process ends."""
        try:
            while self._pending or self._commands:
                await self._flush()
        except bus.Unavailable as error:
            logger.warning("Redis write at the end: %s", str(error) or type(error).__name__)
        await self._disconnect()

    async def _flush(self) -> None:
        if self._link is None:
            self._link = Link(bus.connection(), bus.TIMEOUT)
            await self._link.open()
            self._connected_at = time.monotonic()
        size = min(BATCH, len(self._pending))
        batch = [_marked(self._pending.popleft()) for _ in range(size)]
        extra = [self._commands.popleft() for _ in range(len(self._commands))]
        try:
            await self._send(self._link, batch, extra)
            self._again = False
        except BaseException:
            self._again = True
            self._pending.extendleft(reversed(batch))
            self._commands.extendleft(reversed(extra))  # an event said twice does no harm
            raise

    async def _send(self, link: Link, batch: list[_Pending], extra: list[bytes]) -> None:
        commands = [*self._commands_of(batch), *extra]
        answers = await link.call(b"".join(commands), len(commands))
        errors = [(at, one) for at, one in enumerate(answers) if isinstance(one, ResponseError)]
        for _, error in errors:
            if str(error).startswith(PASSING):
                raise error
        for at, error in errors:
            # Of a repeated batch: this frame was stored before the connection broke.
            # Of any other: a sender that was ahead of the clock is taken on behind its ring.
            if self._again and "equal or smaller" in str(error):
                continue
            self._count_refusal(error)
            if at < len(batch):
                self._lose(batch[at].source, "refused by Redis")

    def _count_refusal(self, error: ResponseError) -> None:
        self.refused += 1
        if self._refusals.begins(str(error).partition(" ")[0]):
            logger.error("Redis refused a write, and may refuse more: %s", error)

    def _commands_of(self, batch: Iterable[_Pending]) -> list[bytes]:
        """The commands that store a batch. Those of the Frames come first and in order, so that
        the place of an answer tells which Frame it is about."""
        now = time.monotonic()
        # Behind a new connection may be a Redis that was restarted and is empty.
        renew_before = max(self._connected_at, now - EXPIRE_EVERY)
        stores: list[bytes] = []
        renewals: list[bytes] = []
        for source, position, data, _ in batch:
            stores.append(source.xadd(position, data))
            if source.renewed_at < renew_before:
                source.renewed_at = now
                renewals.append(pack("EXPIRE", source.key, EXPIRE_ALIVE))
        return stores + renewals

    def _command(self, *command: str | int) -> None:
        self._commands.append(pack(*command))
        self._wake.set()

    def _drop(self, entry: _Pending) -> None:
        self.dropped += 1
        self._lose(entry.source, "Redis away")

    def _lose(self, source: Source, cause: str) -> None:
        """Count a Frame that nobody will hear, and have the tap's next one say so."""
        source.dropped += 1
        source.gap_due = True
        metrics.count("dropped", label=cause)

    async def _disconnect(self) -> None:
        if self._link is not None:
            link, self._link = self._link, None
            await link.close()
