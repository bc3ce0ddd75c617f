"""StreamWriter: writes the audio, events and levels of a process to Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from monitor.bus.connection import pack
from monitor.bus.keys import (
    EVENTS,
    EVENTS_KEPT,
    LANES,
    METERS,
    METERS_KEPT,
    SECONDS,
    SECONDS_KEPT_FOR,
)
from monitor.bus.lane_queue import LaneQueue
from monitor.bus.links import Links
from monitor.bus.losses import Losses
from monitor.bus.nodes import new_nodes
from monitor.bus.reconnect import Reconnect
from monitor.bus.redis import Unavailable, describe
from monitor.bus.ring import RingTarget
from monitor.bus.timing import gather_time
from monitor.bus.writer_link import WriterLink
from monitor.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


class StreamWriter:
    """Queues everything that a process writes, and sends it in batches.

    ``add_frame`` never waits: audio gathers for a quarter of a chunk, and then is sent in one
    round trip to each server. While a server is away, the oldest audio for it is dropped and
    counted. A Frame that Redis refuses is lost, and counted at once: it cannot be sent again,
    because a later Frame may be stored already.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._gather = gather_time()  # seconds
        self._losses = Losses(metrics)
        self._nodes = new_nodes()
        self._links = Links(self._nodes, self._serve, metrics, "write")
        self._nodes.on_change = self._follow_nodes
        self._queues: dict[int, LaneQueue] = {}
        self._audio = [self._queue_of(f"{{{tag}}}") for tag in LANES]
        self._wakes: dict[str, asyncio.Event] = {}  # by node
        #: Awaited whenever a connection was opened, before anything queued is sent. If it raises
        #: Unavailable, that is tried again.
        self.before_sending: Callable[[], Awaitable[None]] = _nothing

    @property
    def dropped(self) -> int:
        """How many Frames have waited for Redis for too long."""
        return self._losses.dropped

    @property
    def refused(self) -> int:
        """How many commands Redis has refused."""
        return self._losses.refused

    @property
    def breaks(self) -> int:
        """How many connections have broken."""
        return self._links.breaks

    def add_frame(self, target: RingTarget, position: int, data: bytes) -> None:
        """Queue one Frame for a tap's ring."""
        queue = self._audio[target.lane]
        if not queue.frames:
            self._wake(queue)
        queue.add(target, position, data)

    def add_meters(self, payload: str) -> None:
        """Queue a batch of levels."""
        self._queue(METERS, pack("XADD", METERS, "MAXLEN", "~", METERS_KEPT, "*", "j", payload))

    def add_second(self, payload: str) -> None:
        """Queue what was heard in a second, and drop what was heard too long ago."""
        oldest = int((time.time() - SECONDS_KEPT_FOR) * 1000)
        self._queue(SECONDS, pack("XADD", SECONDS, "MINID", "~", oldest, "*", "j", payload))
        self._queue(SECONDS, pack("EXPIRE", SECONDS, SECONDS_KEPT_FOR))

    def add_event(self, payload: str) -> None:
        """Queue an event that no database transaction has to commit first."""
        self._queue(EVENTS, pack("XADD", EVENTS, "MAXLEN", "~", EVENTS_KEPT, "*", "j", payload))

    def expire_ring(self, target: RingTarget) -> None:
        """Have the ring of a tap that has ended expire."""
        self._queue(target.key, target.expire())

    def delete_ring(self, target: RingTarget) -> None:
        """Delete a tap's ring, and drop the Frames that are queued for it.

        After an outage of Redis, the queued Frames take several round trips. If one of them was
        stored after the deletion, it would create the ring again, which would then never expire.
        """
        self._audio[target.lane].discard(target)
        self._queue(target.key, pack("DEL", target.key))

    def forget_since(self, target: RingTarget, since: int) -> None:
        """Delete what was received of a tap since then, in µs, whether it is stored or queued.

        A batch under way is stored before that, or is sent again together with it.
        """
        self._audio[target.lane].discard(target, since)
        self._queue(target.key, target.forget_since(since))

    async def run(self) -> None:
        """Send what is queued until cancelled; after a reconnect, send again what had no answer."""
        await self._links.run()

    async def drain(self) -> None:
        """Make one attempt to send what is still queued, before the process ends."""
        try:
            if not self._nodes.names:
                await self._nodes.refresh()
            outcomes = await asyncio.gather(
                *map(self._drain, self._nodes.names), return_exceptions=True
            )
            for error in outcomes:
                if isinstance(error, BaseException):
                    raise error
        except Unavailable as error:
            logger.warning("the last write to Redis failed: %s", describe(error))
        await self._nodes.close()

    async def _drain(self, node: str) -> None:
        link = self._link(node)
        try:
            await link.flush()
        finally:
            await link.close()

    async def _serve(self, node: str, reconnect: Reconnect) -> None:
        """Send what is queued for a node until the connection breaks, or the node goes."""
        wake = self._wakes.setdefault(node, asyncio.Event())
        wake.set()  # something may wait already
        link = self._link(node)
        try:
            while node in self._nodes.names:
                await wake.wait()
                await asyncio.sleep(self._gather)
                wake.clear()
                await link.flush()
                reconnect.succeeded()
        finally:
            await link.close()

    def _link(self, node: str) -> WriterLink:
        queues = self._queues.values()
        return WriterLink(
            node, self._nodes, queues, self._losses, self._wake, lambda: self.before_sending()
        )

    def _queue_of(self, key: str) -> LaneQueue:
        lane = self._nodes.lane_of(key)
        if lane not in self._queues:
            self._queues[lane] = LaneQueue(lane, self._losses)
        return self._queues[lane]

    def _queue(self, key: str, command: bytes) -> None:
        queue = self._queue_of(key)
        queue.commands.append(command)
        self._wake(queue)

    def _wake(self, queue: LaneQueue) -> None:
        """Have the node that has this lane sent what waits for it, if it is known."""
        if wake := self._wakes.get(self._nodes.node_of(queue.lane)):
            wake.set()

    def _follow_nodes(self) -> None:
        """Have what waits sent to the nodes that have it from now on."""
        self._links.start()
        for wake in self._wakes.values():
            wake.set()


async def _nothing() -> None:
    """Wait for nothing before what is queued is sent."""
