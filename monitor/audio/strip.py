"""Strip: how loud a leg was in each of the last 60 seconds, and in which somebody spoke.

A second is a bar, and a bar is a byte:

    0            no audio came
    1 to 127     the level in steps of half a decibel, up to 127 for 0 dBFS
    128 added    somebody spoke

Seconds are those of Unix time, so that the bars of all legs of all calls stand below each other.
Scripts of pages read the same bytes. Both are tested on ``tests/wire/strip-sample.json``.
"""

from __future__ import annotations

from monitor.audio.voice import Sound

SECONDS = 60
NOTHING = 0  # the bar of a second without audio
SPOKEN = 0x80
LOUDEST = 0x7F  # the level of 0 dBFS
QUIETEST = 1  # the level of -63 dBFS, and of all that is quieter
STEPS_PER_DB = 2


def bar(sound: Sound) -> int:
    """Return the bar of a second in which this was heard."""
    if not sound.samples:
        return NOTHING
    level = max(QUIETEST, LOUDEST + round(STEPS_PER_DB * sound.rms))
    return level | SPOKEN if sound.voiced else level


class Strip:
    """The bars of one leg, which move on as seconds are added."""

    __slots__ = ("bars", "end")

    def __init__(self, end: int = 0) -> None:
        self.end = end  # the second of the last bar
        self.bars = bytes(SECONDS)  # oldest first

    def add(self, second: int, bar: int) -> None:
        """Set the bar of a second. Seconds that were left out get NOTHING.

        When one connection takes over a leg from another, both tell of the same second, and the
        one that had audio counts. A second that is older than the strip is ignored.
        """
        ahead = second - self.end
        if ahead > 0:
            self.bars = (self.bars + bytes(min(ahead, SECONDS)))[-SECONDS:]
            self.end = second
        at = SECONDS - 1 + min(ahead, 0)
        if at >= 0 and bar:
            self.bars = self.bars[:at] + bytes((bar,)) + self.bars[at + 1 :]
