"""Makes one conversation of all that was told of a call: what was said, used and noticed.

Live events are shown as they come. Once the carrier's record of an agent's part in the call is
there, that part has the record's words, tools and interruptions, and nothing else of those: however
the live events came, doubled, lost or in any order, it ends the same. What the record does not
have, such as holds and errors, stays from the live events.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from monitor.models import EventSource
from monitor.services.event_words import ERRORS, NOTED, sentence

Side = Literal["caller", "agent", "tool", "note"]

SIDES: dict[str, Side] = {"user": "caller", "assistant": "agent"}
#: Live events with words. Several may tell of the same words, and the first kind knows best.
SAID = (
    "conversation_add",
    "speech_detect",
    "oart_user_transcript",
    "oart_assistant_transcript",
    "filler",
)
#: Speech that is not yet recognized to its end.
UNFINISHED = ("partial", "interim")
#: Live events about the use of a tool, likewise.
USED = ("function_call", "swaig_call")
BARGE = "barge"
#: What the record has: words, and tools.
RECORDED = ("call_log", "swaig_log")

#: Two tellings of the same are at most so far apart: one has our time, the other the carrier's.
SAME_WITHIN = datetime.timedelta(seconds=15)


class Event(Protocol):
    """What is read of an event; a row has it."""

    at: datetime.datetime
    agent: str
    kind: str
    role: str
    text: str
    payload: Any
    source: str


Key = Callable[[Event], str]
Pair = tuple[Event, Event | None]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How a tool was used: what it was given, what it answered, and how long that took."""

    arguments: str
    result: str
    milliseconds: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation. ``recorded`` says that it is from the record of the call."""

    at: datetime.datetime
    side: Side
    text: str
    recorded: bool = False
    interrupted: bool = False
    is_error: bool = False
    tool: ToolUse | None = None


def lines(events: Iterable[Event]) -> list[Line]:
    """Return the lines of a call, oldest first. Those of one moment keep the order of the events.

    Each agent that spoke in the call has a record of its own.
    """
    by_agent = sorted(events, key=lambda event: (event.agent, event.at))
    parts = itertools.groupby(by_agent, key=lambda event: event.agent)
    made = [line for _, part in parts for line in _part(list(part))]
    return sorted(made, key=lambda line: line.at)


def _part(events: Sequence[Event]) -> list[Line]:
    """Return the lines of one agent's part, whose events are in the order of their times."""
    record = [event for event in events if event.source == EventSource.AUTHORITY]
    live = [event for event in events if event.source == EventSource.LIVE]
    said, barges = _said_live(live), [event for event in live if event.kind == BARGE]
    uses = _pairs(live, USED, key=_name)
    if record:
        said = [event for event in record if event.kind == "call_log" and _is_speech(event)]
        logged = [event for event in record if event.kind == "swaig_log"]
        uses, _ = _match(logged, [use for use, _ in uses], _name)
        if any("barged" in event.payload for event in said):
            barges = []  # the record says of each sentence whether it was interrupted
    noted = [event for event in live if event.kind in NOTED]
    return [
        *(_speech(event) for event in said),
        *(_use(event, more) for event, more in uses),
        *(_note(event) for event in (*barges, *noted)),
    ]


def _said_live(live: Sequence[Event]) -> list[Event]:
    """Return what was said, each sentence once, though events of several kinds may tell of it."""
    speech = [event for event in live if event.kind in SAID and _is_speech(event)]
    return [event for event, _ in _pairs(speech, SAID, key=_sentence)]


def _pairs(events: Sequence[Event], kinds: Sequence[str], key: Key) -> list[Pair]:
    """Return the events of these kinds, where two that tell of the same are a pair."""
    pairs: list[Pair] = []
    for kind in kinds:
        matched, left = _match(
            [event for event, _ in pairs], [event for event in events if event.kind == kind], key
        )
        before = [more for _, more in pairs]
        pairs = [
            (event, known or more) for (event, more), known in zip(matched, before, strict=True)
        ]
        pairs += [(event, None) for event in left]
    return pairs


def _match(
    known: Sequence[Event], news: Sequence[Event], key: Key
) -> tuple[list[Pair], list[Event]]:
    """Pair each known event with the nearest new one that tells of the same; return what is left.

    Both are in the order of their times.
    """
    left = list(news)
    pairs: list[Pair] = []
    for event in known:
        same = [
            one for one in left if key(one) == key(event) and abs(one.at - event.at) <= SAME_WITHIN
        ]
        nearest = min(same, key=lambda one: abs(one.at - event.at), default=None)
        if nearest is not None:
            left = [one for one in left if one is not nearest]
        pairs.append((event, nearest))
    return pairs, left


def _name(event: Event) -> str:
    return event.text


def _sentence(event: Event) -> str:
    """Return who says what in letters and digits only: recognizers differ in the rest."""
    return event.role + ":" + "".join(filter(str.isalnum, event.text.casefold()))


def _is_speech(event: Event) -> bool:
    is_whole = event.payload.get("source") not in UNFINISHED
    return event.role in SIDES and bool(event.text.strip()) and is_whole


def _speech(event: Event) -> Line:
    return Line(
        event.at,
        SIDES[event.role],
        event.text,
        recorded=event.source == EventSource.AUTHORITY,
        interrupted=event.payload.get("barged") is True,
    )


def _note(event: Event) -> Line:
    return Line(event.at, "note", sentence(event), is_error=event.kind in ERRORS)


def _use(event: Event, more: Event | None) -> Line:
    """Return the use of a tool, of which two events may tell."""
    fields = {**(more.payload if more else {}), **event.payload}
    answer = fields.get("post_response", fields.get("response", fields.get("result")))
    error = fields.get("error")
    if isinstance(answer, dict):
        error = error or answer.get("error")
        answer = answer.get("response", answer)
    lasted = fields.get("duration_ms")
    tool = ToolUse(
        arguments=_arguments(fields),
        result=_written(answer),
        milliseconds=lasted if isinstance(lasted, int | float) else None,
        error=_written(error),
    )
    is_recorded = event.source == EventSource.AUTHORITY
    return Line(event.at, "tool", event.text, is_recorded, is_error=bool(tool.error), tool=tool)


def _arguments(fields: dict[str, Any]) -> str:
    """Return what a tool was given, as SignalWire's logs and tool calls have it."""
    names = ("command_arg", "argument", "arguments", "args")
    given = next((fields[name] for name in names if fields.get(name)), None)
    if isinstance(given, dict) and isinstance(given.get("parsed"), list) and given["parsed"]:
        given = given["parsed"][0]
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return given
    return _written(given)


def _written(value: Any) -> str:
    """Return a text as it is, and any other value as JSON; nothing for nothing."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""
