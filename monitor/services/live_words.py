"""Publishes what is said in calls while it is said.

A message has the lines of a *window*, a short time of a call, and replaces what pages show of that
time. It is computed of the events near the new ones only, so a line costs the same in a long call.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitor.bus.process import this_process
from monitor.models import Call, CallEvent, EventSource
from monitor.services import conversation
from monitor.services.call_clock import on_our_clock
from monitor.services.tellings import SAME_WITHIN

#: How far around the new events others are read. What tells of the same as they do is some seconds
#: away, and nothing may be unread within SAME_WITHIN of that.
MARGIN = SAME_WITHIN + datetime.timedelta(seconds=5)
#: How often the margin is widened while the same is said again and again. After that, pages read
#: the whole conversation.
WIDENED = 3
MILLISECOND = datetime.timedelta(milliseconds=1)


@dataclass(slots=True)
class Span:
    """A time of a call, with its beginning and its end."""

    since: datetime.datetime
    until: datetime.datetime

    def has(self, other: Span) -> bool:
        return self.since <= other.since and other.until <= self.until

    def meets(self, other: Span) -> bool:
        return self.since <= other.until and other.since <= self.until


def publish_new(call: Call, rows: Sequence[CallEvent], *, moved: bool) -> None:
    """Publish what the new events of a report change, when this transaction is committed.

    The caller holds the lock of the call, and has stored the rows. ``moved`` says that the clock
    of the call has changed, and with it the time of every line.
    """
    is_live = rows[0].source == EventSource.LIVE
    if moved or not is_live:
        _publish(_everything(str(call.pk)), rows)
    if is_live and (window := window_of(call, rows)):
        _publish(window, rows)


def publish_changed(pk: str) -> None:
    """Publish that the whole conversation of a call has changed: pages read it again."""
    message = {**_everything(pk), "received": timezone.now().timestamp()}
    this_process().publisher.publish_words(message)


def window_of(call: Call, rows: Collection[CallEvent]) -> dict[str, Any] | None:
    """Return the message about new live events, or None if they change no line."""
    new = {row.pk for row in rows if row.kind in conversation.KINDS}
    if not new:
        return None
    recorded = _agents_with_record(call)
    times = [row.at for row in rows]
    for widened in range(WIDENED + 1):
        margin = MARGIN * (widened + 1)
        near = list(_events(call, Span(min(times) - margin, max(times) + margin)))
        if recorded & {event.agent for event in near}:
            break  # all that the agent says is from its record, of which a part is not enough
        changed = _changed(near, new)
        concerned = [*changed, *(event.at for event in near if event.pk in new)]
        offset = abs(call.clock_offset or datetime.timedelta())
        read = Span(min(times) - margin + offset, max(times) + margin - offset)
        if _is_whole(near, Span(min(concerned), max(concerned) + MILLISECOND), read):
            return _window(str(call.pk), near, changed) if changed else None
    return _everything(str(call.pk))


def _events(call: Call, span: Span) -> Iterator[CallEvent]:
    within = call.events.filter(at__range=(span.since, span.until), kind__in=conversation.KINDS)
    return on_our_clock(within.order_by("at", "id"), call.clock_offset)


def _agents_with_record(call: Call) -> set[str]:
    records = call.events.filter(source=EventSource.AUTHORITY).order_by()
    return set(records.values_list("agent", flat=True).distinct())


def _changed(near: Sequence[CallEvent], new: Collection[int]) -> list[datetime.datetime]:
    """Return the times of the lines that come or go with the new events."""
    before = Counter(conversation.lines(event for event in near if event.pk not in new))
    after = Counter(conversation.lines(near))
    return [_cut(line.at) for line in (before - after) + (after - before)]


def _is_whole(near: Sequence[CallEvent], span: Span, read: Span) -> bool:
    """Return whether all events that decide about the lines of a span were read.

    What tells of the same, each within SAME_WITHIN of the next, is decided together.
    """
    known = Span(read.since + SAME_WITHIN, read.until - SAME_WITHIN)
    chains: list[Span] = []
    latest: dict[str, Span] = {}
    for event in sorted(near, key=lambda one: one.at):
        topic = conversation.topic(event)
        chain = latest.get(topic)
        if chain is None or event.at - chain.until > SAME_WITHIN:
            chain = latest[topic] = Span(event.at, event.at)
            chains.append(chain)
        chain.until = event.at
    return known.has(span) and all(known.has(chain) for chain in chains if chain.meets(span))


def _window(
    pk: str, near: Sequence[CallEvent], changed: Collection[datetime.datetime]
) -> dict[str, Any]:
    first, last = min(changed), max(changed)
    lines = [line for line in conversation.lines(near) if first <= _cut(line.at) <= last]
    return {
        "type": "words",
        "call": pk,
        "from": conversation.written(first),
        "until": conversation.written(last),
        "lines": [conversation.describe(line) for line in lines],
    }


def _everything(pk: str) -> dict[str, Any]:
    """Return the message that the whole conversation of a call has changed."""
    return {"type": "words", "call": pk, "from": None, "until": None, "lines": None}


def _cut(at: datetime.datetime) -> datetime.datetime:
    """Return a time as pages get it: they know milliseconds only."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _publish(message: dict[str, Any], rows: Sequence[CallEvent]) -> None:
    told = {**message, "received": rows[0].received_at.timestamp()}
    transaction.on_commit(lambda: this_process().publisher.publish_words(told))
