"""Level: measures how loud a piece of s16le is, as RMS and peak in dBFS."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

FULL_SCALE = 32768.0  # magnitude of the most negative 16-bit sample
FLOOR = -96.0  # dBFS of digital silence; the quietest sample that is not 0 has -90.3


class Level(NamedTuple):
    """RMS and peak in dBFS, between FLOOR and 0."""

    rms: float
    peak: float


SILENT = Level(FLOOR, FLOOR)


def dbfs(magnitude: float) -> float:
    """Return a sample's magnitude in decibels relative to full scale, FLOOR at least."""
    if magnitude <= 0:
        return FLOOR
    return max(FLOOR, 20 * math.log10(magnitude / FULL_SCALE))


def measure(pcm: bytes) -> Level:
    """Return the level of s16le bytes, or SILENT if there are none."""
    return Level(dbfs(audioop.rms(pcm, 2)), dbfs(audioop.max(pcm, 2)))
