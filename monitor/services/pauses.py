"""Pauses of calls: while one goes on, nothing of the call is heard, read or kept.

A person or the call's own agent orders a pause, such as while the caller says a card number. The
order is a row, and Call.pause leads to it. Every process is told of it by the description of the
call, and the ring loses at once what was received since the pause began. A pause that nobody ends
ends by itself.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from monitor.bus.ring import forget_since
from monitor.models import FINAL, Call, CallPause, LedgerKind, PauseEnd, Tap
from monitor.services import announce, calls, ledger
from monitor.services.call_facts import facts_of
from monitor.services.order_facts import is_gone
from monitor.wire.text import storable


class NotPaused(Exception):
    """The call is not paused."""


@transaction.atomic
def pause(user: Any, call_id: int) -> None:
    """Pause a call as a user wants it, or prolong its pause. Raises calls.NoSuchCall and
    calls.CallGone.

    The pause is then the user's, even if the agent began it: the agent cannot end it.
    """
    call = calls.lock_for(user, call_id)
    legs = list(call.taps.order_by("requested_at", "pk"))
    if is_gone(call, facts_of(call, legs).ended_at, timezone.now()):
        raise calls.CallGone
    _begin(call, user.get_username())


@transaction.atomic
def resume(user: Any, call_id: int) -> None:
    """End the pause of a call, whoever ordered it. Raises calls.NoSuchCall and NotPaused."""
    call = calls.lock_for(user, call_id)
    if call.pause is None:
        raise NotPaused
    _end(call, call.pause, PauseEnd.RESUMED, user.get_username())


def pause_by_agent(call_id: str, agent: str) -> bool:
    """Pause a call as its agent wants it, or prolong its pause; return whether there is such a
    call. It is paused even if that cannot be recorded, because then nobody hears any more."""
    with transaction.atomic():
        call = Call.objects.locked().filter(call_id=storable(call_id)).first()
        if call is None:
            return False
        _begin(call, "")
    ledger.append_anyway([_by_agent(LedgerKind.PAUSED, call, agent)])
    return True


def resume_by_agent(call_id: str, agent: str) -> bool:
    """End the pause that a call's agent ordered; return False if there is none.

    A pause that a person ordered goes on. Raises ledger.NotWritten, and then it goes on as well.
    """
    ordered = CallPause.objects.filter(ended_at=None, username="")
    if not ordered.filter(call__call_id=storable(call_id)).exists():
        return False
    call = Call.objects.get(call_id=storable(call_id))
    ledger.append([_by_agent(LedgerKind.RESUMED, call, agent)])
    with transaction.atomic():
        call = Call.objects.locked().get(pk=call.pk)
        if call.pause is None or call.pause.username:
            return False
        _end(call, call.pause, PauseEnd.RESUMED, "")
    return True


def end_forgotten(now: datetime.datetime | None = None) -> int:
    """End the pauses whose time is up; return how many that were. Raises ledger.NotWritten, and
    then the pause goes on."""
    now = now or timezone.now()
    due = CallPause.objects.filter(ended_at=None, until__lte=now).select_related("call")
    for forgotten in due:
        call_id = forgotten.call.call_id
        ledger.append([ledger.Entry(LedgerKind.PAUSE_EXPIRED, call_id=call_id)])
        with transaction.atomic():
            call = Call.objects.locked().get(pk=forgotten.call_id)
            if call.pause and call.pause.until <= now:
                _end(call, call.pause, PauseEnd.EXPIRED, "")
    return len(due)


def began_at(tap_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime.datetime]:
    """Return when the pause began that goes on, for each of these taps whose call has one."""
    paused = Tap.objects.filter(pk__in=tap_ids, call__pause__isnull=False)
    return dict(paused.values_list("pk", "call__pause__began_at"))


def _begin(call: Call, username: str) -> None:
    """Pause a locked call, or prolong its pause."""
    now = timezone.now()
    until = now + datetime.timedelta(seconds=settings.PAUSE_MAX_SECONDS)
    if call.pause:
        call.pause.until = until
        call.pause.username = username or call.pause.username
        call.pause.save(update_fields=["until", "username"])
    else:
        call.pause = CallPause.objects.create(
            call=call, began_at=now, until=until, username=username
        )
    _publish(call)
    began = call.pause.began_at
    live = list(call.taps.exclude(state__in=FINAL).values_list("pk", flat=True))
    transaction.on_commit(lambda: forget_since(live, began))


def _end(call: Call, ending: CallPause, how: PauseEnd, username: str) -> None:
    """End the pause of a locked call."""
    ending.ended_at, ending.end, ending.ended_by = timezone.now(), how, username
    ending.save(update_fields=["ended_at", "end", "ended_by"])
    call.pause = None
    _publish(call)


def _publish(call: Call) -> None:
    call.pause_changes += 1
    call.transitions += 1
    call.save(update_fields=["pause", "pause_changes", "transitions"])
    announce.publish_changes([call.pk])


def _by_agent(kind: LedgerKind, call: Call, agent: str) -> ledger.Entry:
    return ledger.Entry(kind, call_id=call.call_id, details={"agent": agent})
