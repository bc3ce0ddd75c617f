"""Episodes: trouble that comes many times a second is logged when it begins, and then not again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

QUIET = 10.0  # seconds without a cause after which its next occurrence is news


class Episodes:
    """Tells the first occurrence of a cause from those that follow it closely."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_at: dict[str, float] = {}

    def begins(self, cause: str) -> bool:
        """Note that a cause has occurred; True if it had not within QUIET seconds."""
        now = self._clock()
        before = self._last_at.get(cause, -math.inf)
        self._last_at[cause] = now
        return now - before > QUIET
