"""The clock of a call: how far the carrier's clock is from ours.

Some live events have the carrier's own time, and all have the time at which we received them. An
event cannot arrive before it happened, so our clock is ahead of the carrier's by no more than the
least of these differences. The event that came fastest took some 0.1 s, by which a text that is
put on our clock may be late.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from django.db.models import F

from monitor.models import Call, CallEvent, EventSource

#: How far the two clocks may be apart. A larger difference means a post that was late.
CLOCKS_DIFFER = datetime.timedelta(seconds=5)
#: A better offset is taken if it is so much better: it moves every line of the call.
STEP = datetime.timedelta(seconds=0.1)


class Timed(Protocol):
    """An event with its time, and when we received it."""

    at: datetime.datetime
    received_at: datetime.datetime


AnyTimed = TypeVar("AnyTimed", bound=Timed)


def has_carriers_time(event: Timed) -> bool:
    """Return whether the time of an event is the carrier's. Otherwise it is when we received it."""
    return event.at != event.received_at


def better_offset(call: Call, rows: Iterable[CallEvent]) -> datetime.timedelta | None:
    """Return a call's clock offset as these new events have it, or None if it stays as it is."""
    late = [
        row.received_at - row.at
        for row in rows
        if row.source == EventSource.LIVE and has_carriers_time(row)
    ]
    least = min(late, default=None)
    if least is None or least > CLOCKS_DIFFER:
        return None
    known = call.clock_offset
    return least if known is None or least <= known - STEP else None


def moves_lines(call: Call, rows: Iterable[CallEvent]) -> bool:
    """Return whether a new offset moves anything of a call but these events."""
    others = call.events.exclude(pk__in=[row.pk for row in rows])
    return others.exclude(at=F("received_at")).exists()


def on_our_clock(
    events: Iterable[AnyTimed], offset: datetime.timedelta | None
) -> Iterator[AnyTimed]:
    """Yield events with their times on our clock, as the times of audio are.

    The events are changed in memory, and if they are rows, those must not be saved.
    """
    for event in events:
        if offset and has_carriers_time(event):
            event.at += offset
        yield event
