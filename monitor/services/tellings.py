"""Finds which events of a call tell of the same: the carrier has several ways to tell of one thing.

Whether two events do depends only on what is near them and has the same key, so that a part of a
conversation can be made without the rest.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Protocol

from django.db.models import QuerySet

from monitor.models import CallEvent

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


@dataclass(slots=True)
class Telling:
    """What is read of an event. To read its whole row takes half as long again."""

    pk: int
    agent: str
    at: datetime.datetime
    received_at: datetime.datetime
    kind: str
    role: str
    text: str
    payload: Any
    source: str


COLUMNS = tuple(field.name for field in fields(Telling))

Key = Callable[[Event], str]
Pair = tuple[Event, Event | None]


def read(rows: QuerySet[CallEvent]) -> list[Telling]:
    """Return what these rows tell, in their order."""
    return [Telling(*columns) for columns in rows.values_list(*COLUMNS)]


def is_near(one: Event, other: Event) -> bool:
    """Return whether two events may tell of the same, as far as their times say."""
    return abs(one.at - other.at) <= SAME_WITHIN


def in_pairs(events: Sequence[Event], kinds: Sequence[str], key: Key) -> list[Pair]:
    """Return the events of these kinds, where two that tell of the same are a pair."""
    pairs: list[Pair] = []
    for kind in kinds:
        matched, left = match(
            [event for event, _ in pairs], [event for event in events if event.kind == kind], key
        )
        before = [more for _, more in pairs]
        pairs = [
            (event, known or more) for (event, more), known in zip(matched, before, strict=True)
        ]
        pairs += [(event, None) for event in left]
    return pairs


def match(
    known: Sequence[Event], news: Sequence[Event], key: Key
) -> tuple[list[Pair], list[Event]]:
    """Pair each known event with the nearest new one that tells of the same; return what is left.

    The new ones are in the order of their times.
    """
    left: dict[str, list[Event]] = defaultdict(list)
    for event in news:
        left[key(event)].append(event)
    pairs = [(event, _take_nearest(left[key(event)], event.at)) for event in known]
    taken = {id(one) for _, one in pairs if one}
    return pairs, [event for event in news if id(event) not in taken]


def _take_nearest(events: list[Event], at: datetime.datetime) -> Event | None:
    """Take out the event that is nearest to a moment, if one is near enough."""
    after = bisect_left(events, at, key=attrgetter("at"))
    around = [place for place in (after - 1, after) if 0 <= place < len(events)]
    nearest = min(around, key=lambda place: abs(events[place].at - at), default=None)
    if nearest is None or abs(events[nearest].at - at) > SAME_WITHIN:
        return None
    return events.pop(nearest)
