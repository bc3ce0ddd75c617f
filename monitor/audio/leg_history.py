"""LegHistory: since when one leg of a call has been silent or still, and how much of it clipped."""

from __future__ import annotations

import math
from collections import deque

from monitor.audio.g711 import samples_in
from monitor.audio.voice import Sound

SPOKEN = samples_in(0.3)  # samples of speech in two sounds in a row that end a silence
AUDIBLE = -60.0  # dBFS; what is quieter counts as equally quiet
MOVES = 6.0  # decibels by which the level moves; that of steady noise stays within 4
#: Samples within which the level must move twice. One step is what a line makes that is connected,
#: when its comfort noise begins.
TWICE_WITHIN = samples_in(5)
_NO_BAND = math.inf, -math.inf  # the quietest and the loudest of nothing


class Share:
    """The share that something takes of a window of time, which ends at the last position."""

    __slots__ = ("_length", "_parts")

    def __init__(self, length: int) -> None:
        self._length = length  # samples
        self._parts: deque[tuple[int, int]] = deque()  # (where the time began, samples of it)

    def add(self, at: int, samples: int, part: int) -> None:
        """Take the time of ``samples`` samples up to ``at``, of which ``part`` were taken."""
        if part:
            self._parts.append((at - samples, part))
        while self._parts and self._parts[0][0] < at - self._length:
            self._parts.popleft()

    @property
    def value(self) -> float:
        return sum(part for _, part in self._parts) / self._length

    @property
    def since(self) -> int:
        """Where the first part in the window began. Call it if there is one."""
        return self._parts[0][0]

    def clear(self) -> None:
        """Forget all parts."""
        self._parts.clear()


class LegHistory:
    """What is known of one leg up to its last sound."""

    def __init__(self, window: int) -> None:
        self.flows = False  # whether audio arrives
        self.spoke = False  # whether somebody spoke in the last sound
        self.moved = False  # whether the level moved in it
        self.has_moved = False  # whether the level has ever moved
        self.spoken_at = -math.inf  # the position of the last speech
        self.silent_since = 0
        self.still_since = 0
        self.clipping = Share(window)
        self._voiced = 0  # samples, in the sound before
        self._stepped_at = -math.inf  # the position at which the level last left its band
        self._band = _NO_BAND

    def add(self, at: int, sound: Sound) -> None:
        """Take what was heard up to ``at``."""
        self.spoke = self.moved = False
        if not sound.samples:
            self.flows = False
            return
        if not self.flows:
            self._begin(at - sound.samples)
        self._follow_speech(at, sound.voiced)
        if not sound.gap:  # concealment fades out, which is no movement of the leg's own
            self._follow_level(at, sound)
        self.clipping.add(at, sound.samples, sound.clipped)

    def _begin(self, at: int) -> None:
        """Begin to measure silence and stillness, which are unknown before ``at``."""
        self.flows = True
        self.silent_since = self.still_since = at
        self._voiced = 0
        self._band = _NO_BAND

    def _follow_speech(self, at: int, voiced: int) -> None:
        self.spoke = voiced > 0 and self._voiced + voiced >= SPOKEN
        self._voiced = voiced
        if self.spoke:
            self.spoken_at = self.silent_since = at

    def _follow_level(self, at: int, sound: Sound) -> None:
        low = min(self._band[0], max(AUDIBLE, sound.quietest))
        high = max(self._band[1], max(AUDIBLE, sound.loudest))
        if high - low < MOVES:
            self._band = low, high
            return
        self._band = _NO_BAND
        self.moved = at - self._stepped_at <= TWICE_WITHIN
        self._stepped_at = at
        if self.moved:
            self.has_moved = True
            self.still_since = at
