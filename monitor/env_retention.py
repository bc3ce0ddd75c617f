"""For how long records are kept: the settings of it, and the arguments of ``manage.py prune``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.env import whole

MAX_DAYS = 36_500
FOREVER = "forever"


def days(text: str) -> float:
    """Parse a number of days. ``forever`` gives infinity.

    0 is refused: it could mean that nothing is kept, or, as with other settings, never.
    """
    if text == FOREVER:
        return math.inf
    try:
        return whole(1, MAX_DAYS)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or {FOREVER}") from None


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days records of each kind are kept. Raises ValueError if that cannot be."""

    calls: float
    words: float
    listens: float
    sign_ins: float
    admin_log: float

    def __post_init__(self) -> None:
        if self.words > self.calls:
            raise ValueError(
                f"words ({_told(self.words)}) cannot be kept longer than their calls "
                f"({_told(self.calls)})"
            )
        if self.listens < self.calls:
            raise ValueError(
                f"calls that were listened to ({_told(self.listens)}) cannot be deleted earlier "
                f"than others ({_told(self.calls)})"
            )


def _told(number: float) -> str:
    return FOREVER if number == math.inf else f"{number} days"
