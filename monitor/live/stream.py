"""One tap's audio on its way in: join, decode, measure, number, hand to the bus.

The same for every transport; what reads a socket only calls ``feed``.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from .. import metrics, taps
from ..audio import frame, g711, level
from ..audio.timeline import Piece
from ..models import Tap
from . import bus, pipeline
from .database import threaded
from .hub import Hub

logger = logging.getLogger(__name__)

STALL = 3.0  # seconds without audio: the tap is shown stalled, another socket may take over
DEAD = 30.0  # seconds without audio: the media connection is given up
BURST = 60.0  # seconds of audio that may come ahead of time: a sender makes up for a pause
DRIFT = 0.02  # of real time that may always come more: a clock 1 % fast is 36 s ahead in an hour
TICK = 0.2  # seconds between two batches of levels
PACKETS_EVERY = 5  # batches of levels: the figures of RTP's packets go with one a second
CHECKPOINT = 10.0  # seconds between two writings of the counters

LEGS = {"both": frame.Leg.BOTH, "speak": frame.Leg.SPEAK, "listen": frame.Leg.LISTEN}


class Flood(Exception):
    """Audio comes faster than any call makes it."""


class TapStream:
    """The audio of one media connection of one tap.

    ``position`` counts samples since the tap's media began. What was received
    counts, and so does what is known to be lost; a sender that is silent for a
    while and goes on does not move it.
    """

    def __init__(
        self, tap_id: uuid.UUID, direction: str, writer: pipeline.Writer, position: int = 0
    ) -> None:
        self.tap_id = tap_id
        self.codec: g711.Codec = "PCMU"
        self.count = taps.MediaCount()
        self.last_at = time.monotonic()
        self.fed = False  # has any audio come?
        self.on_dead: Callable[[], None] = lambda: None
        self.on_over: Callable[[], None] = lambda: None  # the tap has ended, or another has it
        self.figures: Callable[[], dict[str, float] | None] = lambda: None  # of RTP's packets
        self.socket = ""  # whose the tap's media must be
        self._leg = LEGS[direction]
        self._writer = writer
        self._source = pipeline.Source(tap_id)
        self.continues = position > 0  # another connection had the tap before
        self._flags = frame.Flag.GAP if self.continues else frame.Flag.NONE  # of the next frame
        self._position = position
        self._chunk = settings.CHUNK_MS * g711.SAMPLE_RATE // 1000  # samples
        self._joined = bytearray()
        self._newest = b""  # s16le of the last Frame
        self._ahead = 0.0  # seconds of audio received ahead of real time

    @property
    def stalled(self) -> bool:
        return time.monotonic() - self.last_at > STALL

    @property
    def level(self) -> level.Level:
        """Of the last Frame. Measured for the meters, five times a second, and not with each."""
        return level.measure(self._newest)

    def feed(self, payload: bytes) -> None:
        """Take encoded audio of any length.

        Raises Flood when over BURST seconds have come ahead of time.
        """
        if not payload:
            return
        self._arrived(len(payload))
        self._joined += payload
        while len(self._joined) >= self._chunk:
            self._emit(self._chunk)

    def gap(self) -> None:
        """Audio is missing from here on."""
        self.flush()
        self.count.gaps += 1
        self._flags = frame.Flag.GAP

    def flush(self) -> None:
        """Send on what waits for a full chunk."""
        if self._joined:
            self._emit(len(self._joined))

    def close(self) -> None:
        """Send on the rest, and let the ring expire."""
        self.flush()
        self._writer.end(self._source)

    def counted(self) -> taps.MediaCount:
        """What came since the last call."""
        count, self.count = self.count, taps.MediaCount()
        dropped, self._source.dropped = self._source.dropped, 0
        count.gaps += bool(dropped)
        if count.frames:
            count.rtp = self.figures()
            silent = datetime.timedelta(seconds=time.monotonic() - self.last_at)
            count.last_at = datetime.datetime.now(datetime.UTC) - silent
        return count

    def _arrived(self, size: int) -> None:
        """Count a message or packet of so many samples, a byte each."""
        now = time.monotonic()
        silent = now - self.last_at
        self.last_at = now
        self._ahead = max(0.0, self._ahead - silent * (1 + DRIFT)) + size / g711.SAMPLE_RATE
        if self._ahead > BURST:
            raise Flood(f"over {BURST:.0f} s of audio ahead of real time")
        if silent > STALL:
            self.gap()
        self.fed = True
        count, hot = self.count, metrics.hot
        count.frames += 1
        count.bytes += size
        hot.frames_in += 1
        hot.bytes_in += size

    def _emit(self, size: int) -> None:
        pcm = g711.decode(self.codec, bytes(self._joined[:size]))
        del self._joined[:size]
        self._send(pcm, size)

    def _send(self, pcm: bytes, size: int) -> None:
        self._newest = pcm
        received_at = time.time_ns() // 1000
        data = frame.pack(self._leg, self._flags, self._position, received_at, pcm)
        self._writer.add(self._source, self._position, data)
        self._flags = frame.Flag.NONE
        self._position += size


class PacketStream(TapStream):
    """The audio of an RTP tap: put in order and decoded already, with losses told.

    Packets say that the sender lives, pieces what is heard; a piece may be made up.
    """

    def packet(self, size: int) -> None:
        """A packet with so many samples has come, to be played or not. Raises Flood."""
        self._arrived(size)

    def play(self, piece: Piece) -> None:
        """Send on what a jitter buffer put out."""
        concealed = False
        if piece.flags is not frame.Flag.NONE:  # nearly never, and flags are slow to ask
            concealed = bool(piece.flags & frame.Flag.CONCEALED)
            self._follow(piece)
        self._joined += piece.pcm
        size = self._chunk * g711.SAMPLE_WIDTH
        while len(self._joined) >= size:
            self._emit(size)
            if concealed and self._joined:
                self._flags |= frame.Flag.CONCEALED

    def _follow(self, piece: Piece) -> None:
        """Have the next Frame say what a piece's flags say."""
        if piece.flags & frame.Flag.GAP:
            self.flush()
            if not self._flags & frame.Flag.GAP:
                self.count.gaps += 1
            self._position += piece.skipped
        self._flags |= piece.flags

    def _emit(self, size: int) -> None:
        pcm = bytes(self._joined[:size])
        del self._joined[:size]
        self._send(pcm, size // g711.SAMPLE_WIDTH)


async def continue_at(hub: Hub, tap: Tap) -> int:
    """Where a tap's second media connection goes on: behind the ring, and not before the clock.

    What was said between the two is lost, so its time counts.
    """
    now = time.time()
    since = tap.media_opened_at.timestamp() if tap.media_opened_at else now
    position = int((now - since) * g711.SAMPLE_RATE)
    try:
        newest = await hub.newest(tap.pk)
    except bus.Unavailable:
        newest = None
    if newest:
        behind = now - frame.unpack_header(newest[1]).received_at / 1e6
        lost = int(max(0.0, behind) * g711.SAMPLE_RATE)
        position = max(position, newest[0] + frame.sample_count(newest[1]) + lost)
    return max(1, position)


class Streams:
    """The streams of this process: their levels, their counters, their end."""

    def __init__(self, writer: pipeline.Writer) -> None:
        self._writer = writer
        self._streams: set[TapStream] = set()
        self._stalled: set[TapStream] = set()
        self._ticks = 0

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: TapStream) -> None:
        self._streams.add(stream)
        if stream.continues:
            # Its predecessor may have been told stalled, by another process even: take it back.
            self._stalled.add(stream)

    def remove(self, stream: TapStream) -> None:
        self._streams.discard(stream)
        self._stalled.discard(stream)

    async def run(self) -> None:
        """Publish levels five times a second and write the counters down now and then."""
        checkpoint_at = time.monotonic() + CHECKPOINT
        while True:
            await asyncio.sleep(TICK)
            if self._streams:
                self.tick()
            if time.monotonic() >= checkpoint_at:
                checkpoint_at = time.monotonic() + CHECKPOINT
                await self._checkpoint()

    def tick(self) -> None:
        """One batch of levels; ``null`` for a stalled tap. Ends the dead."""
        levels: dict[str, list[float] | None] = {}
        now = time.monotonic()
        for stream in tuple(self._streams):
            if now - stream.last_at > DEAD:
                self.remove(stream)  # once: its last words must not be cancelled as well
                stream.on_dead()
                continue
            if stream.stalled != (stream in self._stalled):
                self._tell(stream)
            if stream.stalled:
                # Another connection may have taken over from it.
                levels.setdefault(str(stream.tap_id), None)
            else:
                levels[str(stream.tap_id)] = [round(one, 1) for one in stream.level]
        self._ticks += 1
        if levels:
            more = {} if self._ticks % PACKETS_EVERY else self._packets()
            self._writer.meters(json.dumps({"type": "meters", "levels": levels} | more))

    def _packets(self) -> dict[str, dict[str, dict[str, float]]]:
        """What RTP taps count, without the zeros, which are most."""
        packets = {}
        for stream in self._streams:
            if figures := stream.figures():
                packets[str(stream.tap_id)] = {name: n for name, n in figures.items() if n}
        return {"packets": packets} if packets else {}

    def _tell(self, stream: TapStream) -> None:
        """Tell listeners that a tap's audio has stopped coming, or comes again."""
        if stream.stalled:
            stream.flush()
        (self._stalled.add if stream.stalled else self._stalled.discard)(stream)
        event = {"type": "stall", "tap": str(stream.tap_id), "stalled": stream.stalled}
        self._writer.event(json.dumps(event))

    async def _checkpoint(self) -> None:
        counts = [(stream, stream.counted()) for stream in self._streams]
        try:
            over = await threaded(_write_counts)(
                [(one.tap_id, one.socket, count) for one, count in counts]
            )
        except Exception:
            logger.exception("counters not written; they will be with the next")
            for stream, count in counts:
                stream.count.frames += count.frames
                stream.count.bytes += count.bytes
                stream.count.gaps += count.gaps
            return
        for stream, _ in counts:
            if stream.socket in over and stream in self._streams:
                stream.on_over()


@transaction.atomic
def _write_counts(counts: list[tuple[uuid.UUID, str, taps.MediaCount]]) -> set[str]:
    """Write them down; returns the connections that do not hold their tap any more."""
    for tap_id, _, count in counts:
        if count.frames or count.gaps:
            taps.media_counted(tap_id, count)
    sockets = {socket for _, socket, _ in counts if socket}
    return sockets - taps.media_holders(sockets)
