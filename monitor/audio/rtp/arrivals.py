"""Arrivals: compares when packets arrive with when they would over the fastest path.

A packet's *transit* is its arrival (seconds, the receiver's clock) minus its timestamp
(seconds, the sender's clock): the delay of the network plus an unknown constant. The least
transit is followed as the clocks drift apart, and says when missing audio was due. A packet's
*lateness* is its transit minus the least one, and says how long to wait for missing audio.
"""

from __future__ import annotations

START_DELAY = 0.040  # seconds: two packets of 20 ms, so that two swapped packets cost nothing
MAX_DELAY = 0.400  # seconds: audio that is later than this is not waited for
AHEAD = 1.0  # seconds by which a packet may come before its time
_MARGIN = 0.020  # seconds to wait beyond the latest packet seen
_DECAY = 0.020  # seconds by which the delay falls per second of audio: 18 s from most to least
# Seconds per second of audio by which the least transit may grow. A sender of 49.5 packets/s
# instead of 50 needs half of it. More would hide lateness, because a fast packet comes only
# about once a second.
_LEAK = 0.020


class Arrivals:
    """Measures the transit, delay and jitter of one source."""

    __slots__ = ("_transit", "base", "delay", "jitter")

    def __init__(self) -> None:
        self.base = 0.0  # the least transit; meaningless before anchor()
        self.delay = START_DELAY  # seconds that missing audio is waited for after it was due
        self.jitter = 0.0  # seconds: RFC 3550 section 6.4.1
        self._transit = 0.0  # of the last packet

    def take(self, transit: float, duration: float) -> None:
        """Learn from one more packet, which has ``duration`` seconds of audio."""
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
        """Start again from a packet that is unrelated to the earlier ones."""
        self.base = self._transit = transit
