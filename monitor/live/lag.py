"""How far a listener is behind, told by its acknowledgements.

At telephone rate a blocked send tells nothing: 4 MB, four minutes of audio,
fit in the kernel's buffer, and Daphne's ``send`` never blocks at all. An ack
can lie, by the clock; once the kernel takes no more, what waits behind it cannot.
"""

from __future__ import annotations

from array import array
from bisect import bisect

from ..audio.sequence import uint32_diff

DEGRADED = 5.0  # seconds behind: nothing more is sent until the listener has caught up
TOO_SLOW = 10.0  # seconds behind: the socket is closed
STEP = 0.5  # seconds between two marks
CLOGGED = 64 * 1024  # bytes, 4 s of audio, that may wait in the process
WRAP = 1 << 32  # samples, 149 hours
SHRINK = 1.0  # seconds that one ack may take off the allowance for older audio


class Line:
    """What was sent when to all who hear a tap together: a mark each STEP, and for who is new.

    Marks are numbered, for each listener has reached another one, and kept for so many
    seconds or twice that. Times are a monotonic clock's. Positions come as Frames have
    them, in 32 bits, and are made whole.
    """

    __slots__ = ("_kept_for", "_mark_at", "_positions", "_times", "end", "first", "newest")

    def __init__(self, seconds: float) -> None:
        self._kept_for = seconds
        self._positions = array("q")
        self._times = array("d")
        self._mark_at = 0.0
        self.first = 0  # number of the first mark that is kept
        self.newest = -1  # position of the last Frame
        self.end = -1  # and where it ends

    @property
    def next(self) -> int:
        """Number of the mark that comes next."""
        return self.first + len(self._times)

    def mark(self, number: int) -> tuple[int, float]:
        """Position and time of a mark, from ``first`` on and before ``next``."""
        return self._positions[number - self.first], self._times[number - self.first]

    def is_due(self, now: float) -> bool:
        """Will a Frame that is sent now be a mark?"""
        return now >= self._mark_at

    def somebody_new(self) -> None:
        """Have a mark where its hearing begins."""
        self._mark_at = 0.0

    def move(self, position: int) -> None:
        """The tap is at a position; what is before it was not sent here."""
        known = self.newest >= 0
        self.newest = self.newest + (position - self.newest) % WRAP if known else position
        self.end = max(self.end, self.newest)

    def sent(self, position: int, samples: int, now: float) -> None:
        """A Frame of so many samples, which begins at ``position``, was sent."""
        self.move(position)
        self.end = self.newest + samples
        if not self.is_due(now):
            return
        self._mark_at = now + STEP
        self._positions.append(self.newest)
        self._times.append(now)
        if now - self._times[0] > 2 * self._kept_for:
            self._forget(bisect(self._times, now - self._kept_for))

    def _forget(self, marks: int) -> None:
        del self._positions[:marks], self._times[:marks]
        self.first += marks


class Lag:
    """What one listener of a line has acknowledged.

    The lag is the age of the oldest mark that was not, so a jump of positions counts
    for nothing. Who asked for older audio may be that much further behind, but not
    stand still.
    """

    __slots__ = (
        *("_acked", "_acked_at", "_allowance", "_clogged_at", "_line", "_older_end", "_reached"),
        *("_stopped", "_unsent"),
    )

    def __init__(self, line: Line) -> None:
        self._line = line
        line.somebody_new()
        self._reached = line.next  # number of the first mark that was not acknowledged
        #: While it is degraded: number of the first mark that was not sent, the end of what was.
        self._stopped: tuple[int, int] | None = None
        self._older_end = -1  # of older audio that was sent beside the line
        self._acked = -1
        self._acked_at = 0.0  # when the acknowledged position last moved
        self._allowance = 0.0
        self._unsent = 0
        self._clogged_at: float | None = None  # since when what waits only grows

    def acked(self, position: int, now: float) -> bool:
        """The listener has played up to ``position``; False if it was never sent that."""
        end = self._stopped[1] if self._stopped else max(self._older_end, self._line.end)
        if not 0 <= position <= end:
            return False
        position += (end - position) // WRAP * WRAP  # the last one of these 32 bits
        if position != self._acked:
            self._acked, self._acked_at = position, now
        oldest = self._oldest()
        if oldest and oldest[0] <= position:
            # By SHRINK at most: this ack may have been under way when older audio was asked for.
            age = now - oldest[1]
            self._allowance = max(min(self._allowance, age), self._allowance - SHRINK)
        while oldest and oldest[0] <= position:
            self._reached += 1
            oldest = self._oldest()
        if self._stopped and not oldest and self._clogged_at is None:
            self._stopped, self._reached = None, self._line.next
        return True

    def waits(self, unsent: int, now: float) -> None:
        """So many bytes wait for the kernel to take them; to be told about once a second."""
        if unsent <= CLOGGED or unsent < self._unsent:
            self._clogged_at = None
        elif self._clogged_at is None:
            self._clogged_at = now
        self._unsent = unsent

    def allow(self, seconds: float, end: int, now: float) -> None:
        """The listener is sent that much older audio, for it asked for it, so it may be that
        much behind. The audio ends at the position ``end``, where the line is or soon will be."""
        self._allowance, self._acked_at = max(self._allowance, seconds), now
        self._older_end = self._line.end + uint32_diff(end, self._line.end)

    def seconds(self, now: float) -> float:
        """How far behind."""
        oldest = self._oldest()
        age = now - oldest[1] if oldest else 0.0
        clogged = 0.0 if self._clogged_at is None else now - self._clogged_at
        return max(clogged, age - self._allowance, min(age, now - self._acked_at))

    def degraded(self, now: float) -> bool:
        """Is it so far behind that sending on would only hide it?"""
        if not self._stopped and self.seconds(now) > DEGRADED:
            self._stopped = self._line.next, self._line.end
        return self._stopped is not None

    def too_slow(self, now: float) -> bool:
        return self.seconds(now) > TOO_SLOW

    def _oldest(self) -> tuple[int, float] | None:
        """The oldest mark that was sent and not acknowledged."""
        line = self._line
        self._reached = max(self._reached, line.first)
        until = self._stopped[0] if self._stopped else line.next
        return line.mark(self._reached) if self._reached < until else None
