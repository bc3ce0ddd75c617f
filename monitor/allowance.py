"""How often somebody may do a thing."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """A token bucket: ``burst`` uses at once, and then ``rate`` of them a second."""

    def __init__(
        self, burst: int, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = 1 / rate  # seconds after which a use comes back
        self._early = burst / rate  # seconds that may be used ahead of time
        self._clock = clock
        self._used_until = 0.0  # on the clock: when all that was used has come back

    def spend(self) -> bool:
        """Count one use. False if it is one too many."""
        now = self._clock()
        self._used_until = max(self._used_until, now) + self._every
        return self._used_until <= now + self._early
