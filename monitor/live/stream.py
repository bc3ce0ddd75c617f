"""One tap's audio on its way in: join, decode, measure, number, hand to the bus.

The same for every transport; what reads a socket only calls ``feed``.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable

from django.conf import settings

from .. import media, metrics
from ..audio import frame, g711, level
from ..audio.timeline import Piece
from ..models import Tap
from . import bus, pipeline
from .hub import Hub

STALL = 3.0  # seconds without audio: the tap is shown stalled, another socket may take over
BURST = 60.0  # seconds of audio that may come ahead of time: a sender makes up for a pause
DRIFT = 0.02  # of real time that may always come more: a clock 1 % fast is 36 s ahead in an hour

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
        self.count = media.Count()
        self.last_at = time.monotonic()
        self.fed = False  # has any audio come?
        self.on_silent: Callable[[], None] = lambda: None  # for longer than SILENT_FOR
        self.on_over: Callable[[], None] = lambda: None  # the tap has ended, or another has it
        self.figures: Callable[[], dict[str, float] | None] = lambda: None  # of RTP's packets
        self.stopped = False  # was its tap asked to stop, and has ended?
        self.socket = ""  # whose the tap's media must be
        self._leg = LEGS[direction]
        self._writer = writer
        self._source = pipeline.Source(tap_id)
        self.continues = position > 0  # another connection had the tap before
        self._flags = frame.Flag.GAP if self.continues else frame.Flag.NONE  # of the next frame
        self._position = self._began_at = position
        self._chunk = settings.CHUNK_MS * g711.SAMPLE_RATE // 1000  # samples
        self._joined = bytearray()
        self._newest = b""  # s16le of the last Frame
        self._ahead = 0.0  # seconds of audio received ahead of real time

    @property
    def stalled(self) -> bool:
        return time.monotonic() - self.last_at > STALL

    @property
    def heard_at(self) -> datetime.datetime:
        """When audio last came, or the connection began."""
        silent = datetime.timedelta(seconds=time.monotonic() - self.last_at)
        return datetime.datetime.now(datetime.UTC) - silent

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

    @property
    def sent_on(self) -> float:
        """Seconds of this connection's audio that are decoded and on their way to listeners."""
        return (self._position - self._began_at) / g711.SAMPLE_RATE

    def switch(self, codec: g711.Codec) -> float:
        """Decode with another codec from here on, and what waits for a full chunk too.

        Returns the seconds of audio that have been decoded as something else. They
        are in the ring and with the listeners already, so the next Frame says that
        there is a gap before it.
        """
        if codec == self.codec:
            return 0.0
        self.codec = codec
        if self.sent_on:
            self.count.gaps += 1
            self._flags |= frame.Flag.GAP
        return self.sent_on

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
        """Send on the rest, and let the ring expire; of a tap that was asked to stop nothing
        is kept."""
        if self.stopped:
            self._joined.clear()
            self._writer.forget(self._source)
        else:
            self.flush()
            self._writer.end(self._source)

    def counted(self) -> media.Count:
        """What came since the last call."""
        count, self.count = self.count, media.Count()
        dropped, self._source.dropped = self._source.dropped, 0
        count.gaps += bool(dropped)
        if count.frames:
            count.rtp = self.figures()
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
