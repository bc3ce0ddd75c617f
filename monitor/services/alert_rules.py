"""Concludes from what the carrier tells of a call whether it needs attention, and since when.

A rule looks at the events of a call in the order of their times, whatever the order in which they
came, so that what comes late or twice changes nothing. Each has a limit, which a setting gives. A
condition that holds already must fall well below its limit before it ends, so that it does not
flicker.
"""

from __future__ import annotations

import datetime
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.audio.condition import Kind
from monitor.services import conversation
from monitor.services.conversation import USED
from monitor.services.tellings import Event

MINUTE = datetime.timedelta(minutes=1)
#: Failures of tools that are further back are forgotten: the agent has given the tool up.
FORGOTTEN_AFTER = 5 * MINUTE
#: Events of several kinds that tell of one use of a tool are at most so far apart.
SAME_USE = datetime.timedelta(seconds=3)
#: The part of its limit below which interruptions must fall. The same for slow answers is higher,
#: because good answers take more than half of what a slow one takes.
EASE_OF_BARGE_INS = 0.5
EASE_OF_ANSWERS = 0.75
TURNS = 5  # answers, of which the median counts

WEBHOOK_FAIL = "webhook_fail"
HOLD, UNHOLD = "hold", "unhold"
#: Speech to speech: the model tells how long it took. Otherwise the log of the conversation does.
MEASURED, LOGGED = "oart_response_done", "conversation_add"


class Found(NamedTuple):
    """A condition that holds: since when, and which tool it is about, if it is about one."""

    since: datetime.datetime
    note: str = ""


#: Takes events, the present time, the limit, and whether the condition holds already.
Judge = Callable[[Sequence[Event], datetime.datetime, float, bool], Found | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a kind of condition is found."""

    setting: str  # the name of its limit's; infinity switches the rule off
    judge: Judge
    events: Collection[str]  # the kinds that it looks at, of which it gets the newest
    window: datetime.timedelta  # how far it looks back
    #: Whether an event may be the one that begins the condition. Most events are no cause to look.
    may_begin: Callable[[Event], bool]
    newest: int = 60  # events, at most, that it gets


def _tool_fails(
    events: Sequence[Event], now: datetime.datetime, limit: float, held: bool
) -> Found | None:
    """Find a tool that has failed too often since it last succeeded."""
    uses = defaultdict[str, list[Event]](list)
    for event in events:
        uses[_tool_of(event) or str(event.payload.get("request_url", ""))].append(event)
    found = [one for told in uses.values() for one in _failing(told, limit)]
    return min(found, default=None)


def _failing(uses: Sequence[Event], limit: float) -> Iterator[Found]:
    """Yield that a tool is failing, if it is. Each kind of event tells of a failure once."""
    failures = [event for event in uses if _has_failed(event)]
    successes = [
        event.at
        for event in uses
        if not any(abs(event.at - failure.at) <= SAME_USE for failure in failures)
    ]
    counted = [event for event in failures if not successes or event.at > successes[-1]]
    told = Counter(event.kind for event in counted)
    if told and max(told.values()) >= limit:
        yield Found(counted[0].at, _tool_of(counted[0]))


def _tool_of(event: Event) -> str:
    """Return the name of the tool that an event is about, or "". A failed webhook may lack it."""
    if event.kind in USED:
        return event.text
    names = (event.payload.get(name) for name in ("function", "command_name", "name"))
    return next((name for name in names if isinstance(name, str) and name), "")


def _has_failed(event: Event) -> bool:
    if event.kind in USED:
        return any(line.is_error for line in conversation.lines([event]))
    return event.kind == WEBHOOK_FAIL


def _llm_fails(
    events: Sequence[Event], now: datetime.datetime, limit: float, held: bool
) -> Found | None:
    """Find that the model has failed in the last minute, or had to be asked again or replaced."""
    return _frequent(events, 1 if held else limit)


def _barges(
    events: Sequence[Event], now: datetime.datetime, limit: float, held: bool
) -> Found | None:
    """Find that the caller has often interrupted in the last minute."""
    return _frequent(events, limit * EASE_OF_BARGE_INS if held else limit)


def _frequent(events: Sequence[Event], limit: float) -> Found | None:
    return Found(events[0].at) if events and len(events) >= limit else None


def _long_hold(
    events: Sequence[Event], now: datetime.datetime, limit: float, held: bool
) -> Found | None:
    """Find that the agent has been on hold for too long."""
    since: datetime.datetime | None = None
    for event in events:
        since = None if event.payload.get("event") == UNHOLD else since or event.at
    is_long = since is not None and (now - since).total_seconds() >= limit
    return Found(since) if since and is_long else None


def _slow_answers(
    events: Sequence[Event], now: datetime.datetime, limit: float, held: bool
) -> Found | None:
    """Find that the median of the last answers took too long."""
    last = (list(_measured(events)) or list(_logged(events)))[-TURNS:]
    if len(last) < TURNS:
        return None
    limit = limit * EASE_OF_ANSWERS if held else limit
    if statistics.median(seconds for _, seconds in last) < limit:
        return None
    return Found(next(asked_at for asked_at, seconds in last if seconds >= limit))


def _measured(events: Sequence[Event]) -> Iterator[tuple[datetime.datetime, float]]:
    """Yield from when on the caller waited for each answer, and for how many seconds, where the
    carrier tells that."""
    for event in events:
        seconds = conversation.latency_of(event.payload)
        if seconds is not None:
            yield event.at - datetime.timedelta(seconds=seconds), seconds


def _logged(events: Sequence[Event]) -> Iterator[tuple[datetime.datetime, float]]:
    """Yield the same, from the last words of the caller to the next ones of the agent.

    Both have the carrier's time, so that neither the network nor our clock makes a difference.
    """
    asked_at: datetime.datetime | None = None
    for event in events:
        if event.kind == LOGGED and event.role == "user":
            asked_at = event.at
        elif event.kind == LOGGED and event.role == "assistant" and asked_at:
            yield asked_at, (event.at - asked_at).total_seconds()
            asked_at = None


def _is_answer(event: Event) -> bool:
    return event.kind == MEASURED or (event.kind == LOGGED and event.role == "assistant")


RULES = {
    Kind.LLM_ERROR: Rule(
        "LLM_ERRORS", _llm_fails, ("llm_error",), MINUTE, lambda event: event.kind == "llm_error"
    ),
    Kind.TOOL_FAILS: Rule(
        "TOOL_FAILURES", _tool_fails, (*USED, WEBHOOK_FAIL), FORGOTTEN_AFTER, _has_failed
    ),
    # Only time makes a hold long.
    Kind.LONG_HOLD: Rule("HOLD_SECONDS", _long_hold, (HOLD,), 60 * MINUTE, lambda event: False),
    Kind.SLOW_ANSWERS: Rule(
        "SLOW_ANSWER_SECONDS", _slow_answers, (LOGGED, MEASURED), 60 * MINUTE, _is_answer, newest=30
    ),
    Kind.BARGE_INS: Rule(
        "BARGE_INS_PER_MINUTE", _barges, ("barge",), MINUTE, lambda event: event.kind == "barge"
    ),
}
