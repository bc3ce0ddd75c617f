"""Legal holds: what is kept of a call for a court or an authority, whatever else deletes it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from monitor.models import Call, LedgerKind, LegalHold
from monitor.services import ledger
from monitor.services.ledger import Entry

NO_REASON = "a legal hold needs a reason"


def hold(calls: Iterable[Call], reason: str, by: Entry) -> int:
    """Put calls on hold, and return how many were not on hold before.

    ``by`` is an entry that says who does it. Raises ledger.NotWritten, and ValueError without a
    reason.
    """
    if not reason:
        raise ValueError(NO_REASON)
    return ledger.append_with(partial(_hold, list(calls), reason[:200], by))


def release(calls: Iterable[Call], by: Entry) -> int:
    """End the holds of calls, and return how many those were. Raises ledger.NotWritten."""
    return ledger.append_with(partial(_release, list(calls), by))


def _hold(calls: list[Call], reason: str, by: Entry) -> list[Entry]:
    entries = []
    for call in calls:
        defaults = {"reason": reason, "username": by.username}
        _, is_new = LegalHold.objects.get_or_create(call=call, defaults=defaults)
        if is_new:
            entries.append(by.about(LedgerKind.HELD, call.call_id, reason=reason))
    return entries


def _release(calls: list[Call], by: Entry) -> list[Entry]:
    held = [call for call in calls if LegalHold.objects.filter(call=call).delete()[0]]
    return [by.about(LedgerKind.RELEASED, call.call_id) for call in held]
