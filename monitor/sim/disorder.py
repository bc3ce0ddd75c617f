"""Disorder: what happens to the posts of a simulated call on their way, the same for a seed."""

from __future__ import annotations

import random

LATEST = 3.0  # seconds that a post is late at most; those after it pass it
LOST, DOUBLED = 0.1, 0.2  # shares of the live events
RECORDS_FIRST = 3  # in about every third call the record comes before the last live events


class Disorder:
    """Decides about each post of a call. Without a seed, all arrive once and at once."""

    def __init__(self, seed: int | None, number: int) -> None:
        self._chance = None if seed is None else random.Random(f"{seed}/{number}")
        self.is_record_first = (
            self._chance is not None and self._chance.randrange(RECORDS_FIRST) == 0
        )

    def of_event(self) -> list[float]:
        """Return how late each copy of the next live event is, in seconds; none if it is lost."""
        if self._chance is None:
            return [0.0]
        if self._chance.random() < LOST:
            return []
        copies = 1 + (self._chance.random() < DOUBLED)
        return [self._chance.uniform(0.0, LATEST) for _ in range(copies)]

    def of_record(self) -> list[float]:
        """Return the same for the record of the call, which is never lost: SignalWire's would be
        missing, and a transcript could not end as it is."""
        if self._chance is None:
            return [0.0]
        copies = 1 + (self._chance.random() < DOUBLED)
        late = 0.0 if self.is_record_first else LATEST
        return [self._chance.uniform(0.0, late) for _ in range(copies)]
