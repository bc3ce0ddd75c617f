"""Draws how long the agent took to answer in a call, as numbers for an SVG.

Bars stand in the order of the answers, and their heights are to one scale. The template has the
colours, so that both themes have their own.
"""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from monitor.services.conversation import Line

WIDTH, HEIGHT = 640, 160  # of the drawing, in its own units
LEFT, TOP, BOTTOM = 60, 14, 20  # units beside the bars, for what is written there
SHARE = 0.7  # of its place that a bar takes
WIDEST = 24  # units
SCALES = (1, 2, 3, 5, 8, 12, 20, 30, 60, 120)  # seconds at the top


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the agent: its bar, and what it stands for."""

    at: datetime.datetime
    text: str
    seconds: float
    x: float
    y: float
    width: float
    height: float

    @property
    def latency(self) -> str:
        """The seconds with their unit."""
        return f"{self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of a call, its scale, and what it says in words."""

    answers: list[Answer]
    ticks: list[tuple[str, float]]
    median_y: float
    title: str
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def draw(lines: Sequence[Line]) -> Chart | None:
    """Return the chart of a conversation, or None where no latency is known."""
    waited = [(line, line.latency) for line in lines if line.latency is not None]
    if not waited:
        return None
    seconds = [latency for _line, latency in waited]
    top = next((scale for scale in SCALES if max(seconds) <= scale), max(seconds))
    place = (WIDTH - LEFT) / len(waited)
    width = min(place * SHARE, WIDEST)
    return Chart(
        answers=[
            Answer(
                line.at,
                line.text,
                latency,
                x=round(LEFT + place * number + (place - width) / 2, 2),
                y=_y(latency, top),
                width=round(width, 2),
                height=round(HEIGHT - BOTTOM - _y(latency, top), 2),
            )
            for number, (line, latency) in enumerate(waited)
        ],
        ticks=[(f"{value:g} s", _y(value, top)) for value in (0, top / 2, top)],
        median_y=_y(statistics.median(seconds), top),
        title=gettext("How long the agent took to answer"),
        description=_described(seconds),
    )


def _y(seconds: float, top: float) -> float:
    return round(TOP + (HEIGHT - BOTTOM - TOP) * (1 - seconds / top), 2)


def _described(seconds: Sequence[float]) -> str:
    """Say in words what the bars show."""
    told = ngettext(
        "%(n)s answer: median %(median)s s, shortest %(least)s s, longest %(most)s s.",
        "%(n)s answers: median %(median)s s, shortest %(least)s s, longest %(most)s s.",
        len(seconds),
    )
    return told % {
        "n": len(seconds),
        "median": f"{statistics.median(seconds):.1f}",
        "least": f"{min(seconds):.1f}",
        "most": f"{max(seconds):.1f}",
    }
