"""Something in place of audio that is lost.

The last 20 ms again, 6 dB quieter each time, and silence after 60 ms: what is
made up must neither buzz on nor pass for speech (compare G.711 Appendix I, which
goes silent after 60 ms too, by way of the pitch; this is a monitor, not a phone).
"""

from __future__ import annotations

import warnings

from .g711 import SAMPLE_RATE, SAMPLE_WIDTH

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

STEP = SAMPLE_RATE * 20 // 1000  # samples between two steps down
LIMIT = 3 * STEP  # samples after which it is silence
DECAY = 0.5  # -6 dB


def conceal(last: bytes, done: int, samples: int) -> bytes:
    """``samples`` more of s16le to follow ``last``, after ``done`` samples of the same."""
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
    """Samples ``start`` to ``end`` of ``last`` without end."""
    begin = start * SAMPLE_WIDTH % len(last)
    size = (end - start) * SAMPLE_WIDTH
    return (last * ((begin + size) // len(last) + 1))[begin : begin + size]
