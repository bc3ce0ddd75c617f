"""What pages are told of taps: the live list, one tap as it is now, and its changes."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from .live import bus
from .models import ENDED, Tap, TapState


def current(now: datetime.datetime | None = None) -> list[dict[str, Any]]:
    """The taps that a page shows: live ones, and those that ended in the last 20 s."""
    now = now or timezone.now()
    recent = Q(ended_at__gte=now - datetime.timedelta(seconds=20))
    shown = Tap.objects.filter(~Q(state__in=ENDED) | recent)
    return [describe(tap) for tap in _with_listeners(shown).order_by("requested_at")]


def describe(tap: Tap) -> dict[str, Any]:
    """A tap as pages get it. ``tap`` must come with its listeners counted."""
    return {
        "id": str(tap.pk),
        "call_id": tap.call.call_id,
        "control_id": tap.control_id,
        "agent": tap.call.agent,
        "caller": tap.call.caller,
        "caller_name": tap.call.caller_name,
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
        "end_reason": tap.end_reason,
        "listeners": getattr(tap, "listeners", 0),
    }


def describe_now(tap_id: uuid.UUID) -> dict[str, Any]:
    """A tap as pages get it, read now. Raises Tap.DoesNotExist."""
    return describe(_with_listeners(Tap.objects.all()).get(pk=tap_id))


def changed(tap_id: uuid.UUID) -> None:
    """Tell pages how a tap is now, once this transaction is committed."""
    transaction.on_commit(lambda: _publish(tap_id))


def again() -> None:
    """Tell pages how those taps are now whose change Redis did not take."""
    bus.tell_again(lambda tap_id: _publish(uuid.UUID(tap_id)))


def _publish(tap_id: uuid.UUID) -> None:
    tap = _with_listeners(Tap.objects.filter(pk=tap_id)).first()
    if tap:  # it may have been erased meanwhile
        bus.publish({"type": "tap", "tap": describe(tap)})


def _with_listeners(taps: QuerySet[Tap]) -> QuerySet[Tap]:
    listening = Count("listens", filter=Q(listens__ended_at=None))
    return taps.select_related("call").annotate(listeners=listening)


def _silent_since(tap: Tap) -> datetime.datetime | None:
    """Since when a tap that goes on has brought no audio."""
    return tap.silent_since or tap.media_closed_at if tap.state == TapState.TAPPING else None


def _iso(at: datetime.datetime | None) -> str | None:
    return at.isoformat() if at else None
