"""Makes the history's rows of a call that is over: its figures, its tools, and its words to search.

They are made of the conversation as the pages show it, so a sentence that came live and is in the
carrier's record too is counted, and found, once. Whatever is told later of a call that is over
makes its rows anew.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from monitor.models import Call, CallReport, CallTool, CallWords, EventSource, encryption
from monitor.services import conversation, word_search
from monitor.services.conversation import BARGE, SPEAKERS, SUMMARY, Line

MILLISECONDS = 1000  # a second
MAX_NAME = CallTool._meta.get_field("name").max_length
MAX_ENDED_BY = CallReport._meta.get_field("ended_by").max_length

#: What SignalWire's record of an agent's part says of what it cost, and where a session's live end
#: says the same.
ACCOUNTED = {
    "minutes": ("total_minutes",),
    "input_tokens": ("total_input_tokens", "input_tokens"),
    "output_tokens": ("total_output_tokens", "output_tokens"),
    "speech_minutes": ("total_asr_minutes",),
    "voice_characters": ("total_tts_chars",),
}
WHOLE = ("input_tokens", "output_tokens", "voice_characters")
LARGEST = 2**53  # a larger number is a mistake


def make(call: Call) -> None:
    """Make the rows of a call that is over, or make them anew."""
    lines = conversation.of_call(call)
    said = [line for line in lines if line.side in SPEAKERS]
    figures = {**_counted(lines), **_told(call), "interruptions": _interruptions(call, lines)}
    CallReport.objects.update_or_create(call=call, defaults=figures)
    _keep_tools(call, lines)
    if said:
        words = [[round(line.at.timestamp() * MILLISECONDS), line.side, line.text] for line in said]
        text = "" if encryption.is_on() else word_search.indexed([line.text for line in said])
        CallWords.objects.update_or_create(call=call, defaults={"lines": words, "text": text})
    else:
        CallWords.objects.filter(call=call).delete()


def latencies(lines: Iterable[Line]) -> list[float]:
    """Return how long the agent took to answer, for each answer of which that is known."""
    return [line.latency for line in lines if line.latency is not None]


def _counted(lines: Sequence[Line]) -> dict[str, Any]:
    """Return what the lines of a call tell. A turn is all that a party says until the other one
    speaks."""
    sides = [line.side for line in lines if line.side in SPEAKERS]
    waited = latencies(lines)
    return {
        "turns": sum(1 for _ in itertools.groupby(sides)),
        "errors": sum(line.is_error for line in lines),
        "latency": statistics.median(waited) if waited else None,
    }


def _interruptions(call: Call, lines: Iterable[Line]) -> int:
    """Return how often the caller interrupted the agent: as often as the record of the call says,
    or, where it says nothing of that, as often as it was told live."""
    if _is_barging_recorded(call):
        return sum(line.interrupted for line in lines)
    return call.events.filter(source=EventSource.LIVE, kind=BARGE).count()


def _is_barging_recorded(call: Call) -> bool:
    """Return whether the record of a call says of any turn if it was interrupted."""
    recorded = call.events.filter(source=EventSource.AUTHORITY)
    if encryption.may_be_there():
        return any("barged" in payload for payload in recorded.values_list("payload", flat=True))
    return recorded.filter(payload__has_key="barged").exists()


def _told(call: Call) -> dict[str, Any]:
    """Return what the carrier tells of a call as a whole, added up over its agents' parts.

    A part's record, which has everything, goes before the live event of its end.
    """
    ends = call.events.filter(kind__in=(SUMMARY, "session_end")).order_by("at", "id")
    parts: dict[str, dict[str, Any]] = {}
    for event in sorted(ends, key=lambda event: event.source == EventSource.AUTHORITY):
        parts[event.agent] = {**parts.get(event.agent, {}), **event.payload}
    accounted = {
        name: _sum(_number(part, names) for part in parts.values())
        for name, names in ACCOUNTED.items()
    }
    for name in WHOLE:
        accounted[name] = None if accounted[name] is None else round(accounted[name])
    ended_by = [
        by for part in parts.values() for by in (part.get("call_ended_by") or part.get("ended_by"),)
    ]
    by = next((by for by in reversed(ended_by) if isinstance(by, str) and by), "")
    return {**accounted, "ended_by": by[:MAX_ENDED_BY]}


def _number(part: dict[str, Any], names: Iterable[str]) -> float | None:
    values = (part.get(name) for name in names)
    return next(
        (
            value
            for value in values
            if isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 <= value <= LARGEST
        ),
        None,
    )


def _sum(values: Iterable[float | None]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _keep_tools(call: Call, lines: Iterable[Line]) -> None:
    """Keep which tools were used in a call, in the place of what was kept before."""
    uses, failures = Counter[str](), Counter[str]()
    for line in lines:
        if line.side == "tool":
            name = line.text[:MAX_NAME]
            uses[name] += 1
            failures[name] += line.is_error
    call.tools.all().delete()
    CallTool.objects.bulk_create(
        CallTool(call=call, name=name, uses=count, failures=failures[name])
        for name, count in uses.items()
    )
