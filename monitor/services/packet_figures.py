"""The packet figures of an RTP tap, as its pages and the export show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from monitor.audio.g711 import SAMPLE_RATE

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class Figure(NamedTuple):
    """A counter of ``Tap.rtp``, with the label that people read."""

    name: str
    label: StrPromise
    unit: str = ""  # "", samples or ms; static/js/list/packets.js writes them alike


FIGURES = (
    Figure("received", _("Received")),
    Figure("expected", _("Expected")),
    Figure("lost", _("Lost")),
    Figure("late", _("Too late to be heard")),
    Figure("reordered", _("Out of order")),
    Figure("duplicate", _("Duplicates")),
    Figure("jitter_ms", _("Jitter"), "ms"),
    Figure("concealed", _("Concealed"), "samples"),
    Figure("skipped", _("Left out"), "samples"),
    Figure("played", _("Heard")),
    Figure("pcmu", _("Heard as PCMU")),
    Figure("pcma", _("Heard as PCMA")),
    Figure("comfort_noise", _("Comfort noise")),
    Figure("events", _("Key presses (events)")),
    Figure("unknown", _("Unknown content")),
    Figure("empty", _("Without audio")),
    Figure("restarts", _("Sender started again")),
    Figure("foreign", _("Of a second stream")),
    Figure("stray", _("Out of any order")),
    Figure("clock_mismatch", _("With a wrong timestamp")),
    Figure("strangers", _("From elsewhere")),
    Figure("malformed", _("Not RTP")),
)


class Shown(NamedTuple):
    """A figure of one tap, as it is shown."""

    figure: Figure
    value: float  # for the browser, which knows its reader's country and with it the decimal mark
    text: str  # empty for zero


def table(counted: Mapping[str, float] | None) -> list[Shown]:
    """Return every figure of a tap, in the order in which it is shown."""
    found = ((one, value(counted, one.name) or 0) for one in FIGURES)
    return [Shown(one, number, _text(one, number)) for one, number in found]


def value(counted: Mapping[str, float] | None, name: str) -> float | None:
    """Return a figure as it is shown, or None if no packets were counted at all.

    In RFC 3550's count of lost packets every duplicate hides a loss. People mean the packets that
    never came, so duplicates are added.
    """
    if counted is None:
        return None
    duplicates = counted.get("duplicate", 0) if name == "lost" else 0
    return max(0, counted.get(name, 0) + duplicates)


def _text(figure: Figure, number: float) -> str:
    if not number:
        return ""
    if figure.unit == "samples":
        return f"{number_format(f'{number / SAMPLE_RATE:.2f}')} s"
    return f"{number_format(f'{number:.1f}')} ms" if figure.unit == "ms" else str(int(number))
