"""Silence: where nothing is heard, not even the noise of a call that pauses."""

from __future__ import annotations

import numpy as np

from bench.sound.chirps import RATE, Samples

THRESHOLD = 10 ** (-75 / 20)  # of full scale: the noise of a call (speech.NOISE) is 13 dB louder
WINDOW = RATE // 100  # samples
GAP = 0.05  # seconds of silence after which the sound has stopped


def silent_windows(samples: Samples) -> list[bool]:
    """Return for each whole window whether it is silent."""
    windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    loudness = np.sqrt(np.mean(windows**2, axis=1))
    return [bool(one) for one in loudness < THRESHOLD]


def silent_share(samples: Samples) -> float:
    """Return the share of the windows that are silent."""
    windows = silent_windows(samples)
    return sum(windows) / max(1, len(windows))


def sounds_for(samples: Samples) -> float:
    """Return for how many seconds from the beginning something is heard without a GAP."""
    silent = 0
    windows = silent_windows(samples)
    for number, is_silent in enumerate(windows):
        silent = silent + 1 if is_silent else 0
        if silent * WINDOW >= GAP * RATE:
            return (number + 1 - silent) * WINDOW / RATE
    return len(windows) * WINDOW / RATE
