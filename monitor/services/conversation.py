"""Makes one conversation of all that was told of a call: what was said, used and noticed.

Live events are shown as they come. Once the carrier's record of an agent's part in the call is
there, that part has the record's words, tools and interruptions, and nothing else of those: however
the live events came, doubled, lost or in any order, it ends the same. What the record does not
have, such as holds and errors, stays from the live events.

Speech that is not yet recognized to its end is a line until more of it comes.
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from monitor.models import Call, EventSource
from monitor.services.call_clock import on_our_clock
from monitor.services.event_words import ERRORS, NOTED, sentence
from monitor.services.tellings import Event, in_pairs, is_near, match, read

Side = Literal["caller", "agent", "tool", "note"]

#: "assistant-manual" are words that the agent was told to say, such as while a tool is used.
SIDES: dict[str, Side] = {"user": "caller", "assistant": "agent", "assistant-manual": "agent"}
SPEAKERS: tuple[Side, ...] = ("caller", "agent")
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

#: All events with words.
SPOKEN = (*SAID, "call_log")
#: All events that make lines.
KINDS = (*SAID, *USED, BARGE, *NOTED, *RECORDED)
#: The event that has the carrier's summary of an agent's part.
SUMMARY = "post_conversation"

#: How long the caller waited for the agent, in milliseconds. The first begins when the caller's
#: last word ends; the second only when that word has been recognized, which is some 0.5 s later.
LATENCIES = ("acoustic_latency", "audio_latency")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How a tool was used: what it was given, what it answered, and how long that took."""

    arguments: str
    result: str
    milliseconds: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation.

    ``recorded`` says that it is from the record of the call, and ``partial`` that more of the
    sentence is expected. ``latency`` is the time in seconds from mouth to ear: from the end of the
    caller's last word to the first sound of the agent's answer. It is the record's
    ``acoustic_latency``, or its ``audio_latency`` where it lacks that; ``latency`` and
    ``utterance_latency`` end before there is any sound. A 0 there means that it was not measured.
    """

    at: datetime.datetime
    side: Side
    text: str
    recorded: bool = False
    interrupted: bool = False
    is_error: bool = False
    partial: bool = False
    latency: float | None = None
    tool: ToolUse | None = None


def of_call(call: Call) -> list[Line]:
    """Return the lines of a call, oldest first, with their times on our clock."""
    return lines(on_our_clock(read(call.events.order_by("at", "id")), call.clock_offset))


def summary(call: Call) -> str:
    """Return what the carrier made of a call as a whole: a paragraph for each agent's part."""
    made = call.events.filter(source=EventSource.AUTHORITY, kind=SUMMARY).order_by("at", "id")
    return "\n\n".join(text for text in made.values_list("text", flat=True) if text)


def describe(line: Line) -> dict[str, Any]:
    """Return a line as pages get it."""
    return {
        "at": written(line.at),
        "side": line.side,
        "text": line.text,
        "recorded": line.recorded,
        "interrupted": line.interrupted,
        "error": line.is_error,
        "partial": line.partial,
        "latency": line.latency,
        "tool": asdict(line.tool) if line.tool else None,
    }


def written(at: datetime.datetime) -> str:
    """Return a time as pages get it. All such texts are of one length, and sort by time."""
    return at.astimezone(datetime.UTC).isoformat(timespec="milliseconds")


def topic(event: Event) -> str:
    """Return what events have in common of which some may tell of the same."""
    if event.kind in SAID and event.role in SIDES:
        return f"{event.agent}:{_sentence(event)}"
    if event.kind in USED:
        return f"{event.agent}:tool:{_name(event)}"
    return f"{event.agent}:{event.kind}:{event.at}"  # nothing else tells of it


def speaker(event: Event) -> tuple[str, Side] | None:
    """Return the agent in whose part of the call an event has words, and which side says them."""
    if event.kind in SAID and _has_words(event, *SPEAKERS):
        return event.agent, SIDES[event.role]
    return None


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
    uses = in_pairs(live, USED, key=_name)
    unfinished = list(_unfinished(live))
    if record:
        unfinished = []
        said = [event for event in record if event.kind == "call_log" and is_speech(event)]
        logged = [event for event in record if event.kind == "swaig_log"]
        uses, _ = match(logged, [use for use, _ in uses], _name)
        if any("barged" in event.payload for event in said):
            barges = []  # the record says of each sentence whether it was interrupted
    noted = [event for event in live if event.kind in NOTED]
    return [
        *(_speech(event) for event in (*said, *unfinished)),
        *(_use(event, more) for event, more in uses),
        *(_note(event) for event in (*barges, *noted)),
    ]


def _said_live(live: Sequence[Event]) -> list[Event]:
    """Return what was said, each sentence once, though events of several kinds may tell of it."""
    speech = [event for event in live if event.kind in SAID and is_speech(event)]
    return [event for event, _ in in_pairs(speech, SAID, key=_sentence)]


def _name(event: Event) -> str:
    return event.text


def _sentence(event: Event) -> str:
    """Return who says what in letters and digits only: recognizers differ in the rest."""
    return SIDES[event.role] + ":" + "".join(filter(str.isalnum, event.text.casefold()))


def _unfinished(live: Sequence[Event]) -> Iterator[Event]:
    """Yield the unfinished speech of which nothing later is there.

    What the same side says within SAME_WITHIN after it is taken for more of it. So is a finished
    sentence shortly before it that begins with the same words, because the time of a sentence may
    be that of its beginning.
    """
    for side in SPEAKERS:
        spoken = [one for one in live if one.kind in SAID and _has_words(one, side)]
        for place, event in enumerate(spoken):
            after = spoken[place + 1 : place + 2]
            if is_unfinished(event) and not any(is_near(event, one) for one in after):
                before = itertools.takewhile(partial(is_near, event), reversed(spoken[:place]))
                if not any(map(partial(_completes, event), before)):
                    yield event


def _completes(unfinished: Event, event: Event) -> bool:
    begins = _sentence(event).startswith(_sentence(unfinished))
    return begins and not is_unfinished(event)


def _has_words(event: Event, *sides: Side) -> bool:
    return SIDES.get(event.role) in sides and bool(event.text.strip())


def is_unfinished(event: Event) -> bool:
    """Return whether an event has speech of which more comes with the next one."""
    return event.payload.get("source") in UNFINISHED


def is_speech(event: Event) -> bool:
    """Return whether an event has words of caller or agent that were recognized to their end."""
    return _has_words(event, *SPEAKERS) and not is_unfinished(event)


def _speech(event: Event) -> Line:
    return Line(
        event.at,
        SIDES[event.role],
        event.text,
        recorded=event.source == EventSource.AUTHORITY,
        interrupted=event.payload.get("barged") is True,
        partial=is_unfinished(event),
        latency=latency_of(event.payload),
    )


def latency_of(fields: dict[str, Any]) -> float | None:
    """Return the seconds from mouth to ear that an event's payload tells, or None."""
    measured = (fields.get(name) for name in LATENCIES)
    good = (one for one in measured if isinstance(one, int | float) and one > 0)
    return next((one / 1000 for one in good), None)


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
