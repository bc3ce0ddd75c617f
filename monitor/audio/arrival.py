"""When packets come, against when they would come over the fastest path.

A packet's *transit* is its arrival (seconds, the receiver's clock) less its
timestamp (seconds, the sender's clock): the delay of the network plus an unknown
constant. The least of it, followed as the clocks drift apart, says when audio
that has not come was due; what the others have more, their *lateness*, says how
long to wait for it.
"""

from __future__ import annotations

START_DELAY = 0.040  # seconds: two packets of 20 ms, so that a swap of two costs nothing
MAX_DELAY = 0.400  # seconds: what is later than this is not waited for
AHEAD = 1.0  # seconds that a packet may come before its time
_MARGIN = 0.020  # seconds waited beyond the latest packet seen
_DECAY = 0.020  # seconds of delay given back per second of audio: 18 s from most to least
# Seconds per second of audio that the least transit may grow. A sender at 49.5 packets/s
# for 50 needs half of it; more would hide lateness: a fast packet comes every second or so.
_LEAK = 0.020


class Arrivals:
    """Transit, delay and jitter of one source."""

    __slots__ = ("_transit", "base", "delay", "jitter")

    def __init__(self) -> None:
        self.base = 0.0  # the least transit; of no use before anchor()
        self.delay = START_DELAY  # seconds after it was due that audio is given up
        self.jitter = 0.0  # seconds: RFC 3550 section 6.4.1
        self._transit = 0.0  # the last

    def take(self, transit: float, duration: float) -> None:
        """Learn from one more packet, ``duration`` seconds of audio."""
        self.jitter += (abs(transit - self._transit) - self.jitter) / 16  # RFC 3550 A.8
        self._transit = transit
        base = self.base + _LEAK * duration
        if transit < base:
            base = transit
        self.base = base
        wanted = transit - base + _MARGIN
        if wanted > self.delay:  # up at once, down slowly
            self.delay = min(wanted, MAX_DELAY)
        elif self.delay > START_DELAY:
            self.delay = max(START_DELAY, self.delay - _DECAY * duration)

    def anchor(self, transit: float) -> None:
        """Begin anew from a packet that has nothing to do with those before."""
        self.base = self._transit = transit
