"""Score: how much played speech resembles what was sent, by PESQ (ITU-T P.862, narrow band)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from bench.plan import UNIT_SECONDS
from bench.sound.chirps import RATE, Samples
from bench.sound.ear import Recording
from bench.sound.speech import Speech

PIECE_UNITS = 400  # 8 s, as long as the recordings for which PESQ was made
MARGIN = 0.1  # seconds of the recording before and after a piece
LATEST = 4.0  # seconds within which a piece is looked for
FULL_SCALE = 32767


def scores(said: Speech, pieces: Iterable[int], heard: Recording, begun: float) -> dict[str, Any]:
    """Return the mean and the lowest score of pieces that begin with these units.

    ``pesq`` compares with the speech after mu-law, as every listener of the call hears it, and
    ``pesq_uncoded`` with the speech before it.
    """
    coded, uncoded = [], []
    for first in pieces:
        reference = said.said(first, PIECE_UNITS)
        at = begun + first * UNIT_SECONDS
        played = _aligned(reference, heard.between(at, at + len(reference) / RATE + LATEST).samples)
        coded.append(_pesq(reference, played))
        uncoded.append(_pesq(said.uncoded(first, PIECE_UNITS), played))
    if not coded:
        return {}
    return {
        "pieces": len(coded),
        "pesq": round(mean(coded), 2),
        "pesq_lowest": round(min(coded), 2),
        "pesq_uncoded": round(mean(uncoded), 2),
    }


def _aligned(reference: Samples, recording: Samples) -> Samples:
    """Return the part of a recording that is most like a piece, with a margin."""
    size = 1 << (len(recording) + len(reference)).bit_length()
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(reference, size))
    match = np.fft.irfft(spectrum, size)[: max(1, len(recording) - len(reference))]
    start, margin = int(match.argmax()), round(MARGIN * RATE)
    return recording[max(0, start - margin) : start + len(reference) + margin]


def _pesq(reference: Samples, played: Samples) -> float:
    pesq = _library()
    sides = ((one * FULL_SCALE).astype(np.int16) for one in (reference, played))
    return float(pesq(RATE, *sides, "nb"))


def _library() -> Any:
    """Import PESQ from where script/bench has installed it."""
    only_here = str(Path(sys.prefix) / "bench")
    if only_here not in sys.path:
        sys.path.append(only_here)
    from pesq import pesq

    return pesq
