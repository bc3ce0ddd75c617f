"""How far a listener is behind, computed from its acknowledgements.

At telephone rate a blocked send shows nothing: the kernel's buffer takes 4 MB, four minutes
of audio, and Daphne's ``send`` never blocks at all. Acknowledgements lie if a client sends
them by the clock. The bytes that wait in this process once the kernel's buffer is full
cannot lie, so they count too.
"""

from __future__ import annotations

from array import array
from bisect import bisect

from monitor.audio.rtp.sequence import uint32_diff
from monitor.limits import Limits

STEP = 0.5  # seconds between two marks
CLOGGED = 64 * 1024  # bytes that may wait in the process: 4 s of audio
WRAP = 1 << 32  # samples after which a position wraps: 149 hours
SHRINK = 1.0  # seconds by which one ack may reduce the allowance for older audio


class SendLog:
    """The send history shared by a tap's listeners: a (position, time) mark every STEP
    seconds, and one whenever a listener joins.

    Marks are numbered, because each listener has acknowledged up to a different one. They are
    kept for ``seconds`` at least, and for twice as long at most. Times are of a monotonic clock.
    Positions are given with the 32 bits that a Frame has for them, and kept unwrapped.
    """

    __slots__ = ("_kept_for", "_mark_at", "_positions", "_times", "end", "first_mark", "newest")

    def __init__(self, seconds: float) -> None:
        self._kept_for = seconds
        self._positions = array("q")
        self._times = array("d")
        self._mark_at = 0.0
        self.first_mark = 0  # number of the first mark that is kept
        self.newest = -1  # position of the last Frame
        self.end = -1  # position after its last sample

    @property
    def next_mark(self) -> int:
        """The number that the next mark will have."""
        return self.first_mark + len(self._times)

    def mark(self, number: int) -> tuple[int, float]:
        """Return a mark's position and time; ``number`` is in [first_mark, next_mark)."""
        return self._positions[number - self.first_mark], self._times[number - self.first_mark]

    def is_mark_due(self, now: float) -> bool:
        """Tell whether the next Frame will be marked if it is sent now."""
        return now >= self._mark_at

    def mark_next(self) -> None:
        """Have the next Frame marked: a listener's history begins there."""
        self._mark_at = 0.0

    def advance(self, position: int) -> None:
        """Move on to a position without a Frame, because the audio before it was not sent here."""
        known = self.newest >= 0
        self.newest = self.newest + (position - self.newest) % WRAP if known else position
        self.end = max(self.end, self.newest)

    def record(self, position: int, samples: int, now: float) -> None:
        """Record that the Frame which begins at ``position`` was sent."""
        self.advance(position)
        self.end = self.newest + samples
        if not self.is_mark_due(now):
            return
        self._mark_at = now + STEP
        self._positions.append(self.newest)
        self._times.append(now)
        if now - self._times[0] > 2 * self._kept_for:
            self._forget(bisect(self._times, now - self._kept_for))

    def _forget(self, marks: int) -> None:
        del self._positions[:marks], self._times[:marks]
        self.first_mark += marks


class ListenerLag:
    """What one listener of a send log has acknowledged, and therefore how far it is behind.

    The lag is the age of the oldest mark that it has not acknowledged, so a jump in positions
    does not count as lag. A listener that asked for older audio may be that much further
    behind, but must keep acknowledging.
    """

    __slots__ = (
        "_acked",
        "_acked_at",
        "_allowance",
        "_clogged_at",
        "_limits",
        "_older_end",
        "_reached",
        "_send_log",
        "_stopped",
        "_unsent",
    )

    def __init__(self, send_log: SendLog, limits: Limits) -> None:
        self._limits = limits
        self._send_log = send_log
        send_log.mark_next()
        self._reached = send_log.next_mark  # number of the first mark that is not acknowledged
        #: While degraded: the number of the first mark that was not sent, and where the audio that
        #: was sent ends.
        self._stopped: tuple[int, int] | None = None
        self._older_end = -1  # where the older audio ends, which the send log does not contain
        self._acked = -1
        self._acked_at = 0.0  # when the acknowledged position last moved
        self._allowance = 0.0  # seconds
        self._unsent = 0
        self._clogged_at: float | None = None  # since when the waiting bytes only grow

    def acknowledge(self, position: int, now: float) -> bool:
        """Record that the listener has played up to ``position``.

        Returns False if that position was never sent to it.
        """
        end = self._sent_end()
        if not 0 <= position <= end:
            return False
        position += (end - position) // WRAP * WRAP  # the last position with these 32 bits
        if position != self._acked:
            self._acked, self._acked_at = position, now
        oldest = self._oldest()
        if oldest and oldest[0] <= position:
            # It shrinks by SHRINK at most: the ack may be older than the request for older audio.
            age = now - oldest[1]
            self._allowance = max(min(self._allowance, age), self._allowance - SHRINK)
        while oldest and oldest[0] <= position:
            self._reached += 1
            oldest = self._oldest()
        if self._stopped and not oldest and self._clogged_at is None:
            self._stopped, self._reached = None, self._send_log.next_mark
        return True

    def unacknowledged(self) -> int | None:
        """Return how many samples were sent and not acknowledged, or None before the first ack."""
        return None if self._acked < 0 else max(0, self._sent_end() - self._acked)

    def update_unsent(self, unsent: int, now: float) -> None:
        """Record how many bytes wait for the kernel. Call it about once a second."""
        if unsent <= CLOGGED or unsent < self._unsent:
            self._clogged_at = None
        elif self._clogged_at is None:
            self._clogged_at = now
        self._unsent = unsent

    def allow(self, seconds: float, end: int, now: float) -> None:
        """Allow the listener to be further behind, because it is sent older audio.

        The older audio ends at the position ``end``, which the log has reached or soon will.
        """
        self._allowance, self._acked_at = max(self._allowance, seconds), now
        self._older_end = self._send_log.end + uint32_diff(end, self._send_log.end)

    def seconds_behind(self, now: float) -> float:
        """Return the lag in seconds, less what is allowed for older audio."""
        oldest = self._oldest()
        age = now - oldest[1] if oldest else 0.0
        clogged = 0.0 if self._clogged_at is None else now - self._clogged_at
        return max(clogged, age - self._allowance, min(age, now - self._acked_at))

    def update_degraded(self, now: float) -> bool:
        """Return whether the listener is so far behind that sending more would only hide it.

        Once it is, it stays degraded until it has acknowledged all that was sent.
        """
        if not self._stopped and self.seconds_behind(now) > self._limits.degraded:
            self._stopped = self._send_log.next_mark, self._send_log.end
        return self._stopped is not None

    def is_too_slow(self, now: float) -> bool:
        """Tell whether the listener is so far behind that its socket must be closed."""
        return self.seconds_behind(now) > self._limits.too_slow

    def _sent_end(self) -> int:
        """Return the position after the last sample that was sent."""
        return self._stopped[1] if self._stopped else max(self._older_end, self._send_log.end)

    def _oldest(self) -> tuple[int, float] | None:
        """Return the oldest mark that was sent and not acknowledged."""
        send_log = self._send_log
        self._reached = max(self._reached, send_log.first_mark)
        until = self._stopped[0] if self._stopped else send_log.next_mark
        return send_log.mark(self._reached) if self._reached < until else None
