"""Draws p99 against load as a small SVG."""

from __future__ import annotations

import math
from typing import Any

from bench.knee import GOOD_P99

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 36, 44
COLOURS = ("#0b6bcb", "#c2410c", "#15803d", "#7c3aed")
FLOOR_MS, CEILING_MS = 10.0, 10_000.0

Series = dict[str, list[tuple[int, float]]]


def series(knees: dict[str, Any]) -> Series:
    """Return each row's loads with their p99 in ms, for both shapes of load."""
    found: Series = {}
    for name, knee in knees.items():
        for shape in ("listeners", "taps"):
            points = [(one["load"], one["p99_ms"]) for one in knee[f"{shape}_points"]]
            points = [(load, p99) for load, p99 in points if p99 > 0]
            if points:
                found[f"{name.removeprefix('earshot-')}, {shape}"] = points
    return found


def svg(found: Series) -> str:
    """Return the SVG. Both axes are logarithmic; the background is white for dark pages."""
    loads = [load for points in found.values() for load, _ in points] or [1, 10]
    low, high = min(loads), max(max(loads), 2 * min(loads))

    def x(load: float) -> float:
        share = math.log(load / low) / math.log(high / low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(ms: float) -> float:
        ms = min(max(ms, FLOOR_MS), CEILING_MS)
        share = math.log(ms / FLOOR_MS) / math.log(CEILING_MS / FLOOR_MS)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    parts = [*_axes(x, y, low, high), _line(LEFT, y(GOOD_P99), WIDTH - RIGHT, y(GOOD_P99), "4 3")]
    for number, (name, points) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x(load)},{y(p99)}" for load, p99 in sorted(points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(load)}" cy="{y(p99)}" r="3" fill="{colour}"/>' for load, p99 in points
        ]
        at = TOP + 14 + 18 * number
        parts.append(_text(WIDTH - RIGHT + 12, at, name, f'fill="{colour}"'))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _axes(x: Any, y: Any, low: int, high: int) -> list[str]:
    parts = [
        _text(LEFT, HEIGHT - 8, "load: listeners of one tap, or taps with one listener each"),
        _text(8, 18, f"p99 of the delay; over {GOOD_P99:.0f} ms (dashed) it is too much load"),
    ]
    for ms, words in ((10, "10 ms"), (100, "100 ms"), (1000, "1 s"), (10_000, "10 s")):
        parts.append(_line(LEFT, y(ms), WIDTH - RIGHT, y(ms)))
        parts.append(_text(LEFT - 6, y(ms) + 4, words, 'text-anchor="end"'))
    load = low
    while load <= high:
        parts.append(_text(x(load), HEIGHT - BOTTOM + 16, str(load), 'text-anchor="middle"'))
        load *= 2
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, dashes: str = "none") -> str:
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#999" '
        f'stroke-width="0.7" stroke-dasharray="{dashes}"/>'
    )


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{words}</text>'
