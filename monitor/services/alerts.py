"""Records that calls need attention for what is said and done in them.

Most of these marks begin when the event comes that causes them, in the transaction that stores it.
Whatever takes time is found by ``look``: a hold that becomes long, and that a cause is over. What
was said stays until somebody has listened, as ``services.marks`` has it.
"""

from __future__ import annotations

import copy
import datetime
import functools
import math
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monitor.audio.condition import Kind
from monitor.models import Call, CallEvent, CallMark, EventSource
from monitor.services import marks
from monitor.services.alert_rules import HOLD, RULES, UNHOLD, Found, Rule
from monitor.services.call_clock import on_our_clock
from monitor.services.conversation import SAID, is_speech
from monitor.services.marks import Mark
from monitor.services.tellings import read
from monitor.wire.phrases import Phrases

#: Speech that is told so long after a hold began proves that it is over, though its end was not
#: told: until then it may be what was said before.
SAID_BEFORE = datetime.timedelta(seconds=5)


def follow(call: Call, rows: Sequence[CallEvent], now: datetime.datetime) -> None:
    """Begin the marks for which the new events of a locked call are the cause."""
    live = [copy.copy(row) for row in rows if row.source == EventSource.LIVE]
    begun = [*_said(call, live), *_done(call, live, now)] if call.ended_at is None else []
    if begun:
        marks.write(begun, [], now)


def look(now: datetime.datetime | None = None) -> None:
    """Begin the marks of calls that have been on hold for too long, and end the marks whose cause
    is over."""
    now = now or timezone.now()
    ongoing = CallMark.objects.filter(kind__in=RULES, ended_at=None)
    for pk in sorted({mark.call_id for mark in ongoing} | _on_hold(now)):
        # Most calls are as they were, so that only few must be locked.
        if any(_changes(Call.objects.filter(pk=pk).first(), now)):
            _settle(pk, now)


@transaction.atomic
def _settle(pk: int, now: datetime.datetime) -> None:
    begun, ended = _changes(Call.objects.locked().filter(pk=pk).first(), now)
    marks.write(begun, ended, now)


def _changes(call: Call | None, now: datetime.datetime) -> tuple[list[Mark], list[Mark]]:
    """Return which marks of a call are to begin and to end, as its events are now."""
    if call is None:  # it has been deleted meanwhile
        return [], []
    ongoing = CallMark.objects.filter(call=call, kind__in=RULES, ended_at=None)
    held = {Kind(mark.kind): mark for mark in ongoing}
    begun, ended = [], []
    for kind in {*held, Kind.LONG_HOLD}:
        found = _find(call, RULES[kind], now, kind in held)
        if found and kind not in held:
            begun.append(_mark(call, kind, found))
        elif kind in held and not found:
            ended.append(Mark(call.pk, kind, "", held[kind].began_at))
    return begun, ended


def _said(call: Call, live: Sequence[CallEvent]) -> Iterator[Mark]:
    """Yield the marks for what was said in new events."""
    spoken = [row for row in live if row.kind in SAID and is_speech(row)]
    for row in on_our_clock(spoken, call.clock_offset):
        if _phrases(settings.WATCHED_PHRASES).are_in(row.text):
            yield from _unless_known(Mark(call.pk, Kind.PHRASE, "", row.at))
        if row.role == "user" and _phrases(settings.HUMAN_PHRASES).are_in(row.text):
            yield from _unless_known(Mark(call.pk, Kind.WANTS_PERSON, "", row.at))


def _unless_known(mark: Mark) -> Iterator[Mark]:
    """Yield a mark unless somebody is to listen already, or has since: several events may tell of
    the same words, and some come late."""
    known = CallMark.objects.filter(call=mark.call_id, kind=mark.kind)
    if not known.filter(Q(ended_at=None) | Q(ended_at__gte=mark.began_at)).exists():
        yield mark


def _done(call: Call, live: Sequence[CallEvent], now: datetime.datetime) -> Iterator[Mark]:
    """Yield the marks for what was done, if new events may be the cause of any."""
    for kind, rule in RULES.items():
        if any(map(rule.may_begin, live)):
            found = _find(call, rule, now, held=False)
            if found and not CallMark.objects.filter(call=call, kind=kind, ended_at=None).exists():
                yield _mark(call, kind, found)


def _find(call: Call, rule: Rule, now: datetime.datetime, held: bool) -> Found | None:
    """Return whether a rule finds its condition in a call now."""
    limit: float = getattr(settings, rule.setting)
    if limit == math.inf:
        return None
    told = CallEvent.objects.filter(call=call, source=EventSource.LIVE, at__gt=now - rule.window)
    newest = told.filter(kind__in=rule.events).order_by("-at", "-pk")[: rule.newest]
    events = list(on_our_clock(reversed(read(newest)), call.clock_offset))
    found = rule.judge(events, now, limit, held)
    if found and rule is RULES[Kind.LONG_HOLD]:
        spoken = told.filter(kind__in=SAID, at__gt=events[-1].at + SAID_BEFORE)
        return None if spoken.exists() else found
    return found


def _on_hold(now: datetime.datetime) -> set[int]:
    """Return the calls whose agent is on hold, as far as was told of that."""
    told = CallEvent.objects.filter(
        kind=HOLD,
        source=EventSource.LIVE,
        received_at__gt=now - RULES[Kind.LONG_HOLD].window,
        call__ended_at=None,
        call__gone_at=None,
    )
    last = {event.call_id: event for event in told.order_by("at", "pk")}
    return {pk for pk, event in last.items() if event.payload.get("event") != UNHOLD}


def _mark(call: Call, kind: Kind, found: Found) -> Mark:
    return Mark(call.pk, kind, "", found.since, found.note[:200])


@functools.lru_cache(maxsize=8)
def _phrases(listed: tuple[str, ...]) -> Phrases:
    return Phrases(listed)
