"""A sender of RTP, a network that loses and delays packets, and checks of what a buffer plays.

All of it is deterministic: times are numbers, and nothing sleeps.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from monitor.audio import g711
from monitor.audio.rtp.packet import RtpPacket
from monitor.audio.rtp.sequence import uint16_add, uint32_add
from monitor.audio.rtp.timeline import Piece
from monitor.wire.frame import Flag

RATE = 8000
TICK = 0.005  # seconds between two calls of pop without a packet

#: A minute of bytes in which no two places are alike, so audio at a wrong place is found.
NOISE = random.Random(3550).randbytes(60 * RATE)
_TWICE = NOISE * 2


class Arrival(NamedTuple):
    """A packet, and when it arrives."""

    at: float
    packet: RtpPacket


class Heard(NamedTuple):
    """A piece, when it was played, and where in the sender's time it lies."""

    at: float
    position: int
    piece: Piece


class Buffer(Protocol):
    """What the tests need of a jitter buffer."""

    def push(self, packet: RtpPacket, now: float) -> object: ...
    def pop(self, now: float) -> list[Piece]: ...


def noise(start: int, samples: int) -> bytes:
    """Return the encoded bytes that a sender has at a position."""
    start %= len(NOISE)
    return _TWICE[start : start + samples]


class Sender:
    """A sender that sends a packet when its last sample was spoken, as telephones do."""

    def __init__(
        self,
        *,
        ssrc: int = 0x5EED,
        sequence_number: int = 65500,  # wraps after 36 packets
        timestamp: int = 0xFFFFF000,  # wraps after 0.5 s
        rate: float = RATE,  # samples a second by the receiver's clock
        began: float = 1000.0,
    ) -> None:
        self.ssrc = ssrc
        self.sequence_number = sequence_number
        self.timestamp = timestamp
        self.position = 0  # samples spoken
        self._rate = rate
        self._began = began

    @property
    def now(self) -> float:
        return self._began + self.position / self._rate

    def send(self, samples: int = 160, payload_type: int = 0) -> Arrival:
        """Send a packet with so many samples of audio."""
        payload = noise(self.position, samples)
        packet = RtpPacket(payload_type, self.sequence_number, self.timestamp, self.ssrc, payload)
        self.rest(samples)
        self.sequence_number = uint16_add(self.sequence_number, 1)
        return Arrival(self.now, packet)

    def tell(self, payload_type: int, payload: bytes = b"\x00\x0a\x00\xa0") -> Arrival:
        """Send a packet without audio, which takes a sequence number but no time."""
        packet = RtpPacket(payload_type, self.sequence_number, self.timestamp, self.ssrc, payload)
        self.sequence_number = uint16_add(self.sequence_number, 1)
        return Arrival(self.now, packet)

    def rest(self, samples: int) -> None:
        """Send nothing for so many samples."""
        self.position += samples
        self.timestamp = uint32_add(self.timestamp, samples)

    def wait(self, seconds: float) -> None:
        """Send nothing for so long, and do not advance the timestamp either."""
        self._began += seconds

    def stream(self, packets: int, samples: int = 160) -> list[Arrival]:
        """Send so many packets of one length."""
        return [self.send(samples) for _ in range(packets)]


def loss_pattern(arrivals: Sequence[Arrival], lost: Iterable[bool]) -> list[Arrival]:
    """Drop the packets that the pattern, over and over, says are lost."""
    return [one for one, gone in zip(arrivals, itertools.cycle(lost), strict=False) if not gone]


def reorder_pattern(arrivals: Sequence[Arrival], delays: Iterable[float]) -> list[Arrival]:
    """Delay each packet by the next of the delays, over and over, so that some overtake others."""
    pairs = zip(arrivals, itertools.cycle(delays), strict=False)
    return sorted(
        (Arrival(one.at + delay, one.packet) for one, delay in pairs), key=lambda one: one.at
    )


def duplicate_pattern(arrivals: Sequence[Arrival], copies: Iterable[int]) -> list[Arrival]:
    """Add so many copies of each packet, 7 ms apart, by the next of the counts, over and over."""
    pairs = zip(arrivals, itertools.cycle(copies), strict=False)
    all_of_them = (
        Arrival(one.at + 0.007 * copy, one.packet)
        for one, count in pairs
        for copy in range(count + 1)
    )
    return sorted(all_of_them, key=lambda one: one.at)


def listen(buffer: Buffer, arrivals: Sequence[Arrival], after: float = 1.0) -> list[Heard]:
    """Push all arrivals in order, and pop after each one and every TICK.

    It goes on for ``after`` seconds, in which all that is held must be played.
    """
    return list(_listen(buffer, arrivals, after))


def _listen(buffer: Buffer, arrivals: Sequence[Arrival], after: float) -> Iterator[Heard]:
    position = 0
    tick = arrivals[0].at
    end = Arrival(arrivals[-1].at + after, arrivals[-1].packet)
    for arrival in itertools.chain(arrivals, [end]):
        times = []
        while tick < arrival.at:
            times.append(tick)
            tick += TICK
        for now in [*times, arrival.at]:
            if now == arrival.at and arrival is not end:
                buffer.push(arrival.packet, now)
            for piece in buffer.pop(now):
                position += piece.skipped
                yield Heard(now, position, piece)
                position += piece.samples


def check(heard: Sequence[Heard]) -> None:
    """All audio that was sent is played at its place, bit for bit.

    Positions are counted from what was played alone, so a sample too many or too few shifts
    all that follows it, and fails.
    """
    for _, position, piece in heard:
        assert len(piece.pcm) == 2 * piece.samples > 0
        assert piece.skipped >= 0
        assert piece.skipped == 0 or piece.flags & Flag.GAP
        if not piece.flags & Flag.CONCEALED:
            said = g711.decode("PCMU", noise(position, piece.samples))
            assert piece.pcm == said, f"other audio at sample {position}"


def until(heard: Sequence[Heard], end: int) -> list[Heard]:
    """Return what was heard before a position: after a sender's end an outage is concealed."""
    return [one for one in heard if one.position < end]


def concealed(heard: Sequence[Heard]) -> set[int]:
    """Return the positions of the samples that were concealed."""
    return {
        sample
        for _, position, piece in heard
        if piece.flags & Flag.CONCEALED
        for sample in range(position, position + piece.samples)
    }
