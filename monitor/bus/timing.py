"""Times and counts that follow from how much audio is in a Frame."""

from __future__ import annotations

from django.conf import settings


def gather_time() -> float:
    """Return for how many seconds the reader and the writer let data gather before a round trip.

    It is a quarter of a chunk, which is also the most delay that it adds, and it halves the
    work here and in Redis.
    """
    return settings.CHUNK_MS / 4000


def frames_in(seconds: float) -> int:
    """Return how many Frames hold ``seconds`` of audio: at least one."""
    return max(1, round(seconds * 1000 / settings.CHUNK_MS))


def seconds_in(frames: int) -> float:
    """Return how many seconds of audio so many Frames hold, if the sender's pieces fit them."""
    return frames * settings.CHUNK_MS / 1000
