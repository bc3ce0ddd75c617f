"""Figures: what the sound of a row was like. Pure: values in, values out."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import numpy as np

from bench.plan import UNIT_SECONDS
from bench.sound import chirps, interruptions, score, speech
from bench.sound.chirps import RATE
from bench.sound.observed import Observed, Report
from bench.sound.rows import Heard
from bench.sound.silence import silent_share
from monitor.wire.frame import Flag

Figures = dict[str, Any]

NEAR = 1.0  # seconds between a chirp and a report or a deck's delay that tell about it, at most
PARTS = ("to_server_ms", "to_page_ms", "in_player_ms", "to_ear_ms")

#: When a chirp was sent, in Unix time, and after how many seconds it was heard.
Found = tuple[float, float]


def row_figures(heard: Heard) -> Figures:
    """Return everything that is known of a row."""
    observed = Observed(heard.observed)
    figures = {
        "name": heard.row.name,
        "seconds": round(heard.last - heard.first, 1),
        "late_ms": heard.late_ms,
        **_losses(heard, observed),
    }
    if heard.row.has_chirps:
        figures |= _chirp_figures(heard, observed)
    else:
        figures |= _scores(heard)
    return figures | interruptions.figures(heard, observed.reports)


def _chirp_figures(heard: Heard, observed: Observed) -> Figures:
    first, last = heard.first - heard.begun, heard.last - heard.begun
    sent = [(n, heard.begun + at) for n, at in speech.chirps_between(first, last)]
    recording = heard.recording
    times = [(number, at - recording.begun) for number, at in sent]
    delays = chirps.delays(times, chirps.find(recording.samples))
    found = [(at, one) for (_, at), one in zip(sent, delays, strict=True) if one is not None]
    figures = delay_figures(delays) | _shown_figures(heard, found, observed)
    return figures | (_parts(heard, found, observed) if heard.row.taps == 1 else {})


def delay_figures(delays: Sequence[float | None]) -> Figures:
    """Return the quantiles of the chirps' delays, and how many were never heard."""
    found = [one * 1000 for one in delays if one is not None]
    figures: Figures = {"chirps": len(delays), "lost": len(delays) - len(found)}
    if found:
        p50, p99, most = (round(float(np.quantile(found, q)), 1) for q in (0.5, 0.99, 1))
        figures |= {"p50_ms": p50, "p99_ms": p99, "max_ms": most}
    return figures


def _losses(heard: Heard, observed: Observed) -> Figures:
    """Return what was heard in the window that the call did not say."""
    live = [one for one in observed.frames if heard.first <= one.at < heard.last]
    made_up = sum(one.samples for one in live if one.flags & Flag.CONCEALED)
    concealed = made_up / max(1, sum(one.samples for one in live))
    silent = silent_share(heard.recording.between(heard.first, heard.last).samples)
    return {
        "underruns": sum(_underruns(heard, one) for one in _by_player(observed.reports)),
        "concealed_percent": round(100 * (concealed + silent), 2),
        "silent_percent": round(100 * silent, 2),
    }


def _by_player(reports: list[Report]) -> Iterator[list[Report]]:
    for player in sorted({one.player for one in reports}):
        yield [one for one in reports if one.player == player]


def _underruns(heard: Heard, reports: list[Report]) -> int:
    """Return how often a player ran dry in the window."""
    before = [one.underruns for one in reports if one.at < heard.first]
    by_then = [one.underruns for one in reports if one.at < heard.last]
    return max(by_then, default=0) - max(before, default=0)


def _shown_figures(heard: Heard, found: list[Found], observed: Observed) -> Figures:
    """Compare the delay of each chirp with what its deck showed when it was heard."""
    off = []
    for tap in range(heard.row.taps):
        shown = observed.shown(tap)
        times = [one.at for one in shown]
        for sent, delay in found:
            number = round((sent - heard.begun) / (chirps.PERIOD * UNIT_SECONDS))
            at = bisect.bisect(times, sent + delay) - 1
            if number % heard.row.taps == tap and at >= 0 and sent + delay - times[at] < NEAR:
                off.append(1000 * (shown[at].delay - delay))
    if not off:
        return {}
    return {
        "shown_off_ms": round(median(off), 1),
        "shown_off_p95_ms": round(float(np.quantile(np.abs(off), 0.95)), 1),
    }


def _parts(heard: Heard, found: list[Found], observed: Observed) -> Figures:
    """Return the median of each part of the delay, in ms.

    - ``to_server``: from the tap to ``received_at``: the network, and the rest of the chunk
    - ``to_page``: to the page, through Redis and both gatherings
    - ``in_player``: to the audio thread's output: the buffer
    - ``to_ear``: to the device: the browser's own buffers
    """
    frames, reports = observed.frames, observed.reports
    starts = [one.position for one in frames]
    parts = []
    for sent, delay in found:
        position = round((sent - heard.begun) * RATE)
        at = bisect.bisect(starts, position) - 1
        rendered = _rendered_at(position, sent + delay, reports)
        if at < 0 or rendered is None or position >= starts[at] + frames[at].samples:
            continue
        times = (sent, frames[at].received_at, frames[at].at, rendered, sent + delay)
        parts.append([1000 * (after - before) for before, after in itertools.pairwise(times)])
    if not parts:
        return {}
    columns = zip(*parts, strict=True)
    return {name: round(median(column), 1) for name, column in zip(PARTS, columns, strict=True)}


def _rendered_at(position: int, heard_at: float, reports: list[Report]) -> float | None:
    """Return when a sample left the player, by the report that is nearest to it."""
    near = [
        (abs(one.at - heard_at), one.at + (position - one.position) / RATE)
        for one in reports
        if one.playing and one.position is not None
    ]
    away, at = min(near, default=(NEAR, 0.0))
    return at if away < NEAR else None


def _scores(heard: Heard) -> Figures:
    """Score the speech of the window, piece by piece."""
    first = int((heard.first - heard.begun) / UNIT_SECONDS)
    last = int((heard.last - heard.begun) / UNIT_SECONDS) - score.PIECE_UNITS
    pieces = range(first, last + 1, score.PIECE_UNITS)
    said = speech.Speech(0, 1, has_chirps=False)
    return score.scores(said, pieces, heard.recording, heard.begun)
