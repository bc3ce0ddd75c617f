"""How far a listener is behind, told by its acknowledgements.

At telephone rate a blocked send tells nothing: 4 MB, four minutes of audio,
fit in the kernel's buffer, and Daphne's ``send`` never blocks at all. An ack
can lie, by the clock; once the kernel takes no more, what waits behind it cannot.
"""

from __future__ import annotations

from collections import deque

DEGRADED = 5.0  # seconds behind: nothing more is sent until the listener has caught up
TOO_SLOW = 10.0  # seconds behind: the socket is closed
STEP = 0.5  # seconds between two marks
CLOGGED = 64 * 1024  # bytes, 4 s of audio, that may wait in the process
SHRINK = 1.0  # seconds that one ack may take off the allowance for older audio


class Lag:
    """Marks of what was sent when; an ack removes those it has reached.

    The lag is the age of the oldest mark that was not acknowledged, so a jump
    of positions counts for nothing. Who asked for older audio may be that much
    further behind, but not stand still. Times are a monotonic clock's seconds.
    """

    __slots__ = (
        *("_acked", "_acked_at", "_allowance", "_clogged_at", "_degraded", "_end"),
        *("_marks", "_newest", "_unsent"),
    )

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()
        self._newest = -1
        self._end = -1  # of what was sent
        self._acked = -1
        self._acked_at = 0.0  # when the acknowledged position last moved
        self._allowance = 0.0
        self._unsent = 0
        self._clogged_at: float | None = None  # since when what waits only grows
        self._degraded = False

    def sent(self, position: int, samples: int, now: float) -> None:
        """A frame of so many samples, which begins at ``position``, was sent."""
        if position < self._newest:
            self._marks.clear()  # the position wrapped, or older audio was asked for
        self._newest, self._end = position, position + samples
        if not self._marks or now - self._marks[-1][1] >= STEP:
            self._marks.append((position, now))

    def acked(self, position: int, now: float) -> bool:
        """The listener has played up to ``position``; False if it was never sent that."""
        if not 0 <= position <= self._end:
            return False
        if position != self._acked:
            self._acked, self._acked_at = position, now
        if self._marks and self._marks[0][0] <= position:
            # By SHRINK at most: this ack may have been under way when older audio was asked for.
            self._allowance = max(min(self._allowance, self._age(now)), self._allowance - SHRINK)
        while self._marks and self._marks[0][0] <= position:
            self._marks.popleft()
        if not self._marks and self._clogged_at is None:
            self._degraded = False
        return True

    def waits(self, unsent: int, now: float) -> None:
        """So many bytes wait for the kernel to take them; to be told about once a second."""
        if unsent <= CLOGGED or unsent < self._unsent:
            self._clogged_at = None
        elif self._clogged_at is None:
            self._clogged_at = now
        self._unsent = unsent

    def allow(self, seconds: float, now: float) -> None:
        """The listener asked for that much older audio, so it may be that much behind."""
        self._allowance, self._acked_at = seconds, now

    def seconds(self, now: float) -> float:
        """How far behind."""
        age = self._age(now)
        clogged = 0.0 if self._clogged_at is None else now - self._clogged_at
        return max(clogged, age - self._allowance, min(age, now - self._acked_at))

    def degraded(self, now: float) -> bool:
        """Is it so far behind that sending on would only hide it?"""
        # Asked for each Frame. Whose oldest mark is young, with nothing clogged, is not.
        young = not self._marks or now - self._marks[0][1] <= DEGRADED
        if not (young and self._clogged_at is None) and self.seconds(now) > DEGRADED:
            self._degraded = True
        return self._degraded

    def too_slow(self, now: float) -> bool:
        return self.seconds(now) > TOO_SLOW

    def _age(self, now: float) -> float:
        return now - self._marks[0][1] if self._marks else 0.0
