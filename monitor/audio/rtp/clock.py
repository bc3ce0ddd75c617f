"""SenderClock: turns a sender's RTP timestamps into sample positions.

G.711's clock ticks once a sample (RFC 3551 section 4.5.14), so a timestamp is a position. Real
senders get it wrong: their timestamps are a few samples off, or count at 48 kHz. Sequence
numbers are more reliable: where none is missing, audio follows the audio before it. The
exception is a sender that was silent for the time that its timestamps skip (DTX); that much
time must really have passed.
"""

from __future__ import annotations

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.rtp.arrivals import AHEAD, MAX_DELAY
from monitor.audio.rtp.figures import Figures
from monitor.audio.rtp.sequence import uint32_diff

RUN = 10  # equal steps in a row that show at which rate a clock counts: 200 ms of audio
_EARLIEST = AHEAD * SAMPLE_RATE  # samples ahead of its time; a packet that is earlier is a jump
_LATEST = -MAX_DELAY * SAMPLE_RATE


class SenderClock:
    """Follows the timestamps of one source from its first packet on.

    While the sender's clock is right, a position is the timestamp without its wrap. Audio that
    is played elsewhere than its timestamp says is counted as ``clock_mismatch``.
    """

    __slots__ = (
        "_due",
        "_figures",
        "_next",
        "_position",
        "_run",
        "_samples",
        "_size",
        "_ticks",
        "_timestamp",
    )

    def __init__(self, figures: Figures, number: int, timestamp: int) -> None:
        self._figures = figures
        self._next = number  # the sequence number after that of the newest audio
        self._timestamp = self._position = timestamp  # of the newest audio
        self._size = 0  # samples of the newest audio
        self._due = timestamp  # the timestamp after the newest audio; -1 if unknown
        self._ticks = self._samples = 1  # the sender's clock counts _ticks in _samples
        self._run = _Run()

    def skip(self, number: int) -> None:
        """Take a packet without audio, which has a sequence number but lasts no time."""
        if number == self._next:
            self._next = number + 1

    def locate(
        self, number: int, timestamp: int, samples: int, now: float, least_transit: float
    ) -> int:
        """Return the position of audio that came at ``now``, and learn from it.

        ``least_transit`` is the transit of the fastest packets, in seconds (see arrivals.py).
        """
        if timestamp == self._due and number == self._next:
            position = self._position + self._size
        else:
            step = uint32_diff(timestamp, self._timestamp)
            if number < self._next:  # a later packet overtook it, so there is nothing to learn
                return self._position + step * self._samples // self._ticks
            position = self._weigh(number, step, samples, now, least_transit)
        self._next = number + 1
        self._timestamp = timestamp
        self._position = position
        self._size = samples
        self._due = (timestamp + samples) & 0xFFFFFFFF if self._ticks == self._samples else -1
        return position

    def _weigh(self, number: int, step: int, samples: int, now: float, least_transit: float) -> int:
        """Return the position of audio whose timestamp is not the last one plus its length."""
        passed = step * self._samples // self._ticks  # samples, according to the timestamp
        stamped = self._position + passed
        end = self._position + self._size
        off = stamped - end - (number - self._next) * self._size
        early = stamped - (now - least_transit) * SAMPLE_RATE  # ahead of the fastest packets
        in_sequence = number == self._next
        if in_sequence and self._run.take(number, step, self._size, passed, now):
            self._ticks, self._samples = step, self._size
        if not in_sequence or 2 * abs(off) >= samples:
            if not _LATEST <= early <= _EARLIEST:
                return stamped  # a jump, which the caller marks as a gap
            overlaps = 2 * (stamped - end) <= -samples
            unpassed = samples <= 2 * off < 4 * early  # a longer silence than time has passed
            if not (overlaps or unpassed):
                return stamped
        self._figures.clock_mismatch += 1
        return stamped - off


class _Run:
    """Counts equal steps in a row, which may show that the clock counts at another rate."""

    __slots__ = ("_began", "_next", "_passed", "_samples", "_size", "_step", "_steps")

    def __init__(self) -> None:
        self._step = self._size = 0  # ticks of a step, and the samples of the audio before it
        self._start(-1, 0.0)

    def _start(self, following: int, now: float) -> None:
        self._next = following
        self._began = now
        self._steps = self._samples = self._passed = 0

    def take(self, number: int, step: int, size: int, passed: int, now: float) -> bool:
        """Take one more step; tell whether it shows that the clock counts at another rate. It
        does after RUN equal steps, if the time they took agrees with the length of their audio
        better than with ``passed``, the samples that the known rate makes of their ticks."""
        if number != self._next or step * self._size != size * self._step:
            self._step, self._size = step, size
            self._start(number + 1, now)
            return False
        self._next = number + 1
        self._steps += 1
        self._samples += size
        self._passed += passed
        if self._steps < RUN or step <= 0:
            return False
        heard = (now - self._began) * SAMPLE_RATE
        shown = abs(heard - self._samples) < abs(heard - self._passed)
        self._start(number + 1, now)
        return shown
