"""Mask: says which audio of a stream must not be heard, because its call is paused or was lately.

After a pause the sender may still make up for audio that it held back meanwhile: it then sends
faster than in real time. So the mask is taken off when audio has come for CALM at the pace at which
it is spoken.
"""

from __future__ import annotations

from monitor.audio.g711 import SAMPLE_RATE

CALM = 500_000  # µs; it also covers what was still on its way to us when the pause ended
#: By how much audio may come faster than it is spoken: a part of the time, and a chunk or two.
FASTER = 1.25
UNEVEN = 120_000  # µs


class Mask:
    """Masks one stream from the beginning of a pause until a moment after its end. Moments are in
    microseconds of Unix time."""

    __slots__ = ("_came", "_ended_at", "_since")

    def __init__(self) -> None:
        self._ended_at: int | None = None
        self._since: int | None = None  # when the audio came that begins the time to be judged
        self._came = 0  # µs of audio since then

    @property
    def is_ending(self) -> bool:
        """Whether the pause has ended."""
        return self._ended_at is not None

    def end(self, at: int) -> None:
        """Take note that the pause has ended."""
        self._ended_at = at

    def covers(self, received_at: int, samples: int) -> bool:
        """Return whether the next piece of audio, whose end was received at a moment, is masked.
        After a piece that is not, none is."""
        if self._ended_at is None or received_at < self._ended_at:
            return True
        if self._since is None:
            self._since = received_at
            return True
        self._came += samples * 1_000_000 // SAMPLE_RATE
        lasted = received_at - self._since
        if lasted < CALM:
            return True
        if self._came <= FASTER * lasted + UNEVEN:
            return False
        self._since, self._came = received_at, 0
        return True
