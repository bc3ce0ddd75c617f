"""An RTP tap's packet figures in words: on its pages and in the export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .audio.g711 import SAMPLE_RATE


class Figure(NamedTuple):
    """A counter of ``Tap.rtp``, and what people read."""

    name: str
    label: str
    unit: str = ""  # "", samples or ms; static/js/packets.js knows the same


FIGURES = (
    Figure("received", "Received"),
    Figure("expected", "Expected"),
    Figure("lost", "Lost"),
    Figure("late", "Too late to be heard"),
    Figure("reordered", "Out of order"),
    Figure("duplicate", "Duplicates"),
    Figure("jitter_ms", "Jitter", "ms"),
    Figure("concealed", "Concealed", "samples"),
    Figure("skipped", "Left out", "samples"),
    Figure("played", "Heard"),
    Figure("pcmu", "Heard as PCMU"),
    Figure("pcma", "Heard as PCMA"),
    Figure("comfort_noise", "Comfort noise"),
    Figure("events", "Key presses (events)"),
    Figure("unknown", "Unknown content"),
    Figure("empty", "Without audio"),
    Figure("restarts", "Sender began anew"),
    Figure("foreign", "Of a second stream"),
    Figure("stray", "Out of any order"),
    Figure("clock_mismatch", "With a wrong timestamp"),
    Figure("strangers", "From elsewhere"),
    Figure("malformed", "Not RTP"),
)


class Shown(NamedTuple):
    """A figure of one tap."""

    figure: Figure
    text: str  # empty for zero


def table(counted: Mapping[str, float] | None) -> list[Shown]:
    """Every figure of a tap, in the order to be read."""
    return [Shown(one, _text(one, value(counted, one.name) or 0)) for one in FIGURES]


def value(counted: Mapping[str, float] | None, name: str) -> float | None:
    """A figure as it is shown; None where no packets were counted at all.

    What RFC 3550 calls lost, a duplicate hides; people mean what never came.
    """
    if counted is None:
        return None
    duplicates = counted.get("duplicate", 0) if name == "lost" else 0
    return max(0, counted.get(name, 0) + duplicates)


def _text(figure: Figure, number: float) -> str:
    if not number:
        return ""
    if figure.unit == "samples":
        return f"{number / SAMPLE_RATE:.2f} s"
    return f"{number:.1f} ms" if figure.unit == "ms" else str(int(number))
