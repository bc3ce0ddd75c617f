"""Concealment: makes up audio in place of what is lost.

It repeats the last 20 ms, 6 dB quieter each time, and is silent after 60 ms, because
concealment must neither buzz nor be taken for speech. G.711 Appendix I goes silent after 60 ms
too; it repeats pitch periods, which a monitor does not need.
"""

from __future__ import annotations

import warnings

from monitor.audio.g711 import SAMPLE_RATE, SAMPLE_WIDTH

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

STEP = SAMPLE_RATE * 20 // 1000  # samples after which it becomes quieter
LIMIT = 3 * STEP  # samples after which it is silent
DECAY = 0.5  # -6 dB


def conceal(last: bytes, done: int, samples: int) -> bytes:
    """Return ``samples`` samples of s16le that follow ``last`` and ``done`` samples of
    concealment."""
    last = last[-STEP * SAMPLE_WIDTH :]
    end = done + samples
    made = bytearray()
    while last and done < min(end, LIMIT):
        step = done // STEP + 1
        until = min(end, step * STEP)
        made += audioop.mul(_repeated(last, done, until), SAMPLE_WIDTH, DECAY**step)
        done = until
    return bytes(made) + bytes((end - done) * SAMPLE_WIDTH)


def _repeated(last: bytes, start: int, end: int) -> bytes:
    """Return the samples from ``start`` to ``end`` of ``last`` repeated endlessly."""
    begin = start * SAMPLE_WIDTH % len(last)
    size = (end - start) * SAMPLE_WIDTH
    return (last * ((begin + size) // len(last) + 1))[begin : begin + size]
