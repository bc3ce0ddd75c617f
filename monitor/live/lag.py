"""How far a listener is behind, told by its acknowledgements.

At telephone rate a blocked send tells nothing: 4 MB, four minutes of audio,
fit in the kernel's buffer, and Daphne's ``send`` never blocks at all.
"""

from __future__ import annotations

from collections import deque

DEGRADED = 5.0  # seconds behind: nothing more is sent until the listener has caught up
TOO_SLOW = 10.0  # seconds behind: the socket is closed
STEP = 0.5  # seconds between two marks


class Lag:
    """Marks of what was sent when; an ack removes those it has reached.

    The lag is the age of the oldest mark that was not acknowledged, so a jump
    of positions counts for nothing. Times are a monotonic clock's seconds.
    """

    __slots__ = ("_allowance", "_degraded", "_marks", "_newest")

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()
        self._newest = -1
        self._allowance = 0.0
        self._degraded = False

    def sent(self, position: int, now: float) -> None:
        """A frame that begins at ``position`` was sent."""
        if position < self._newest:
            self._marks.clear()  # the position wrapped, or older audio was asked for
        self._newest = position
        if not self._marks or now - self._marks[-1][1] >= STEP:
            self._marks.append((position, now))

    def acked(self, position: int) -> bool:
        """The listener has played up to ``position``; False if it was never sent that."""
        if not 0 <= position <= self._newest + 8000:
            return False
        while self._marks and self._marks[0][0] <= position:
            self._marks.popleft()
        if not self._marks:
            self._degraded = False
        return True

    def allow(self, seconds: float) -> None:
        """The listener asked for that much older audio, so it may be that much behind."""
        self._allowance = seconds

    def seconds(self, now: float) -> float:
        """How far behind."""
        return max(0.0, now - self._marks[0][1] - self._allowance) if self._marks else 0.0

    def degraded(self, now: float) -> bool:
        """Is it so far behind that sending on would only hide it?"""
        if self.seconds(now) > DEGRADED:
            self._degraded = True
        return self._degraded

    def too_slow(self, now: float) -> bool:
        return self.seconds(now) > TOO_SLOW
