"""One RTP tap: a leased port, whose packets are its, their order, and the tap's media."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Coroutine
from typing import Any, cast

from django.conf import settings

from .. import leases, media, metrics
from ..audio.jitter import JitterBuffer
from ..audio.pin import Address, Claim, SenderPin
from ..audio.rtp import CODECS, PAYLOAD_TYPES, Kind, RtpPacket, is_rtcp
from ..audio.tally import Tally
from ..models import FINAL, Tap
from .close import OVER, CloseCode, Closed, silent
from .database import threaded
from .record import RtpRecord
from .runtime import Runtime
from .stream import STALL, Flood, PacketStream, continue_at

logger = logging.getLogger(__name__)

REFUSED_FOR = 5.0  # seconds until a tap that was refused its media is tried again
WAITING = 24_000  # samples, 3 s, that wait for the media to be opened; more is lost
SOURCES = settings.RTP_SOURCES  # networks that senders may be in; none: any
#: What each payload type is, the configured events among them.
_KINDS = {**PAYLOAD_TYPES, **dict.fromkeys(settings.RTP_EVENT_TYPES, Kind.EVENT)}
RTCP_TYPES = range(64, 96)  # payload types that RTCP on RTP's port looks like: RFC 5761
MAX_DATAGRAM = 2048  # bytes; 120 ms are 972. asyncio would ask for 256 KiB each time

FAILED = Closed(CloseCode.INTERNAL, "an error on our side")


class RtpTap(asyncio.DatagramProtocol):
    """One leased port.

    Its packets are those of one sender, by address (see SenderPin) and within that by
    SSRC. Others are counted and dropped. That sender may be silent for as long as a
    WebSocket may before another takes its tap over.
    """

    def __init__(self, runtime: Runtime, lease: leases.Held) -> None:
        self.tap_id: uuid.UUID = lease.tap_id
        self.over = lease.state in FINAL
        self.heard_after_end = False
        self.transport: asyncio.DatagramTransport | None = None
        self._unbound = asyncio.Event()
        self._runtime = runtime
        self._id = uuid.uuid4().hex  # the media connection, as the tap's row names it
        self._pin = SenderPin(lease.source, SOURCES, STALL)
        self._buffer = JitterBuffer(_KINDS)
        self._stream: PacketStream | None = None
        self._job: asyncio.Task[None] | None = None  # opens or closes the media
        self._waiting: list[int] = []  # sizes of the packets that came before it was open
        self._try_after = 0.0
        self._failures = 0  # errors of ours
        self._tally = Tally()
        self._record = RtpRecord(runtime, lease.tap_id, self._tally, self.figures)
        self._payload_type = -1  # of the last packet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.transport.max_size = MAX_DATAGRAM  # type: ignore[attr-defined]  # the loop's own

    def connection_lost(self, exc: Exception | None) -> None:
        self._unbound.set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            packet = RtpPacket.parse(data)
        except ValueError as error:
            self._complain(data, error)
            return
        if packet.payload_type in RTCP_TYPES and is_rtcp(data):
            return
        now = time.monotonic()
        if self.over:
            if self._pin.source is None and _plays(packet):
                self._pin.claim(addr, packet, now)
            self.heard_after_end |= addr == self._pin.source
            return
        try:
            if addr != self._pin.source:
                claim = self._accept(addr, packet, now)
                if claim is None:
                    return
                self._take(claim.packet, claim.at)
            self._take(packet, now)
        except Exception:
            self._fail()

    def take_up(self) -> None:
        """Hold the tap's media before a packet comes: its sender was heard by another process,
        and may only be silent."""
        self._start(self._opened("a port that was bound again"))

    def tell(self, source: Address | None) -> None:
        """SignalWire has said where it sends from: who is not there is not the sender."""
        if source is not None and self._pin.tell(source):
            self._start_over()
            if self._stream is not None:
                self._stream.gap()

    def _take(self, packet: RtpPacket, now: float) -> None:
        """A packet of the sender."""
        if self._stream is None:
            self._wait(packet, now)
            return
        if not self._buffer.push(packet, now):
            return  # nothing that anybody hears: no sign of a sender that lives
        pin = self._pin
        pin.heard_at = now
        if not pin.proven:
            pin.prove(len(packet.payload), now)
        if packet.payload_type != self._payload_type:
            self._payload_type = packet.payload_type
            if codec := CODECS.get(_KINDS.get(packet.payload_type, Kind.UNKNOWN)):
                self._record.codec_came(codec)
        try:
            self._stream.packet(len(packet.payload))
        except Flood as flood:
            self._try_after = now + REFUSED_FOR
            self._close(Closed(CloseCode.POLICY, str(flood)))
            return
        for piece in self._buffer.pop(now):
            self._stream.play(piece)

    def end(self) -> None:
        """The tap is over: what still comes keeps the port, and is nobody's."""
        self.over = True
        self._close(OVER)

    def tick(self, now: float) -> None:
        """Send on what is due though no packet comes; not in a stall, which is no audio."""
        stream = self._stream
        if stream is None or self._pin.heard_at >= now or stream.stalled:
            return
        try:
            for piece in self._buffer.pop(now):
                stream.play(piece)
        except Exception:
            self._fail()

    def write_unheard(self, now: float) -> None:
        """Have the figures written down though no media is open: packets come, and
        nothing among them can be played."""
        if self._stream is None and self._job is None and self._record.is_due(now):
            self._start(self._record.write_figures())

    async def leave(self, closed: Closed) -> None:
        """Give the port and the media up."""
        if self.transport:
            self.transport.abort()
            await self._unbound.wait()  # the port may be another tap's in a moment
        if self._job:
            await asyncio.wait([self._job])
        self._close(closed)
        if self._job:
            await asyncio.wait([self._job])

    def figures(self) -> dict[str, float]:
        """The tap's packets, those of earlier senders among them."""
        return self._tally.total(self._buffer.figures)

    # Whose packets they are.

    def _complain(self, data: bytes, error: ValueError) -> None:
        if is_rtcp(data):
            return
        self._tally.malformed += 1
        if self._tally.malformed == 1:
            logger.info("tap %s: %s", self.tap_id, error)

    def _accept(self, addr: Address, packet: RtpPacket, now: float) -> Claim | None:
        """Judge a packet from elsewhere: whether that is the sender from here on."""
        plays = _plays(packet)
        claim = self._pin.claim(addr, packet, now) if plays else None
        if claim is not None:
            self._tally.strangers -= 1  # the packet before is the sender's too
            if claim.replaced is not None:
                self._replace(claim.replaced, addr, claim.silent)
        elif not plays and self._pin.is_open_to(addr, now):
            self._tally.pass_over(_KINDS.get(packet.payload_type, Kind.UNKNOWN))
        else:
            self._tally.strangers += 1
        return claim

    def _replace(self, before: Address, sender: Address, silent: bool) -> None:
        """Go on with another sender, and say so."""
        self._renew()
        if self._stream is not None and not silent:
            self._stream.gap()
        why = "was silent" if silent else "did not send in real time"
        self._record.note(f"media comes from {_shown(sender)} now: {_shown(before)} {why}")

    def _start_over(self) -> None:
        """What comes now is another sender's, or nobody's; what was counted stays."""
        self._renew()
        if not self.over:  # then its sender's late packets still keep the port
            self._pin.drop()

    def _renew(self) -> None:
        self._tally.end_sender(self._buffer.figures)
        self._buffer = JitterBuffer(_KINDS)
        self._waiting.clear()

    # The media: opened with the first packet, closed by silence or the tap's end.

    def _wait(self, packet: RtpPacket, now: float) -> None:
        if now < self._try_after:
            self._start_over()
            return
        if sum(self._waiting) < WAITING and self._buffer.push(packet, now):
            self._pin.heard_at = now
            self._pin.prove(len(packet.payload), now)
            self._waiting.append(len(packet.payload))
        if self._job is None:
            self._start(self._opened(f"{_shown(self._pin.source)}, SSRC {packet.ssrc:08x}"))

    def _fail(self) -> None:
        """An error of ours, which would come again with each packet: told once. Who listens
        hears the tap again from a new connection, and each that fails is longer in coming."""
        logger.exception("tap %s: its media is given up for a while", self.tap_id)
        self._try_after = time.monotonic() + REFUSED_FOR * 2**self._failures
        self._failures += 1
        self._start_over()
        self._close(FAILED)

    def _close(self, closed: Closed) -> None:
        if self._stream is not None and self._job is None:
            self._start(self._closed(self._stream, closed))

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        self._job = self._runtime.writes.begin(job)
        self._job.add_done_callback(self._job_done)

    def _job_done(self, job: asyncio.Task[None]) -> None:
        self._job = None
        if not self._record.is_well(job):
            self._try_after = time.monotonic() + REFUSED_FOR

    async def _opened(self, origin: str) -> None:
        try:
            tap, again = await self._taken(origin)
        except media.Refused as refusal:
            logger.info("tap %s: media refused: %s", self.tap_id, refusal)
            self._try_after = time.monotonic() + REFUSED_FOR
            return
        self._record.opened(tap)
        self._payload_type = -1  # so that the next packet's codec is compared with the row's
        position = await continue_at(self._runtime.hub, tap) if again else 0
        stream = PacketStream(tap.pk, tap.direction, self._runtime.writer, position)
        stream.socket = self._id
        stream.on_silent = lambda: self._close(silent())
        stream.on_over = lambda: self._close(OVER)
        stream.figures = self.figures
        for size in self._waiting:
            stream.packet(size)
        self._waiting.clear()
        self._stream = stream
        self._runtime.streams.add(stream)

    async def _taken(self, origin: str) -> tuple[Tap, bool]:
        """The tap's media. Who holds the port holds the media: a process that was killed
        left its name behind."""
        media_opened = threaded(media.opened)
        try:
            return await media_opened(self.tap_id, self._id, origin=origin)
        except media.Busy as busy:
            return await media_opened(self.tap_id, self._id, replacing=busy.socket, origin=origin)

    async def _closed(self, stream: PacketStream, closed: Closed) -> None:
        self._stream = None
        self._runtime.streams.remove(stream)
        stream.close()
        metrics.count("media_closed", label=str(int(closed.code)))
        count = stream.counted()
        count.rtp = self.figures()  # they may have grown since the last audio
        self._start_over()  # what comes next is another connection, from wherever
        self._record.closed()
        await threaded(media.closed)(self.tap_id, self._id, count, closed.reason)


def _plays(packet: RtpPacket) -> bool:
    return bool(packet.payload) and _KINDS.get(packet.payload_type) in CODECS


def _shown(address: Address | None) -> str:
    return f"{address[0]}:{address[1]}" if address else "nowhere"
