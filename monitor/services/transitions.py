"""The states of a tap: which may follow which, and the only write of ``Tap.state``.

A transition is one conditional UPDATE that names the states it may leave. Replays, races and any
order of the two witnesses (status webhooks in ``tap_status``, the media in ``media``) therefore
end in the same state. Every transition leaves a TapEvent, and the pages are notified when the
transaction is committed.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monitor.bus.ring import forget_ring
from monitor.models import ENDED, FINAL, Tap, TapEvent, TapState, Transport
from monitor.services import announce, marks, rtp_ports

#: The end_reason of a tap that Earshot ended because it was asked to stop.
STOPPED = "monitoring was stopped"

#: The states from which a tap may come to each state. A late ``finished`` corrects lost and
#: failed, and media that comes back corrects lost.
LEAVES: dict[str, tuple[str, ...]] = {
    TapState.TAPPING: (TapState.REQUESTED, TapState.LOST),
    TapState.FINISHED: (TapState.REQUESTED, TapState.TAPPING, TapState.LOST, TapState.FAILED),
    TapState.LOST: (TapState.TAPPING,),
    TapState.FAILED: (TapState.REQUESTED,),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """A tap's new state, with the columns that change with it and the entry in its timeline."""

    new: str
    reason: str
    started_at: datetime.datetime | None = None  # None keeps the moment that is stored
    ended_at: datetime.datetime | None = None
    end_reason: str = ""
    payload: dict[str, Any] | None = None
    digest: str | None = None


def lock(tap_id: uuid.UUID) -> Tap:
    """Return a tap, locked until this transaction ends. Raises Tap.DoesNotExist."""
    return Tap.objects.select_for_update(of=("self",)).select_related("call").get(pk=tap_id)


def move(tap: Tap, to: Transition) -> bool:
    """Make a transition; return False if the tap's state does not allow it."""
    leaves = LEAVES.get(to.new, ())
    may_leave = Tap.objects.filter(pk=tap.pk, state__in=leaves)
    if tap.state not in leaves or not may_leave.update(
        state=to.new,
        transitions=F("transitions") + 1,
        started_at=to.started_at or F("started_at"),
        ended_at=to.ended_at,
        end_reason=to.end_reason,
    ):
        return False
    TapEvent.objects.create(
        tap=tap, old=tap.state, new=to.new, reason=to.reason, payload=to.payload, digest=to.digest
    )
    if to.new in ENDED:
        marks.end_if_over(tap.call_id, to.ended_at or timezone.now())
    if to.new in FINAL and tap.stop_requested_at:
        transaction.on_commit(lambda: forget_ring(tap.pk))  # nobody may hear it any more
    if to.new in ENDED and tap.transport == Transport.RTP:
        rtp_ports.renew([tap.pk])  # its sender may go on for a while
    announce.publish_change(tap.pk)
    return True


def note(tap: Tap, reason: str, *, old: str | None = None, **event: Any) -> None:
    """Add an entry to a tap's timeline that changes no state."""
    old = tap.state if old is None else old
    TapEvent.objects.create(tap=tap, old=old, new=tap.state, reason=reason[:300], **event)
    announce.publish_change(tap.pk)
