"""RTP taps: a UDP port each, as leased, and from there the way of every tap.

    Receiver   binds what is leased, and keeps the time of all ports
    RtpTap     one port: whose packets they are, their order, the tap's media

Several processes may run: a port that another has bound is tried again with the
next look at the leases, so one takes over from another that ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any, cast

from django.conf import settings
from django.db import DatabaseError

from .. import leases, metrics, taps
from ..audio.figures import Figures
from ..audio.jitter import JitterBuffer
from ..audio.rtp import RtpPacket, is_rtcp
from ..models import ENDED, Tap
from . import bus
from .close import CloseCode
from .database import threaded
from .runtime import Runtime
from .stream import DEAD, Flood, PacketStream, continue_at

logger = logging.getLogger(__name__)

TICK = 0.02  # seconds between two looks at what is overdue
LOOK = 1.0  # seconds between two looks at the leases; an event brings one at once
GIVE_BACK = 10.0  # seconds between two looks for leases that are over
REFUSED_FOR = 5.0  # seconds until a tap that was refused its media is tried again

DEAD_SILENT = f"closed {CloseCode.TOO_SLOW}: no audio for {DEAD:.0f} s"
OVER = f"closed {CloseCode.DONE}: the tap is over"
Address = tuple[str, int]


class RtpTap(asyncio.DatagramProtocol):
    """One leased port.

    The first sender of an RTP packet is its tap's; others are counted and dropped.
    """

    def __init__(self, runtime: Runtime, lease: leases.Held) -> None:
        self.lease_pk = lease.pk
        self.tap_id: uuid.UUID = lease.tap_id
        self.over = lease.state in ENDED
        self.heard_after_end = False
        self.transport: asyncio.DatagramTransport | None = None
        self._runtime = runtime
        self._id = uuid.uuid4().hex  # the media connection, as the tap's row names it
        self._source: Address | None = None
        self._buffer = JitterBuffer()
        self._stream: PacketStream | None = None
        self._job: asyncio.Task[None] | None = None  # opens or closes the media
        self._waiting: list[int] = []  # sizes of the packets that came before it was open
        self._try_after = 0.0
        self._before: dict[str, float] = {}  # figures of the connections before this one
        self._strangers = 0  # packets from other addresses
        self._malformed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self.over:
            self.heard_after_end = True
            return
        if is_rtcp(data):
            return
        try:
            packet = RtpPacket.parse(data)
        except ValueError as error:
            self._complain(error)
            return
        if addr != self._source:
            if self._source is not None:
                self._strangers += 1
                return
            self._source = addr
        now = time.monotonic()
        self._buffer.push(packet, now)
        stream = self._stream
        if stream is None:
            self._waiting.append(len(packet.payload))
            self._open(now)
            return
        try:
            stream.packet(len(packet.payload))
        except Flood as flood:
            self._close(f"closed {CloseCode.POLICY}: {flood}")
            return
        for piece in self._buffer.pop(now):
            stream.play(piece)

    def end(self) -> None:
        """The tap is over: what still comes keeps the port, and is nobody's."""
        self.over = True
        self._close(OVER)

    def tick(self, now: float) -> None:
        """Send on what is due though no packet comes; not in a stall, which is no audio."""
        stream = self._stream
        if stream is not None and not stream.stalled:
            for piece in self._buffer.pop(now):
                stream.play(piece)

    async def leave(self, reason: str) -> None:
        """Give the port and the media up."""
        if self.transport:
            self.transport.abort()
        if self._job:
            await asyncio.wait([self._job])
        self._close(reason)
        if self._job:
            await asyncio.wait([self._job])

    def figures(self) -> dict[str, float]:
        """The tap's packets, those of earlier connections among them."""
        counted: Figures = self._buffer.figures
        own = asdict(counted) | {
            "lost": counted.lost,
            "strangers": self._strangers,
            "malformed": self._malformed,
        }
        own.pop("jitter")
        total = {name: value + self._before.get(name, 0) for name, value in own.items()}
        return total | {"jitter_ms": round(counted.jitter_ms, 2)}

    def _complain(self, error: ValueError) -> None:
        self._malformed += 1
        if self._malformed == 1:
            logger.info("tap %s: %s", self.tap_id, error)

    # The media: opened with the first packet, closed by silence or the tap's end.

    def _open(self, now: float) -> None:
        if self._job is None:
            if now >= self._try_after:
                self._start(self._opened())
            else:
                self._forget()

    def _forget(self) -> None:
        """What came is nobody's: the next packet may be anybody's first."""
        self._buffer, self._source = JitterBuffer(), None
        self._waiting.clear()

    def _close(self, reason: str) -> None:
        if self._stream is not None and self._job is None:
            self._start(self._closed(self._stream, reason))

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        self._job = asyncio.get_running_loop().create_task(job)
        self._job.add_done_callback(self._job_done)

    def _job_done(self, job: asyncio.Task[None]) -> None:
        self._job = None
        if not job.cancelled() and (error := job.exception()):
            logger.error("tap %s: %s", self.tap_id, error, exc_info=error)
            self._try_after = time.monotonic() + REFUSED_FOR

    async def _opened(self) -> None:
        try:
            tap, again = await self._taken()
        except taps.MediaRefused as refusal:
            logger.info("tap %s: media refused: %s", self.tap_id, refusal)
            self._try_after = time.monotonic() + REFUSED_FOR
            self._forget()
            return
        self._before = {k: v for k, v in (tap.rtp or {}).items() if k != "jitter_ms"}
        position = await continue_at(self._runtime.hub, tap) if again else 0
        stream = PacketStream(tap.pk, tap.direction, self._runtime.writer, position)
        stream.socket = self._id
        stream.on_dead = lambda: self._close(DEAD_SILENT)
        stream.on_over = lambda: self._close(OVER)
        stream.figures = self.figures
        for size in self._waiting:
            stream.packet(size)
        self._waiting.clear()
        self._stream = stream
        self._runtime.streams.add(stream)

    async def _taken(self) -> tuple[Tap, bool]:
        """The tap's media. Who holds the port holds the media: a process that was killed
        left its name behind."""
        media_opened = threaded(taps.media_opened)
        try:
            return await media_opened(self.tap_id, self._id)
        except taps.MediaBusy as busy:
            return await media_opened(self.tap_id, self._id, replacing=busy.socket)

    async def _closed(self, stream: PacketStream, reason: str) -> None:
        self._stream = None
        self._runtime.streams.remove(stream)
        stream.close()
        metrics.count("media_closed", label=reason.split(":")[0].removeprefix("closed "))
        await threaded(taps.media_closed)(self.tap_id, self._id, stream.counted(), reason)
        # What comes next is another connection, from wherever.
        self._before = self.figures()
        self._before.pop("jitter_ms")
        self._forget()
        self._strangers = self._malformed = 0


class Receiver:
    """Every port that is leased at this address and free on this machine."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._taps: dict[int, RtpTap] = {}  # by lease
        self._look = asyncio.Event()
        self._foreign: set[int] = set()  # leases whose port another process has
        self._give_back_at = 0.0

    def __len__(self) -> int:
        return len(self._taps)

    async def run(self) -> None:
        """Receive, for ever."""
        ticking = asyncio.create_task(self._tick())
        try:
            with contextlib.suppress(*bus.Unavailable):
                await self._runtime.hub.subscribe(bus.EVENTS, self._event)
            while True:
                try:
                    await self.look()
                except DatabaseError:
                    logger.exception("leases not read; again in %s s", LOOK)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._look.wait()
                self._look.clear()
        finally:
            ticking.cancel()
            await asyncio.gather(*(tap.leave("the server restarts") for tap in self._taps.values()))

    async def look(self) -> None:
        """Bind what is leased, give up what is not."""
        found = await threaded(self._read)()
        for lease in found:
            tap = self._taps.get(lease.pk)
            if tap is None:
                await self._bind(lease)
            elif lease.state in ENDED:
                tap.end()
        known = {lease.pk for lease in found}
        for pk in self._taps.keys() - known:
            await self._taps.pop(pk).leave("the lease is over")

    def _read(self) -> list[leases.Held]:
        """The leases as they are now; in the database's thread."""
        late = [tap.tap_id for tap in self._taps.values() if tap.heard_after_end]
        if late:
            leases.heard(late)
            for tap in self._taps.values():
                tap.heard_after_end = False
        if (now := time.monotonic()) >= self._give_back_at:
            self._give_back_at = now + GIVE_BACK
            leases.give_back()
        return leases.held(settings.RTP_PUBLIC_IP)

    async def _bind(self, lease: leases.Held) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, tap = await loop.create_datagram_endpoint(
                lambda: RtpTap(self._runtime, lease), (settings.RTP_HOST, lease.port)
            )
        except OSError as error:
            if lease.pk not in self._foreign:
                self._foreign.add(lease.pk)
                logger.warning("port %s is not received here: %s", lease.port, error)
            return
        self._foreign.discard(lease.pk)
        self._taps[lease.pk] = tap

    def _event(self, value: bytes) -> None:
        if b'"rtp"' in value:
            self._look.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for tap in self._taps.values():
                tap.tick(now)
