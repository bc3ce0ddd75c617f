"""Wheel: the schedule of the load generator."""

from __future__ import annotations

import time
from collections.abc import Callable


class Wheel:
    """Calls ``act`` with each of its members once a round, evenly spread.

    The schedule is absolute, so a turn that is late does not delay the next.
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
        self._first = 0  # the member whose turn it was at _from
        self._turns = 0  # since _from

    def set(self, members: int) -> None:
        """Change the number of members, and give each a new phase.

        The next member stays the same, so that while a thousand join, the first ones still have
        their turns.
        """
        self._first = (self._first + self._turns) % members if members else 0
        self.members, self._from, self._turns = members, self._clock(), 0

    def turn(self) -> float:
        """Call ``act`` for every turn that is due; return how late the worst was, in seconds."""
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
