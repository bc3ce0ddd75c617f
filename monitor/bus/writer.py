"""StreamWriter: writes the audio, events and levels of a process to Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from redis.exceptions import ResponseError

from monitor.bus import ring
from monitor.bus.connection import RedisConnection, open_connection, pack
from monitor.bus.keys import (
    EVENTS,
    EVENTS_KEPT,
    METERS,
    METERS_KEPT,
    SECONDS,
    SECONDS_KEPT_FOR,
)
from monitor.bus.reconnect import Reconnect
from monitor.bus.redis import TIMEOUT, Unavailable, describe
from monitor.bus.ring import RingTarget
from monitor.bus.timing import gather_time
from monitor.telemetry.episodes import Episodes
from monitor.telemetry.metrics import Metrics
from monitor.wire import frame

logger = logging.getLogger(__name__)

#: Errors after which the batch is sent again, because they pass: the server is still loading its
#: data, has lost its replicas, or a failover has made it a replica, and its name or the Sentinels
#: will soon lead to another server.
TRANSIENT_ERRORS = ("LOADING", "MASTERDOWN", "NOREPLICAS", "READONLY")
BATCH_SIZE = 512  # Frames in one round trip
#: Seconds for which audio may wait for Redis. After that it is too late for a live call.
MAX_AGE = 3.0


class _Pending(NamedTuple):
    target: RingTarget
    position: int
    data: bytes
    queued_at: float  # monotonic seconds


def _flagged(entry: _Pending) -> _Pending:
    """Return the entry, flagged with GAP if it follows a Frame that was dropped or refused."""
    if not entry.target.gap_due:
        return entry
    entry.target.gap_due = False
    return entry._replace(data=frame.with_flags(entry.data, frame.Flag.GAP))


class StreamWriter:
    """Queues everything that a process writes, and sends it in batches.

    ``add_frame`` never waits: audio gathers for a quarter of a chunk, and then is sent in one
    round trip. While Redis is away, the oldest audio is dropped and counted. A Frame that Redis
    refuses is lost, and counted at once: it cannot be sent again, because a later Frame may be
    stored already.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._gather = gather_time()  # seconds
        self._pending: deque[_Pending] = deque()
        self._commands: deque[bytes] = deque(maxlen=1000)  # packed
        self._wake = asyncio.Event()
        self._connection: RedisConnection | None = None
        self._connected_at = 0.0
        self._is_retry = False  # whether the next batch has been sent before
        self._refusals = Episodes()
        self.dropped = 0
        self.refused = 0
        #: Awaited whenever a connection was opened, before anything queued is sent. If it raises
        #: Unavailable, that is tried again.
        self.before_sending: Callable[[], Awaitable[None]] = _nothing
        self.reconnect = Reconnect(metrics, "write")

    def add_frame(self, target: RingTarget, position: int, data: bytes) -> None:
        """Queue one Frame for a tap's ring."""
        now = time.monotonic()
        self._pending.append(_Pending(target, position, data, now))
        self._drop_late(now)
        self._wake.set()

    def add_meters(self, payload: str) -> None:
        """Queue a batch of levels."""
        self._queue(pack("XADD", METERS, "MAXLEN", "~", METERS_KEPT, "*", "j", payload))

    def add_second(self, payload: str) -> None:
        """Queue what was heard in a second, and drop what was heard too long ago."""
        oldest = int((time.time() - SECONDS_KEPT_FOR) * 1000)
        self._queue(pack("XADD", SECONDS, "MINID", "~", oldest, "*", "j", payload))
        self._queue(pack("EXPIRE", SECONDS, SECONDS_KEPT_FOR))

    def add_event(self, payload: str) -> None:
        """Queue an event that no database transaction has to commit first."""
        self._queue(pack("XADD", EVENTS, "MAXLEN", "~", EVENTS_KEPT, "*", "j", payload))

    def expire_ring(self, target: RingTarget) -> None:
        """Have the ring of a tap that has ended expire."""
        self._queue(target.expire())

    def delete_ring(self, target: RingTarget) -> None:
        """Delete a tap's ring, and drop the Frames that are queued for it.

        After an outage of Redis, the queued Frames take several round trips. If one of them was
        stored after the deletion, it would create the ring again, which would then never expire.
        """
        self._pending = deque(entry for entry in self._pending if entry.target is not target)
        self._queue(pack("DEL", target.key))

    def forget_since(self, target: RingTarget, since: int) -> None:
        """Delete what was received of a tap since then, in µs, whether it is stored or queued.

        A batch under way is stored before that, or is sent again together with it.
        """
        self._pending = deque(
            entry
            for entry in self._pending
            if entry.target is not target or not frame.is_unmasked_since(entry.data, since)
        )
        self._queue(target.forget_since(since))

    async def run(self) -> None:
        """Send what is queued until cancelled; after a reconnect, send again what had no answer."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._gather)
            self._wake.clear()
            try:
                while self._pending or self._commands:
                    await self._flush()
                self.reconnect.succeeded()
            except Unavailable as error:
                await self._disconnect()
                await self.reconnect.after(error)
                self._wake.set()

    async def drain(self) -> None:
        """Make one attempt to send what is still queued, before the process ends."""
        try:
            while self._pending or self._commands:
                await self._flush()
        except Unavailable as error:
            logger.warning("the last write to Redis failed: %s", describe(error))
        await self._disconnect()

    async def _flush(self) -> None:
        if self._connection is None:
            connection = await open_connection(TIMEOUT)
            try:
                await self.before_sending()
            except BaseException:
                await connection.close()
                raise
            self._connection, self._connected_at = connection, time.monotonic()
        # A batch that failed is queued again, and may have become too old meanwhile.
        self._drop_late(time.monotonic())
        size = min(BATCH_SIZE, len(self._pending))
        batch = [self._pending.popleft() for _ in range(size)]
        extra = [self._commands.popleft() for _ in range(len(self._commands))]
        try:
            await self._find_losses(self._connection, batch)
            batch = list(map(_flagged, batch))
            await self._send(self._connection, batch, extra)
            self._is_retry = False
        except BaseException:
            self._is_retry = True
            self._pending.extendleft(reversed(batch))
            self._commands.extendleft(reversed(extra))  # a repeated event does no harm
            raise

    async def _find_losses(self, connection: RedisConnection, batch: list[_Pending]) -> None:
        """Count what the server lacks of what was confirmed before this connection was opened.

        A replica that takes the place of its master may not have had the last Frames yet.
        """
        expired = time.monotonic() - ring.KEPT_UNRENEWED
        targets = [
            target
            for target in {entry.target for entry in batch}
            if target.confirmed >= 0 and expired < target.renewed_at < self._connected_at
        ]
        if not targets:
            return
        answers = await connection.call(b"".join(one.newest() for one in targets), len(targets))
        for target, newest in zip(targets, answers, strict=True):
            if not isinstance(newest, ResponseError) and (missing := target.missing(newest)):
                self._lose(target, "not replicated", missing)

    async def _send(
        self, connection: RedisConnection, batch: list[_Pending], extra: list[bytes]
    ) -> None:
        commands = [*self._commands_of(batch), *extra]
        answers = await connection.call(b"".join(commands), len(commands))
        for entry, answer in zip(batch, answers, strict=False):
            if type(answer) is bytes:
                entry.target.confirmed = entry.position
        errors = [(at, one) for at, one in enumerate(answers) if isinstance(one, ResponseError)]
        for _, error in errors:
            if str(error).startswith(TRANSIENT_ERRORS):
                raise error
        for at, error in errors:
            # In a batch that is sent again, this Frame was stored before the connection broke. In
            # any other, a sender that ran ahead of the clock continues at an earlier position.
            if self._is_retry and "equal or smaller" in str(error):
                continue
            self._count_refusal(error)
            if at < len(batch):
                self._lose(batch[at].target, "refused by Redis")

    def _count_refusal(self, error: ResponseError) -> None:
        self.refused += 1
        if self._refusals.begins(str(error).partition(" ")[0]):
            logger.error("Redis refused a write, and may refuse more: %s", error)

    def _commands_of(self, batch: Iterable[_Pending]) -> list[bytes]:
        """Return the commands that store a batch and renew the expiry of its rings.

        Those that store come first, so that the answer to a Frame has the Frame's index.
        """
        now = time.monotonic()
        # A new connection may lead to a Redis that was restarted and is empty.
        renew_before = max(self._connected_at, now - ring.RENEW_EVERY)
        stores: list[bytes] = []
        renewals: list[bytes] = []
        for target, position, data, _ in batch:
            stores.append(target.xadd(position, data))
            if target.renewed_at < renew_before:
                renewals.append(target.renew(now))
        return stores + renewals

    def _queue(self, command: bytes) -> None:
        self._commands.append(command)
        self._wake.set()

    def _drop_late(self, now: float) -> None:
        """Drop the audio that has waited too long for a live call."""
        while self._pending and self._pending[0].queued_at < now - MAX_AGE:
            self.dropped += 1
            self._lose(self._pending.popleft().target, "Redis away")

    def _lose(self, target: RingTarget, cause: str, frames: int = 1) -> None:
        """Count lost Frames, and have the next Frame of their tap flagged with GAP."""
        target.dropped += frames
        target.gap_due = True
        self._metrics.dropped.add(frames, cause)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()


async def _nothing() -> None:
    """Wait for nothing before what is queued is sent."""
