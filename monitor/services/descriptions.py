"""Describes calls and their legs to the pages, as docs/protocol.md has it.

A leg is one tap of a call. A call has several where its two sides are tapped apart, or where
monitoring was stopped and asked for again. It has none where only what is said in it is known.
"""

from __future__ import annotations

import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from monitor.models import ENDED, FINAL, Agent, Call, CallMark, ListenSession, Tap, TapState
from monitor.services import order_facts, talks
from monitor.services.call_facts import facts_of
from monitor.services.permissions import EVERYTHING, Scope
from monitor.wire.masking import masked

#: How long a call stays in the live list after its end.
ENDED_STAYS = datetime.timedelta(seconds=30)


#: The agent of a call, if nobody may hear a call of its team whose parties were not told.
_STRICT = Agent.objects.filter(name=OuterRef("agent"), team__needs_notice=True)


@dataclass(frozen=True, slots=True)
class _Listening:
    """Who listens now to some calls, and how many to each leg."""

    names: defaultdict[int, list[str]]  # by call, in the order in which they joined
    counts: Counter[uuid.UUID]  # by leg


def current_calls(
    now: datetime.datetime | None = None, scope: Scope = EVERYTHING
) -> list[dict[str, Any]]:
    """Describe the calls of the live list: those of the scope that go on or ended lately."""
    listed = scope.within(going_on(now))
    return describe(listed.order_by("created_at", "pk"))


def going_on(now: datetime.datetime | None = None) -> QuerySet[Call]:
    """Return the calls that go on or ended lately."""
    recent = Q(ended_at__gte=(now or timezone.now()) - ENDED_STAYS)
    tapped = Tap.objects.filter(~Q(state__in=ENDED) | recent)
    calls = Call.objects.order_by()
    spoken = calls.filter(told_at__isnull=False, ended_at=None, gone_at=None)
    # A union, because each part has an index of its own, and an OR of them would use none.
    shown = (
        tapped.order_by()
        .values("call")
        .union(spoken.values("pk"), calls.filter(recent).values("pk"))
    )
    return Call.objects.filter(pk__in=shown)


def agents_of(pks: Collection[str]) -> dict[str, str]:
    """Return the names of the agents of calls and taps, by their ids as pages get them."""
    call_ids = [pk for pk in pks if pk.isdecimal()]
    tap_ids = [pk for pk in pks if not pk.isdecimal()]
    calls = Call.objects.filter(pk__in=call_ids).order_by().values_list("pk", "agent")
    taps = Tap.objects.filter(pk__in=tap_ids).order_by().values_list("pk", "call__agent")
    return {str(pk): agent for pk, agent in (*calls, *taps)}


def describe(calls: QuerySet[Call]) -> list[dict[str, Any]]:
    """Describe calls. Any number of them takes five queries."""
    legs = Prefetch("taps", Tap.objects.order_by("requested_at", "pk"))
    marks = Prefetch("marks", CallMark.objects.order_by("-severity", "began_at", "pk"))
    rows = list(
        calls.select_related("talk", "pause")
        .prefetch_related(legs, marks, "orders")
        .annotate(needs_notice=Exists(_STRICT))
    )
    listening = _listening(rows)
    return [_describe_call(call, listening) for call in rows]


def _listening(calls: Sequence[Call]) -> _Listening:
    """Read who listens to the calls. The rows are not made into models, because a call that 200
    people hear is described at each of their joins."""
    sessions = ListenSession.objects.filter(ended_at=None, tap__call__in=calls)
    fields = "tap__call", "tap", "username"
    listening = _Listening(defaultdict(list), Counter())
    for call_id, tap_id, username in sessions.order_by("started_at", "pk").values_list(*fields):
        listening.names[call_id].append(username)
        listening.counts[tap_id] += 1
    return listening


def _describe_call(call: Any, listening: _Listening) -> dict[str, Any]:
    """Describe a call.

    ``version`` rises with each leg and each transition of one, with the beginning and the end of
    the words, and with those of each mark and of each order. It never falls: of two descriptions
    of a call the older one has the lower version.
    """
    legs, marks, orders = list(call.taps.all()), list(call.marks.all()), call.orders.all()
    ongoing = [mark for mark in marks if mark.ended_at is None]
    changes = 2 * len(marks) - len(ongoing) + order_facts.count_changes(orders)
    facts = facts_of(call, legs)
    return {
        "id": str(call.pk),
        **_names(call),
        "version": call.transitions + sum(leg.transitions + 1 for leg in legs) + changes,
        "state": facts.state,
        "over": facts.is_over,
        "gone": order_facts.is_gone(call, facts.ended_at, timezone.now()),
        "reason": facts.reason,
        "needs_notice": call.needs_notice,
        "requested_at": _iso(facts.requested_at),
        "started_at": _iso(facts.started_at),
        "ended_at": _iso(facts.ended_at),
        "listeners": list(dict.fromkeys(listening.names[call.pk])),
        "attention": [_attention(mark) for mark in ongoing],
        "pause": describe_pause(call),
        "talk": talks.describe(getattr(call, "talk", None)),
        "order": order_facts.describe_order(orders, legs),
        "legs": [{**describe_leg(leg), "listeners": listening.counts[leg.pk]} for leg in legs],
    }


def describe_taps(tap_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Describe taps to their listeners, with the names of their calls; return them by their ids.
    One that was deleted is not among them."""
    taps = Tap.objects.filter(pk__in=tap_ids).select_related("call__pause")
    return {
        tap.pk: {
            **describe_leg(tap),
            "call": str(tap.call_id),
            **_names(tap.call),
            "pause": describe_pause(tap.call),
        }
        for tap in taps
    }


def describe_leg(tap: Tap) -> dict[str, Any]:
    """Describe a tap without its call."""
    return {
        "id": str(tap.pk),
        "control_id": tap.control_id,
        "direction": tap.direction,
        "codec": tap.codec,
        "transport": tap.transport,
        "state": tap.state,
        "transitions": tap.transitions,
        "media": tap.media_opened_at is not None and tap.media_closed_at is None,
        "silent_since": _iso(_silent_since(tap)),
        "requested_at": _iso(tap.requested_at),
        "started_at": _iso(tap.started_at),
        "stop_requested_at": _iso(tap.stop_requested_at),
        "ended_at": _iso(tap.ended_at),
        "reason": tap.reason,
        "notice": tap.notice,
        "end_reason": tap.end_reason,
    }


def with_masked_caller(described: dict[str, Any]) -> dict[str, Any]:
    """Return a description of a call or tap for those who may not see numbers."""
    caller = {name: masked(described[name]) for name in ("caller", "caller_name")}
    return {**described, **caller}


def describe_pause(call: Call) -> dict[str, Any]:
    """Describe the pause that goes on. ``changes`` rises with each beginning and end: of two
    descriptions the one with less is older."""
    pause = call.pause
    return {
        "changes": call.pause_changes,
        "since": _iso(pause.began_at) if pause else None,
        "until": _iso(pause.until) if pause else None,
        "by": pause.username if pause else "",
    }


def is_over(leg: dict[str, Any]) -> bool:
    """Return whether a described leg has ended."""
    return leg["state"] in ENDED


def is_final(leg: dict[str, Any]) -> bool:
    """Return whether a described leg has ended for good. A lost one has not: it may come back."""
    return leg["state"] in FINAL


def _attention(mark: CallMark) -> dict[str, Any]:
    return {
        "kind": mark.kind,
        "leg": mark.leg or None,
        "severity": mark.severity,
        "since": _iso(mark.began_at),
        "note": mark.note,
    }


def _names(call: Call) -> dict[str, str]:
    """Return who speaks in a call, as far as is known."""
    return {
        "call_id": call.call_id,
        "agent": call.agent,
        "caller": call.caller,
        "caller_name": call.caller_name,
    }


def _silent_since(tap: Tap) -> datetime.datetime | None:
    """Return when the audio of a live tap stopped, or None while it comes."""
    return tap.silent_since or tap.media_closed_at if tap.state == TapState.TAPPING else None


def _iso(at: datetime.datetime | None) -> str | None:
    return at.isoformat() if at else None
