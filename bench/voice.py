"""Voice: the audio of a tap, in units of 20 ms that can be told apart after decoding.

Each unit begins with a tag: its number and its tap's number in base 64. The mu-law bytes 64 to
127 decode to 64 different samples, so the tag can be read back from the s16le that a listener
is sent. They are quiet ones, and the rest of a unit is speech, because a server that looks for
voices and for clipping does more for other sounds: of noise as loud as the codec allows, it found
that every call clips, and wrote that down.
"""

from __future__ import annotations

import functools

from bench.plan import UNIT
from monitor.audio import g711
from monitor.sim.voice import conversation

DIGITS = 6  # in base 64: four of the unit, two of the tap
PCM_TAG = 2 * DIGITS  # bytes
KEPT = 1024  # units of a tap that are remembered: 20 s; must be a power of two
LAST = KEPT - 1
APART = 131  # units by which each tap is further on in the conversation than the one before
_FIRST_DIGIT = 64  # the mu-law byte of the digit 0
_PCM_DIGITS = g711.decode("PCMU", bytes(range(_FIRST_DIGIT, _FIRST_DIGIT + 64)))
_AS_CODES = bytes((code + _FIRST_DIGIT) % 256 for code in range(256))
_DIGITS = {_PCM_DIGITS[2 * n : 2 * n + 2]: n for n in range(64)}


@functools.cache
def _speech() -> list[bytes]:
    """Return the simulator's conversation in mu-law, as what follows the tag of each unit."""
    encoded = g711.encode("PCMU", conversation("both"))
    return [encoded[at + DIGITS : at + UNIT] for at in range(0, len(encoded), UNIT)]


class Voice:
    """The units of one tap, and when each of the last KEPT was sent.

    Its attributes are public, because they are on a hot path.
    """

    __slots__ = ("_ahead", "_speech", "number", "sent", "sent_at", "tags")

    def __init__(self, number: int) -> None:
        self._speech = _speech()
        self._ahead = number * APART
        self.number = bytes((number & 63, number >> 6))
        self.sent = 0  # units
        self.tags = [b""] * KEPT  # in s16le, by the unit's number & LAST
        self.sent_at = [0.0] * KEPT  # monotonic seconds, likewise

    def next_unit(self, now: float) -> bytes:
        """Return the next unit in mu-law, and record that it is sent now."""
        unit = self.sent
        digits = (unit & 63, unit >> 6 & 63, unit >> 12 & 63, unit >> 18)
        tag = (bytes(digits) + self.number).translate(_AS_CODES)
        self.tags[unit & LAST] = g711.decode("PCMU", tag)
        self.sent_at[unit & LAST] = now
        self.sent = unit + 1
        return tag + self._speech[(unit + self._ahead) % len(self._speech)]

    def unit_of(self, pcm: bytes) -> int:
        """Return the number of the unit that begins with these samples, or -1 if none does."""
        pairs = (pcm[2 * n : 2 * n + 2] for n in range(DIGITS))
        digits = [_DIGITS.get(pair, -1) for pair in pairs]
        if -1 in digits or bytes(digits[4:]) != self.number:
            return -1
        unit = sum(digit << 6 * n for n, digit in enumerate(digits[:4]))
        return unit if unit < self.sent else -1
