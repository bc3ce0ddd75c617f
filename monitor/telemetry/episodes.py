"""Episodes: a failure that repeats many times a second is logged only when it begins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

QUIET = 10.0  # seconds without a cause, after which its next occurrence begins an episode


class Episodes:
    """Tells apart the first occurrence of a cause and those that follow it closely."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_at: dict[str, float] = {}

    def begins(self, cause: str) -> bool:
        """Record that a cause has occurred; return True if it had not for QUIET seconds."""
        now = self._clock()
        before = self._last_at.get(cause, -math.inf)
        self._last_at[cause] = now
        return now - before > QUIET
