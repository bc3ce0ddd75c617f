"""Records the marks of calls: from when to when each needed attention, and why.

The marks that are judged from the audio come from ``workers.attention_watch``, those of what is
said and done from ``services.alerts``. Agents ask for help themselves. A call that is over needs no
attention, so its end ends its marks.
"""

from __future__ import annotations

import datetime
import functools
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Min, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from monitor.audio.condition import HEARD, SEVERITIES, TOLD, UNTIL_LISTENED, Kind
from monitor.audio.talk import Talk
from monitor.bus.process import this_process
from monitor.models import ENDED, Call, CallMark, Tap
from monitor.services import announce, talks
from monitor.services.call_facts import words_go_on
from monitor.wire.text import storable

#: Somebody who listens for this long has come to help.
HELPED_AFTER = datetime.timedelta(seconds=5)


class Mark(NamedTuple):
    """Names a mark of a call that has not ended, and says when its cause began."""

    call_id: int
    kind: Kind
    leg: str  # the direction of the leg that it is about, or "" for the whole call
    began_at: datetime.datetime
    note: str = ""


class Watched(NamedTuple):
    """A call with live legs, as whoever judges it must know it."""

    call_id: int
    began_at: datetime.datetime
    legs: dict[str, str]  # the direction of each leg whose media has been opened, by tap id
    marks: list[Mark]  # those that have not ended and were judged from the audio
    talk: Talk | None = None  # what was measured of it so far


def watched(tap_ids: Collection[str]) -> list[Watched]:
    """Return the calls of those taps that are live."""
    live = Tap.objects.exclude(state__in=ENDED).exclude(media_opened_at=None)
    calls = Call.objects.filter(pk__in=live.filter(pk__in=tap_ids).values("call"))
    began = dict(calls.annotate(began=Min("taps__started_at")).values_list("pk", "began"))
    measured = talks.read(began)
    found = {
        pk: Watched(pk, at or timezone.now(), {}, [], measured.get(pk)) for pk, at in began.items()
    }
    for tap in live.filter(call__in=began).order_by("requested_at", "pk"):
        found[tap.call_id].legs[str(tap.pk)] = tap.direction
    for mark in CallMark.objects.filter(call__in=began, ended_at=None, kind__in=HEARD):
        known = Mark(mark.call_id, Kind(mark.kind), mark.leg, mark.began_at)
        found[mark.call_id].marks.append(known)
    return list(found.values())


@transaction.atomic
def write(begun: Collection[Mark], ended: Collection[Mark], at: datetime.datetime) -> None:
    """Record which marks have begun, and which ended at a moment.

    A mark that has begun already stays as it is, whoever began it, and so does one that has ended
    already. A call that is over gets no marks.
    """
    _begin(begun)
    _end(ended, at)
    announce.publish_changes({mark.call_id for mark in (*begun, *ended)})


@transaction.atomic
def ask_for_help(call_id: str, reason: str) -> bool:
    """Record that a call's agent asks for help; return False if the call is over.

    An agent that asks again waits since the first time, and the newest reason counts.
    """
    known = list(Call.objects.filter(call_id=call_id).values_list("pk", flat=True))
    live = [pk for pk, allowed in _lock(known).items() if Kind.HELP in allowed]
    for pk in live:
        _mark, is_new = CallMark.objects.update_or_create(
            call_id=pk,
            kind=Kind.HELP,
            ended_at=None,
            defaults={"note": storable(reason)[:200]},
            create_defaults={
                "note": storable(reason)[:200],
                "severity": SEVERITIES[Kind.HELP],
                "began_at": timezone.now(),
            },
        )
        _count([Kind.HELP] if is_new else [])
    announce.publish_changes(live)
    return bool(live)


@transaction.atomic
def end_listened(sessions: Collection[int], now: datetime.datetime | None = None) -> None:
    """End the marks that want a listener, of calls that one of these sessions has heard for long
    enough.

    Somebody who listened before help was asked for hears that it is, and counts from then on.
    """
    now = now or timezone.now()
    asked = CallMark.objects.filter(kind__in=UNTIL_LISTENED, ended_at=None)
    heard = asked.filter(call__taps__listens__in=sessions).annotate(
        joined_at=F("call__taps__listens__started_at"), left_at=F("call__taps__listens__ended_at")
    )
    for mark in heard.order_by("joined_at"):
        helped_at = max(mark.began_at, mark.joined_at) + HELPED_AFTER
        if helped_at <= (mark.left_at or now):
            asked.filter(pk=mark.pk).update(ended_at=helped_at)
            announce.publish_changes([mark.call_id])


def end_if_over(call_id: int, at: datetime.datetime) -> None:
    """End those marks of a call that it may no longer have, because its last leg or what is said in
    it has ended. The caller publishes the change."""
    allowed = _lock([call_id]).get(call_id, ())
    ended_at = Greatest("began_at", Value(at))
    over = CallMark.objects.filter(call=call_id, ended_at=None).exclude(kind__in=allowed)
    over.update(ended_at=ended_at)


def _lock(call_ids: Collection[int]) -> dict[int, Collection[Kind]]:
    """Lock calls until this transaction ends, and return which marks each of them may have.

    What is heard needs a live leg, and what is told needs somebody who tells. A call that has
    neither is over. Whoever ends one of the two waits for the lock, so that no mark is begun after
    that.
    """
    calls = list(Call.objects.locked().filter(pk__in=call_ids).order_by("pk"))
    live = Tap.objects.filter(call__in=call_ids).exclude(state__in=ENDED)
    tapped = set(live.values_list("call_id", flat=True))
    allowed: dict[int, Collection[Kind]] = {}
    for call in calls:
        found = (*(HEARD if call.pk in tapped else ()), *(TOLD if words_go_on(call) else ()))
        allowed[call.pk] = (Kind.HELP, *found) if found else ()
    return allowed


def _begin(marks: Collection[Mark]) -> None:
    allowed = _lock({mark.call_id for mark in marks})
    ongoing = CallMark.objects.filter(call__in=allowed, ended_at=None)
    known = set(ongoing.values_list("call_id", "kind", "leg"))
    new: list[CallMark] = []
    for mark in marks:
        name = (mark.call_id, mark.kind, mark.leg)
        if mark.kind in allowed.get(mark.call_id, ()) and name not in known:
            known.add(name)
            new.append(CallMark(**mark._asdict(), severity=SEVERITIES[mark.kind]))
    CallMark.objects.bulk_create(new)
    _count([Kind(mark.kind) for mark in new])


def _count(kinds: Collection[Kind]) -> None:
    """Count marks that have begun, once they are kept."""
    begun = this_process().metrics.marks_begun
    for kind, times in Counter(kinds).items():
        transaction.on_commit(functools.partial(begun.add, times, kind))


def _end(marks: Collection[Mark], at: datetime.datetime) -> None:
    names = {(mark.call_id, mark.kind, mark.leg) for mark in marks}
    ongoing = CallMark.objects.filter(call__in={name[0] for name in names}, ended_at=None)
    ending = [
        pk
        for pk, *name in ongoing.values_list("pk", "call_id", "kind", "leg")
        if tuple(name) in names
    ]
    ended_at = Greatest("began_at", Value(at))
    CallMark.objects.filter(pk__in=ending, ended_at=None).update(ended_at=ended_at)
