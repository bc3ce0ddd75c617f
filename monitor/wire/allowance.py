"""Limits how often a client may do something."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """A token bucket: it allows ``burst`` uses at once, and ``rate`` a second after that."""

    def __init__(
        self, burst: int, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = 1 / rate  # seconds after which a use comes back
        self._early = burst / rate  # seconds by which uses may be ahead of time
        self._clock = clock
        self._used_until = 0.0  # on the clock: when all that was used has come back

    def spend(self) -> bool:
        """Count one use. Return False if it is one too many."""
        now = self._clock()
        self._used_until = max(self._used_until, now) + self._every
        return self._used_until <= now + self._early
