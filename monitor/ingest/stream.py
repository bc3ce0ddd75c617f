"""TapStream: turns the audio of one media connection into Frames, and queues them for the bus.

It does not know how the audio arrives: whatever reads a socket calls ``feed``.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Callable

from django.conf import settings

from monitor.audio import g711, level
from monitor.audio.arrival import Arrival
from monitor.audio.mask import Mask
from monitor.audio.rtp.timeline import Piece
from monitor.audio.voice import Sound, VoiceMeter
from monitor.bus.ring import RingTarget
from monitor.bus.writer import StreamWriter
from monitor.limits import Limits
from monitor.services import media
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame

UNFLAGGED = frame.Flag.NONE
LEGS = {"both": frame.Leg.BOTH, "speak": frame.Leg.SPEAK, "listen": frame.Leg.LISTEN}


class Flood(Exception):
    """Audio arrives faster than any call can produce it."""


class TapStream:
    """The audio of one media connection of one tap.

    ``position`` counts the samples since the tap's media began, both those that were received
    and those that are known to be lost. The silence of a sender that pauses does not count.
    """

    pause_changes = 0  # how often this process was told about pauses of the call
    _mask: Mask | None = None  # while the call is paused, and shortly after that

    def __init__(
        self,
        tap_id: uuid.UUID,
        direction: str,
        writer: StreamWriter,
        counts: AudioCounts,
        limits: Limits,
        position: int = 0,
    ) -> None:
        self.tap_id = tap_id
        self.codec: g711.Codec = "PCMU"
        self.count = media.Count()
        self.last_at = time.monotonic()
        self.fed = False  # has any audio come?
        #: Called when no audio has come for Limits.silent_for seconds.
        self.on_silent: Callable[[], None] = lambda: None
        #: Called when the tap has ended, or another media connection holds it.
        self.on_over: Callable[[], None] = lambda: None
        #: Returns the figures of an RTP tap's packets.
        self.figures: Callable[[], dict[str, float] | None] = lambda: None
        self.stopped = False  # whether the tap was asked to stop, and has ended
        self.socket = ""  # the media connection, as the tap's row names it
        self._leg = LEGS[direction]
        self._writer = writer
        self._process_counts = counts
        self._stall = limits.stall
        self._burst = limits.burst
        self._pace = 1 + limits.drift  # seconds of audio accepted for each second
        self._ring = RingTarget(tap_id)
        self.continues = position > 0  # another connection had the tap before
        self._flags = frame.Flag.GAP if self.continues else frame.Flag.NONE  # of the next frame
        self._position = self._began_at = position
        self._chunk = g711.samples_in(settings.CHUNK_MS / 1000)
        self._joined = bytearray()
        self._newest = b""  # s16le of the last Frame
        self._received_at = 0  # µs, of the last Frame
        self._waited = 0  # µs for which the newest audio was held back after it was received
        self._voice = VoiceMeter() if limits.voice_activity else None
        self._arrival = Arrival()
        self._ahead = 0.0  # seconds of audio received ahead of real time

    @property
    def stalled(self) -> bool:
        return time.monotonic() - self.last_at > self._stall

    @property
    def heard_at(self) -> datetime.datetime:
        """When audio last came, or the connection began."""
        silent = datetime.timedelta(seconds=time.monotonic() - self.last_at)
        return datetime.datetime.now(datetime.UTC) - silent

    @property
    def level(self) -> level.Level:
        """The level of the last Frame. It is measured only when the meters ask for it, five
        times a second."""
        return level.measure(self._newest)

    def take_sound(self) -> Sound:
        """Return what was heard since the last call, and when that was."""
        if not self._voice:
            return Sound()
        sound = self._voice.take()
        if not sound.samples:
            return sound
        self._arrival.received(self._position, self._received_at)
        return sound._replace(until=self._arrival.moment(self._position - self._voice.rest))

    def feed(self, payload: bytes) -> None:
        """Take encoded audio of any length.

        Raises Flood when more than ``Limits.burst`` seconds have arrived ahead of real time.
        """
        if not payload:
            return
        self._arrived(len(payload))
        self._joined += payload
        while len(self._joined) >= self._chunk:
            self._emit(self._chunk)

    @property
    def sent_on(self) -> float:
        """Seconds of this connection's audio that have been decoded and sent on."""
        return (self._position - self._began_at) / g711.SAMPLE_RATE

    def switch(self, codec: g711.Codec) -> float:
        """Decode with another codec from here on, beginning with what waits for a full chunk.

        Returns the seconds of audio that were decoded with the wrong codec. The ring and the
        listeners have them already, so the next Frame is flagged with GAP.
        """
        if codec == self.codec:
            return 0.0
        self.codec = codec
        if self.sent_on:
            self.count.gaps += 1
            self._flags |= frame.Flag.GAP
        return self.sent_on

    def gap(self) -> None:
        """Flag the next Frame with GAP, because audio is missing before it."""
        self.flush()
        self.count.gaps += 1
        self._flags = frame.Flag.GAP

    def pause(self, since: int) -> None:
        """Send silence instead of the audio from now on, and delete what was received since then,
        in µs. A pause that goes on stays as it is."""
        if self._mask is None or self._mask.is_ending:
            self._mask = Mask()
        self._writer.forget_since(self._ring, since)

    def resume(self) -> None:
        """Send the audio again, once none of it can have been said in the pause."""
        if self._mask and not self._mask.is_ending:
            self.flush()
            self._mask.end(time.time_ns() // 1000)

    @property
    def is_paused(self) -> bool:
        return self._mask is not None and not self._mask.is_ending

    def flush(self) -> None:
        """Send the audio that waits for a full chunk."""
        if self._joined:
            self._emit(len(self._joined))

    def close(self) -> None:
        """Send the rest of the audio, and let the ring expire. If the tap was asked to stop,
        delete its ring at once instead."""
        if self.stopped:
            self._joined.clear()
            self._writer.delete_ring(self._ring)
        else:
            self.flush()
            self._writer.expire_ring(self._ring)

    def counted(self) -> media.Count:
        """Return what has been counted since the last call."""
        count, self.count = self.count, media.Count()
        dropped, self._ring.dropped = self._ring.dropped, 0
        count.gaps += bool(dropped)
        if count.frames:
            count.rtp = self.figures()
        return count

    def _arrived(self, size: int) -> None:
        """Count a message or packet of that many samples. In G.711 a sample is one byte."""
        now = time.monotonic()
        silent = now - self.last_at
        self.last_at = now
        self._ahead = max(0.0, self._ahead - silent * self._pace) + size / g711.SAMPLE_RATE
        if self._ahead > self._burst:
            raise Flood(f"over {self._burst:.0f} s of audio ahead of real time")
        if silent > self._stall:
            self.gap()
            self._arrival = Arrival()
        self.fed = True
        count, process = self.count, self._process_counts
        count.frames += 1
        count.bytes += size
        process.frames_in += 1
        process.bytes_in += size

    def _emit(self, size: int) -> None:
        pcm = g711.decode(self.codec, bytes(self._joined[:size]))
        del self._joined[:size]
        self._send(pcm, size)

    def _send(self, pcm: bytes, size: int) -> None:
        received_at = self._received_at = time.time_ns() // 1000 - self._waited
        if self._mask and self._is_masked(received_at, size):
            pcm = bytes(len(pcm))
            self._flags |= frame.Flag.MASKED
        elif self._voice:
            if self._flags is not UNFLAGGED:  # what was made up is no sound of the leg's own
                self._voice.gap()
            self._voice.feed(pcm)
        self._newest = pcm
        data = frame.pack(self._leg, self._flags, self._position, received_at, pcm)
        self._writer.add_frame(self._ring, self._position, data)
        self._flags = UNFLAGGED
        self._position += size

    def _is_masked(self, received_at: int, size: int) -> bool:
        """Return whether the next audio is masked. The first that is not ends the mask."""
        if self._mask and self._mask.covers(received_at, size):
            return True
        self._mask = None
        if self._voice:
            self._voice.gap()
        return False


class PacketStream(TapStream):
    """The stream of an RTP tap, whose audio has passed a JitterBuffer: it is in order and decoded.

    Packets show that the sender is alive. Pieces are what is heard, and some are concealment.
    """

    payload_type = -1  # of the last packet; none yet

    def packet(self, size: int) -> None:
        """Count a packet of that many samples, whether it is played or not. Raises Flood."""
        self._arrived(size)

    def play(self, piece: Piece) -> None:
        """Send a piece of audio that the jitter buffer has put out."""
        concealed = False
        if piece.flags is not frame.Flag.NONE:  # nearly never, and flags are slow to ask
            concealed = bool(piece.flags & frame.Flag.CONCEALED)
            self._follow(piece)
        self._waited = piece.waited
        self._joined += piece.pcm
        size = self._chunk * g711.SAMPLE_WIDTH
        while len(self._joined) >= size:
            self._emit(size)
            if concealed and self._joined:
                self._flags |= frame.Flag.CONCEALED

    def _follow(self, piece: Piece) -> None:
        """Give a piece's flags to the next Frame."""
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
