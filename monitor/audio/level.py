"""How loud a piece of s16le is: RMS and peak in dBFS."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

FULL_SCALE = 32768.0  # magnitude of the most negative 16-bit sample
FLOOR = -96.0  # dBFS; 20·log10(1/32768) is -90.3, so only digital zero lies here


class Level(NamedTuple):
    """RMS and peak in dBFS, between FLOOR and 0."""

    rms: float
    peak: float


SILENT = Level(FLOOR, FLOOR)


def dbfs(magnitude: float) -> float:
    """Decibels relative to full scale of a sample magnitude, never under FLOOR."""
    if magnitude <= 0:
        return FLOOR
    return max(FLOOR, 20 * math.log10(magnitude / FULL_SCALE))


def measure(pcm: bytes) -> Level:
    """The level of s16le bytes; of no bytes, SILENT."""
    return Level(dbfs(audioop.rms(pcm, 2)), dbfs(audioop.max(pcm, 2)))
