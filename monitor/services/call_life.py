"""Follows when the words of a call begin and end, and ends calls of which nothing more is told.

``services.call_facts`` says what that means for the call. The words of a call begin with its
first event. They end when every agent that was heard in the call has ended its part, by
``session_end`` or by its record, whatever came first; or, where that was never told, when nothing
was told for SILENT_FOR and no tap was open.

Events come late and out of order, so what comes within LATE of an agent's end belongs to the part
that has ended. What comes after that is a new part of the same agent, and the call goes on: it may
have been handed to another agent and back.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from monitor.models import ENDED, ENDINGS, Call, CallEvent, EventSource, Tap
from monitor.services import announce, call_reports, marks

#: A call of which nothing is told for this long, and which has no tap, is over.
SILENT_FOR = datetime.timedelta(hours=1)
#: An event of an agent is of its new part if it comes this long after the end of the last one.
LATE = datetime.timedelta(minutes=1)
#: That a call goes on is noted this often, because a write for each event would double the cost.
NOTED_EVERY = datetime.timedelta(minutes=1)


def follow(call: Call, events: Collection[CallEvent], now: datetime.datetime) -> None:
    """Take events of a locked call that were just stored, and publish if they change its life."""
    is_live = any(event.source == EventSource.LIVE for event in events)
    speaks = is_live and any(event.kind not in ENDINGS for event in events)
    first = min(event.at for event in events)
    told: dict[str, Any] = {}
    # Only a record tells of what was before the first event that came.
    if call.began_at is None or (first < call.began_at and not is_live):
        told["began_at"] = first
    if is_live and call.gone_at and now - call.gone_at > LATE:
        told["gone_at"] = None  # the carrier knows the call after all
    if call.ended_at or any(event.kind in ENDINGS for event in events):
        ended_at = _end_of(call)
        if ended_at or speaks:  # only words have a call go on that was thought to be over
            told["ended_at"] = ended_at
    if is_live and (call.told_at is None or now - call.told_at >= NOTED_EVERY):
        Call.objects.filter(pk=call.pk).update(told_at=now)
    _change(call, told)


def end_silent(now: datetime.datetime | None = None) -> int:
    """End the calls of which nothing was told for SILENT_FOR; return how many that were."""
    before = (now or timezone.now()) - SILENT_FOR
    open_taps = Tap.objects.filter(~Q(state__in=ENDED) | Q(ended_at__gt=before))
    silent = Call.objects.filter(
        ~Exists(open_taps.filter(call=OuterRef("pk"))),
        told_at__lte=before - NOTED_EVERY,
        ended_at=None,
        gone_at=None,
    )
    return sum(_end_silent(silent, pk) for pk in silent.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _end_silent(silent: QuerySet[Call], pk: int) -> bool:
    """End a call, unless something was told of it since the calls were listed."""
    # Only a statement that begins with the lock held sees what others did before they let it go.
    call = Call.objects.locked().filter(pk=pk).first()
    if call is None or not silent.filter(pk=pk).exists():
        return False
    live = call.events.filter(source=EventSource.LIVE)
    last = live.aggregate(last=Max("received_at"))["last"]
    _change(call, {"ended_at": last or call.told_at})
    call_reports.make(call)
    return True


def end_unknown(call: Call, now: datetime.datetime) -> None:
    """Note that the carrier does not know a locked call: what was said in it has ended, too.

    The caller publishes the change.
    """
    if call.gone_at is None:
        call.gone_at = now
        call.save(update_fields=["gone_at"])
    if call.told_at:
        call_reports.make(call)


def _end_of(call: Call) -> datetime.datetime | None:
    """Return when the words of a call ended, or None if an agent goes on. The record of a part
    knows its end best."""
    endings = call.events.filter(kind__in=ENDINGS)
    told = _told(endings)
    words = call.events.filter(source=EventSource.LIVE).exclude(kind__in=ENDINGS)
    for agent, last in _told(words).items():
        if agent not in told or last - told[agent] > LATE:
            return None
    rows = endings.order_by("-source", "at").values_list("agent", "at", "received_at")  # live first
    ended = {agent: at for agent, at, came_at in rows if told[agent] - came_at <= LATE}
    return max(ended.values(), default=None)


def _told(events: QuerySet[CallEvent]) -> dict[str, datetime.datetime]:
    """Return when the last of these events came, by agent."""
    return dict(events.order_by().values_list("agent").annotate(last=Max("received_at")))


def _change(call: Call, told: dict[str, Any]) -> None:
    """Write what is told of a locked call where it is new, and publish it."""
    news = {name: value for name, value in told.items() if getattr(call, name) != value}
    if not news:
        return
    for name, value in news.items():
        setattr(call, name, value)
    call.transitions += 1
    call.save(update_fields=[*news, "transitions"])
    if ended_at := news.get("ended_at"):
        marks.end_if_over(call.pk, ended_at)
    announce.publish_changes([call.pk])
