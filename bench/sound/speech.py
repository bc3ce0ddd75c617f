"""Speech: what the taps of a row say, so that both the sender and the judge know it."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from bench.plan import PCM_UNIT, UNIT
from bench.sound.chirps import KINDS, LENGTH, PERIOD, RATE, Samples, chirp
from bench.voice import APART
from monitor.audio import g711
from monitor.sim.voice import conversation

FULL_SCALE = 32768
#: The RMS of noise that is always there, of 32768: −62 dBFS. A call is never wholly silent, and so
#: silence that is heard was not said.
NOISE = 26.0
CHIRP_UNITS = LENGTH // UNIT


@functools.cache
def _background() -> NDArray[np.int16]:
    pcm = np.frombuffer(conversation("both"), dtype="<i2")
    noise = np.random.default_rng(14).normal(0, NOISE, len(pcm))
    return np.clip(pcm + noise, -FULL_SCALE, FULL_SCALE - 1).astype("<i2")


class Speech:
    """The speech of one of several taps, which take turns with the chirps, if there are any."""

    def __init__(self, tap: int, taps: int, has_chirps: bool) -> None:
        self._tap = tap
        self._taps = taps
        self._has_chirps = has_chirps

    def unit(self, number: int) -> bytes:
        """Return 20 ms in mu-law."""
        which, place = divmod(number, PERIOD)
        chirps = self._has_chirps and which % self._taps == self._tap
        if chirps and place < CHIRP_UNITS:
            samples = chirp(which % KINDS)[place * UNIT : (place + 1) * UNIT]
            return g711.encode("PCMU", (samples * FULL_SCALE).astype("<i2").tobytes())
        return g711.encode("PCMU", self._spoken(number))

    def said(self, first: int, count: int) -> Samples:
        """Return units of speech as a listener without a network would hear them, from -1 to 1."""
        coded = b"".join(self.unit(number) for number in range(first, first + count))
        return np.frombuffer(g711.decode("PCMU", coded), dtype="<i2") / FULL_SCALE

    def uncoded(self, first: int, count: int) -> Samples:
        """Return units of speech as they were before mu-law, from -1 to 1."""
        pcm = b"".join(self._spoken(number) for number in range(first, first + count))
        return np.frombuffer(pcm, dtype="<i2") / FULL_SCALE

    def _spoken(self, number: int) -> bytes:
        background = _background()
        start = (number + self._tap * APART) * UNIT % len(background)
        pcm = background[start : start + UNIT].tobytes()
        assert len(pcm) == PCM_UNIT  # a conversation is a whole number of units
        return pcm


def chirps_between(first: float, last: float) -> list[tuple[int, float]]:
    """Return the number of each chirp that begins between two times, and when: seconds since the
    first unit was sent."""
    period = PERIOD * UNIT / RATE
    numbers = range(max(1, int(np.ceil(first / period))), int(last / period) + 1)
    return [(number, number * period) for number in numbers]
