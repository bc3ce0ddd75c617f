"""Interruptions: what is heard while a tap stalls or a page is blocked, and after that. Pure."""

from __future__ import annotations

from typing import Any

from bench.plan import UNIT, UNIT_SECONDS
from bench.sound import network
from bench.sound.chirps import RATE
from bench.sound.observed import Report
from bench.sound.rows import BLOCKED, Heard
from bench.sound.silence import sounds_for

LIVE = 0.5  # seconds behind the tap, at most, when a listener is live
LOOKED_AT = 10.0  # seconds of sound from the beginning of an interruption

Span = tuple[float, float]  # Unix times


def figures(heard: Heard, reports: list[Report]) -> dict[str, Any]:
    """Return how long the sound went on by itself, and when it was live again.

    The worst of all interruptions counts. Nothing is returned for a row without any.
    """
    spans = _spans(heard)
    if not spans:
        return {}
    back = [_live_after(heard, end, reports) for _, end in spans]
    known = [one for one in back if one is not None]
    sounds = [heard.recording.between(start, start + LOOKED_AT).samples for start, _ in spans]
    return {
        "interruptions": len(spans),
        "sounded_on_ms": round(1000 * min(map(sounds_for, sounds))),
        "buffered_ms": round(1000 * min(_buffered(start, reports) for start, _ in spans)),
        "live_after_s": round(max(known), 2) if len(known) == len(back) else None,
    }


def _spans(heard: Heard) -> list[Span]:
    """Return the beginning and the end of each interruption in the window."""
    if heard.row.blocked:
        return [(at, at + BLOCKED) for at in heard.blocks]
    begun = heard.begun
    found = network.stalls(heard.row.network, heard.first - begun, heard.last - begun)
    return [(begun + start, begun + end) for start, end in found]


def _buffered(at: float, reports: list[Report]) -> float:
    """Return how many seconds the player held by its last report before a time."""
    before = [one.buffered for one in reports if one.at <= at]
    return before[-1] / RATE if before else 0.0


def _live_after(heard: Heard, end: float, reports: list[Report]) -> float | None:
    """Return after how many seconds what is played was live; None if it never was."""
    for one in reports:
        if one.at < end or not one.playing or one.position is None:
            continue
        said_at = heard.begun + one.position // UNIT * UNIT_SECONDS
        if one.at - said_at <= LIVE:
            return one.at - end
    return None
