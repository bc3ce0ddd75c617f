"""Records SignalWire's status webhooks, the witness of what signalling says about a tap."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monitor.models import Tap, TapEvent, TapState
from monitor.services import transitions
from monitor.services.transitions import Transition
from monitor.wire.status_report import StatusReport

CLOCKS_DIFFER = datetime.timedelta(seconds=5)  # at most, between SignalWire's clock and ours


def record_status(tap_id: uuid.UUID, report: StatusReport) -> bool:
    """Store a report and move the tap to the state that it names.

    Return False if the very same report is already stored. Raises Tap.DoesNotExist.
    """
    with transaction.atomic():
        tap = transitions.lock(tap_id)
        again = TapEvent.objects.filter(tap=tap, digest=report.digest)
        if again.update(repeats=F("repeats") + 1):
            return False
        reason = _describe(tap, report)
        if not _follow(tap, report, reason):
            transitions.note(tap, reason, payload=report.payload, digest=report.digest)
    return True


def _describe(tap: Tap, report: StatusReport) -> str:
    """Return the timeline's text for a report, with any identifier in it that is not the tap's."""
    reason = f"SignalWire says {report.state[:40]}"
    if report.control_id != tap.control_id:
        reason += f" of control_id {report.control_id[:80] or 'none'}"
    if report.call_id not in ("", tap.call.call_id):
        reason += f" of call {report.call_id[:80]}"
    return reason


def _follow(tap: Tap, report: StatusReport, reason: str) -> bool:
    """Move a tap to the state that was reported; return whether the tap moved."""
    at = _plausible(report.at, tap)
    if report.state == TapState.TAPPING:
        return _begin(tap, report, reason, at)
    if report.state == TapState.FINISHED:
        return _finish(tap, report, reason, at)
    return False


def _begin(tap: Tap, report: StatusReport, reason: str, at: datetime.datetime) -> bool:
    # A report that comes late still says when the tap began.
    Tap.objects.filter(pk=tap.pk, started_at=None).update(started_at=at)
    # A lost tap is brought back by its media only: this report is older than the loss.
    return tap.state != TapState.LOST and _move(tap, report, reason)


def _finish(tap: Tap, report: StatusReport, reason: str, at: datetime.datetime) -> bool:
    ended_at = max(at, tap.started_at or at)  # the sender's clock may be behind ours
    moved = _move(tap, report, reason, ended_at)
    # If we ended the tap because it was asked to stop, its true end is known only now.
    stopped = Tap.objects.filter(state=TapState.FINISHED, end_reason=transitions.STOPPED)
    stopped.filter(pk=tap.pk).update(ended_at=ended_at)
    return moved


def _move(
    tap: Tap, report: StatusReport, reason: str, ended_at: datetime.datetime | None = None
) -> bool:
    to = Transition(
        report.state, reason, ended_at=ended_at, payload=report.payload, digest=report.digest
    )
    return transitions.move(tap, to)


def _plausible(at: datetime.datetime | None, tap: Tap) -> datetime.datetime:
    """Return the sender's time if it can be right, otherwise ours."""
    now = timezone.now()
    return at if at and tap.requested_at - CLOCKS_DIFFER <= at <= now else now
