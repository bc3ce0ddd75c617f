"""The load generator's schedule."""

from __future__ import annotations

import time
from collections.abc import Callable


class Wheel:
    """Calls ``act`` with each of its members in turn, once a round, evenly spread.

    The schedule is absolute: a turn that is late does not move the next.
    """

    def __init__(
        self,
        act: Callable[[int, float], None],
        round_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._act = act
        self._round = round_seconds
        self._clock = clock
        self.members = 0
        self._from = 0.0
        self._first = 0  # whose turn it was then
        self._turns = 0  # since then

    def set(self, members: int) -> None:
        """Change how many there are; the phases are dealt anew, and who is next stays so:
        while a thousand join, those who joined first have their turns too."""
        self._first = (self._first + self._turns) % members if members else 0
        self.members, self._from, self._turns = members, self._clock(), 0

    def turn(self) -> float:
        """Do all that is due; returns how late the first of it was, in seconds."""
        late = 0.0
        step = self._round / self.members if self.members else 0.0
        while self.members:
            now = self._clock()
            due = self._from + self._turns * step
            if due > now:
                break
            late = max(late, now - due)
            self._act((self._first + self._turns) % self.members, now)
            self._turns += 1
        return late
