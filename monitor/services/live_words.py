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
from monitor.services import conversation, tellings
from monitor.services.call_clock import on_our_clock
from monitor.services.tellings import SAME_WITHIN, Telling

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


class Near:
    """The events near new ones, in the order of the times that are stored of them."""

    def __init__(self, events: Sequence[Telling]) -> None:
        self.events = events
        self._topics = [conversation.topic(event) for event in events]
        self._unfinished = {
            conversation.speaker(event) for event in events if conversation.is_unfinished(event)
        }

    def deciding(self, pks: Collection[int]) -> list[Telling]:
        """Return the events on which the lines of some of them depend.

        These are the events that tell of the same, and all words of a side of which some speech is
        unfinished: whether that is a line depends on the words before and after it.
        """
        chosen = [pair for pair in zip(self.events, self._topics, strict=True) if pair[0].pk in pks]
        topics = {topic for _, topic in chosen}
        speakers = {conversation.speaker(event) for event, _ in chosen} & self._unfinished - {None}
        return [
            event
            for event, topic in zip(self.events, self._topics, strict=True)
            if topic in topics or (speakers and conversation.speaker(event) in speakers)
        ]

    def changed(self, new: Collection[int]) -> list[datetime.datetime]:
        """Return the times of the lines that come or go with the new events."""
        deciding = self.deciding(new)
        before = Counter(conversation.lines(event for event in deciding if event.pk not in new))
        after = Counter(conversation.lines(deciding))
        return [_cut(line.at) for line in (before - after) + (after - before)]

    def is_whole(self, span: Span, read: Span) -> bool:
        """Return whether all events that decide about the lines of a span were read.

        What tells of the same, each within SAME_WITHIN of the next, is decided together.
        """
        known = Span(read.since + SAME_WITHIN, read.until - SAME_WITHIN)
        chains: list[Span] = []
        latest: dict[str, Span] = {}
        told = sorted(zip(self.events, self._topics, strict=True), key=lambda pair: pair[0].at)
        for event, topic in told:
            chain = latest.get(topic)
            if chain is None or event.at - chain.until > SAME_WITHIN:
                chain = latest[topic] = Span(event.at, event.at)
                chains.append(chain)
            chain.until = event.at
        return known.has(span) and all(known.has(chain) for chain in chains if chain.meets(span))


def publish_new(call: Call, rows: Sequence[CallEvent], *, moved: bool, has_record: bool) -> None:
    """Publish what the new events of a report change, when this transaction is committed.

    The caller holds the lock of the call, and has stored the rows. ``moved`` says that the clock
    of the call has changed, and with it the time of every line; ``has_record``, that there is a
    record of what an agent did in the call.
    """
    is_live = rows[0].source == EventSource.LIVE
    if moved or not is_live:
        _publish(_everything(str(call.pk)), rows)
    if is_live and (window := window_of(call, rows, has_record=has_record)):
        _publish(window, rows)


def publish_changed(pk: str) -> None:
    """Publish that the whole conversation of a call has changed: pages read it again."""
    message = {**_everything(pk), "received": timezone.now().timestamp()}
    this_process().publisher.publish_words(message)


def window_of(
    call: Call, rows: Collection[CallEvent], *, has_record: bool
) -> dict[str, Any] | None:
    """Return the message about new live events, or None if they change no line."""
    new = {row.pk for row in rows if row.kind in conversation.KINDS}
    if not new:
        return None
    recorded = _agents_with_record(call) if has_record else set()
    times = [row.at for row in rows]
    for widened in range(WIDENED + 1):
        margin = MARGIN * (widened + 1)
        near = Near(list(_events(call, Span(min(times) - margin, max(times) + margin))))
        if recorded & {event.agent for event in near.events}:
            break  # all that the agent says is from its record, of which a part is not enough
        changed = near.changed(new)
        concerned = [*changed, *(event.at for event in near.events if event.pk in new)]
        offset = abs(call.clock_offset or datetime.timedelta())
        read = Span(min(times) - margin + offset, max(times) + margin - offset)
        if near.is_whole(Span(min(concerned), max(concerned) + MILLISECOND), read):
            return _window(str(call.pk), near, changed) if changed else None
    return _everything(str(call.pk))


def _events(call: Call, span: Span) -> Iterator[Telling]:
    within = CallEvent.objects.filter(
        call=call, at__range=(span.since, span.until), kind__in=conversation.KINDS
    )
    return on_our_clock(tellings.read(within.order_by("at", "id")), call.clock_offset)


def _agents_with_record(call: Call) -> set[str]:
    records = call.events.filter(source=EventSource.AUTHORITY).order_by()
    return set(records.values_list("agent", flat=True).distinct())


def _window(pk: str, near: Near, changed: Collection[datetime.datetime]) -> dict[str, Any]:
    first, last = min(changed), max(changed)
    within = {event.pk for event in near.events if first <= _cut(event.at) <= last}
    lines = conversation.lines(near.deciding(within))
    return {
        "type": "words",
        "call": pk,
        "from": conversation.written(first),
        "until": conversation.written(last),
        "lines": [conversation.describe(line) for line in lines if first <= _cut(line.at) <= last],
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
