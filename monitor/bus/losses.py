"""Losses: counts the Frames that do not reach Redis, and has what follows them flagged."""

from __future__ import annotations

import logging

from redis.exceptions import ResponseError

from monitor.bus.ring import RingTarget
from monitor.telemetry.episodes import Episodes
from monitor.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


class Losses:
    """Counts the losses of one writer."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._refusals = Episodes()
        self.dropped = 0  # Frames that waited too long
        self.refused = 0  # commands

    def lose(self, target: RingTarget, cause: str, frames: int = 1) -> None:
        """Count lost Frames, and have the next Frame of their tap flagged with GAP."""
        target.dropped += frames
        target.gap_due = True
        self._metrics.dropped.add(frames, cause)

    def drop(self, target: RingTarget) -> None:
        """Count a Frame that has waited too long for Redis."""
        self.dropped += 1
        self.lose(target, "Redis away")

    def refuse(self, error: ResponseError) -> None:
        """Count a command that Redis has refused, and log the first of its kind."""
        self.refused += 1
        if self._refusals.begins(str(error).partition(" ")[0]):
            logger.error("Redis refused a write, and may refuse more: %s", error)
