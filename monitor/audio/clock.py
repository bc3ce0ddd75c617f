"""A sender's RTP timestamps, turned into sample positions.

G.711's clock ticks once a sample (RFC 3551 section 4.5.14), so a timestamp is a
position. Real senders get it wrong: their timestamps wobble by a few samples, or
count at 48 kHz. Sequence numbers are the better witness: where none is missing,
audio follows the audio before it, unless the sender was silent for the time that
the timestamps leave out (DTX). That silence must really have passed.
"""

from __future__ import annotations

from .arrival import AHEAD, MAX_DELAY
from .figures import Figures
from .g711 import SAMPLE_RATE
from .sequence import uint32_diff

RUN = 10  # steps in a row that show at which rate a clock counts: 200 ms of audio
_EARLIEST = AHEAD * SAMPLE_RATE  # samples ahead of its time; more is a jump
_LATEST = -MAX_DELAY * SAMPLE_RATE


class SenderClock:
    """The timestamps of one source, from its first packet on.

    While the clock is right, a position is the timestamp without its wrap. Audio that
    does not lie where its timestamp says is counted as ``clock_mismatch``.
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
        self._next = number  # the number of the audio that follows the newest
        self._timestamp = self._position = timestamp  # of the newest audio
        self._size = 0  # samples of the newest audio
        self._due = timestamp  # of the audio that follows the newest; -1: nobody can say
        self._ticks = self._samples = 1  # the clock counts so many ticks in so many samples
        self._run = _Run()

    def skip(self, number: int) -> None:
        """Take a packet without audio: it has a number, and no time."""
        if number == self._next:
            self._next = number + 1

    def locate(
        self, number: int, timestamp: int, samples: int, now: float, least_transit: float
    ) -> int:
        """Return the position of audio that came at ``now``, and learn from it.

        ``least_transit`` is that of the fastest packets, in seconds (see arrival.py).
        """
        if timestamp == self._due and number == self._next:
            position = self._position + self._size
        else:
            step = uint32_diff(timestamp, self._timestamp)
            if number < self._next:  # overtaken: nothing to learn
                return self._position + step * self._samples // self._ticks
            position = self._weigh(number, step, samples, now, least_transit)
        self._next = number + 1
        self._timestamp = timestamp
        self._position = position
        self._size = samples
        self._due = (timestamp + samples) & 0xFFFFFFFF if self._ticks == self._samples else -1
        return position

    def _weigh(self, number: int, step: int, samples: int, now: float, least_transit: float) -> int:
        """Weigh a timestamp that is not the last one plus its audio's length."""
        passed = step * self._samples // self._ticks  # samples, says the timestamp
        stamped = self._position + passed
        end = self._position + self._size
        off = stamped - end - (number - self._next) * self._size
        early = stamped - (now - least_transit) * SAMPLE_RATE  # ahead of the fastest packets
        in_sequence = number == self._next
        if in_sequence and self._run.take(number, step, self._size, passed, now):
            self._ticks, self._samples = step, self._size
        if not in_sequence or 2 * abs(off) >= samples:
            if not _LATEST <= early <= _EARLIEST:
                return stamped  # a jump, which the caller tells listeners of
            overlaps = 2 * (stamped - end) <= -samples
            unpassed = samples <= 2 * off < 4 * early  # a silence that there was no time for
            if not (overlaps or unpassed):
                return stamped
        self._figures.clock_mismatch += 1
        return stamped - off


class _Run:
    """Steps of one length in a row, which may show that the clock counts at another rate."""

    __slots__ = ("_began", "_next", "_passed", "_samples", "_size", "_step", "_steps")

    def __init__(self) -> None:
        self._step = self._size = 0  # ticks, and the samples of the audio they were for
        self._start(-1, 0.0)

    def _start(self, following: int, now: float) -> None:
        self._next = following
        self._began = now
        self._steps = self._samples = self._passed = 0

    def take(self, number: int, step: int, size: int, passed: int, now: float) -> bool:
        """Whether this step ends a run of RUN after which real time agrees with the audio's
        length rather than with the ``passed`` samples that the known rate makes of it."""
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
