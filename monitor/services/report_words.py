"""What the page of a call says of it when it is over: summary, figures, tools and latencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from monitor.models import Call, CallReport
from monitor.services import conversation, latency_chart
from monitor.services.conversation import Line
from monitor.services.latency_chart import Chart

#: Who ended a call, in the carrier's words that are known.
ENDED_BY = {
    "assistant": lambda: _("Agent"),
    "agent": lambda: _("Agent"),
    "ai": lambda: _("Agent"),
    "caller": lambda: _("Caller"),
    "user": lambda: _("Caller"),
    "system": lambda: _("System"),
}


class Figure(NamedTuple):
    """A figure of a call under its heading."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of a call. ``has_words`` is False once its words are no longer kept."""

    summary: str
    figures: list[Figure]
    tools: list[tuple[Line, str]]  # with how long each use took
    chart: Chart | None
    has_words: bool


def report(call: Call) -> Report | None:
    """Return the report of a call, or None while it goes on, and where nothing was told of it."""
    row = CallReport.objects.filter(call=call).first()
    if row is None:
        return None
    lines = conversation.of_call(call)
    return Report(
        summary=conversation.summary(call),
        figures=_figures(row),
        tools=[(line, _lasted(line)) for line in lines if line.side == "tool"],
        chart=latency_chart.draw(lines),
        has_words=bool(lines),
    )


def _figures(row: CallReport) -> list[Figure]:
    known = [
        (_("Turns"), row.turns),
        (_("Interruptions"), row.interruptions),
        (_("Errors"), row.errors),
        (_("Ended by"), ended_by(row.ended_by) or None),
        (_("Median latency"), _measured(row.latency, "s")),
        (_("Minutes accounted"), _measured(row.minutes)),
        (_("Minutes of speech recognition"), _measured(row.speech_minutes)),
        (_("Input tokens"), row.input_tokens),
        (_("Output tokens"), row.output_tokens),
        (_("Characters spoken"), row.voice_characters),
    ]
    return [Figure(label, _written(value)) for label, value in known if value is not None]


def ended_by(word: str) -> str:
    """Return who ended a call in the reader's language, or the carrier's own word for it."""
    return ENDED_BY[word]() if word in ENDED_BY else word


def _lasted(line: Line) -> str:
    lasted = line.tool.milliseconds if line.tool else None
    return "" if lasted is None else f"{lasted:.0f} ms"


def _measured(value: float | None, unit: str = "") -> str | None:
    return None if value is None else f"{value:.1f} {unit}".rstrip()


def _written(value: int | str) -> str:
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else value
