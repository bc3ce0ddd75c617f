"""Records what carriers tell of calls: live events, and the record of a whole call."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from dataclasses import replace

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.crypto import salted_hmac

from monitor.models import Call, CallEvent, EventSource
from monitor.services import (
    alerts,
    call_life,
    call_reports,
    calls,
    live_words,
    paused_words,
    spread_redaction,
)
from monitor.services.call_clock import CLOCKS_DIFFER, better_offset, moves_lines
from monitor.wire import private_patterns
from monitor.wire.call_report import CallReport, ReportedEvent
from monitor.wire.card_numbers import without_card_numbers, without_card_numbers_in
from monitor.wire.text import map_texts, storable

MAX_EVENTS = 20_000  # of a call, from each source
OLDEST = datetime.timedelta(days=1)  # what is told longer after it happened has a wrong time
#: The same event without a time of its own is a repetition within this time. After it, the same
#: was said once more.
REPEATED_WITHIN = datetime.timedelta(seconds=3)


class TooMany(Exception):
    """The call has as many events as are kept of one."""

    def __init__(self) -> None:
        super().__init__(f"the call has {MAX_EVENTS} events, and no more are kept")


def record(agent: str, report: CallReport, now: datetime.datetime | None = None) -> int:
    """Store the events of a report; return how many were not stored before.

    The first report about a call makes its row. Raises TooMany, and then stores none of them.
    """
    if len(report.events) > MAX_EVENTS:
        raise TooMany
    now = now or timezone.now()
    told = Call(call_id=report.call_id, agent=storable(agent)[:100], created_at=now)
    told.caller = report.caller[:64]
    told.caller_name = without_card_numbers(report.caller_name)[:100]
    told.project_id = report.project_id[:64]
    with transaction.atomic():
        call = calls.lock(told)
        rows = _new_rows(call, told.agent, report, now)
        kept = paused_words.without_paused(call, rows)
        if rows:
            _store(call, rows, kept, now)
    return len(kept)


def _store(
    call: Call, told: list[CallEvent], rows: list[CallEvent], now: datetime.datetime
) -> None:
    """Store new events of a locked call, and do what they are the cause of. ``rows`` are those that
    are kept of what was told: in a pause, only that the call goes on counts. Raises TooMany."""
    kept = Counter(_kept(call)) + Counter(row.source for row in rows)
    if kept[told[0].source] > MAX_EVENTS:
        raise TooMany
    CallEvent.objects.bulk_create(rows)
    rewritten = spread_redaction.redact(call, rows)
    moved = False
    offset = better_offset(call, told)
    if offset is not None:
        call.clock_offset = offset
        call.save(update_fields=["clock_offset"])
        moved = moves_lines(call, rows)
    call_life.follow(call, told, now)
    if call.ended_at or call.gone_at:
        call_reports.make(call)
    if rows:
        live_words.publish_new(
            call, [*rows, *rewritten], moved=moved, has_record=EventSource.AUTHORITY in kept
        )
    alerts.follow(call, rows, now)


def _kept(call: Call) -> dict[str, int]:
    """Return how many events are stored of a call, from each source that told of any."""
    told = CallEvent.objects.filter(call=call)
    return dict(told.order_by().values_list("source").annotate(Count("pk")))


def _new_rows(
    call: Call, agent: str, report: CallReport, now: datetime.datetime
) -> list[CallEvent]:
    """Return rows for the events of a report that are not repetitions."""
    rows: list[CallEvent] = []
    events = [_private(event) for event in report.events]
    digests = [_digest(report, event) for event in events]
    before = CallEvent.objects.filter(call=call, digest__in=digests).order_by("occurrence")
    told = before.values_list("digest", "occurrence", "received_at")
    newest = {digest: (occurrence, came_at) for digest, occurrence, came_at in told}
    last: datetime.datetime | None = None  # when the event before was, of the same kind
    kind = ""
    for event, digest in zip(events, digests, strict=True):
        at = _plausible(event.at, now)
        if at is None:
            at = last if last and kind == event.kind else now
        last, kind = at, event.kind
        occurrence, came_at = newest.get(digest, (-1, None))
        if came_at and not (_may_recur(report, event) and now - came_at > REPEATED_WITHIN):
            continue
        newest[digest] = occurrence + 1, now
        row = CallEvent(
            call=call,
            agent=agent,
            at=at,
            received_at=now,
            kind=event.kind,
            role=event.role[:16],
            text=event.text,
            payload=event.payload,
            source=EventSource(report.source),
            digest=digest,
            occurrence=occurrence + 1,
        )
        rows.append(row)
    return rows


def _private(event: ReportedEvent) -> ReportedEvent:
    """Return the event without card numbers, and without what the operator's patterns match: none
    of it is stored, and so none is shown."""
    patterns = settings.REDACT_PATTERNS
    payload = without_card_numbers_in(event.payload)
    if patterns:
        payload = map_texts(payload, lambda text: private_patterns.without(text, patterns))
    text = private_patterns.without(without_card_numbers(event.text), patterns)
    return replace(event, text=text, payload=payload)


def _digest(report: CallReport, event: ReportedEvent) -> str:
    """Return what two tellings of one event have in common.

    It needs SECRET_KEY, because it stays when a piece of a card number is taken out of the event:
    without a key, few digits could be found by trying all of them.
    """
    content = [report.source, report.conversation, event.place, event.kind, event.payload]
    return salted_hmac(
        "monitor.call_events", json.dumps(content, sort_keys=True), algorithm="sha256"
    ).hexdigest()


def _may_recur(report: CallReport, event: ReportedEvent) -> bool:
    """Return whether the very same event can happen twice: "Yes." can, but not at one moment."""
    return report.source == EventSource.LIVE.value and event.at is None


def _plausible(at: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime | None:
    return at if at and now - OLDEST <= at <= now + CLOCKS_DIFFER else None
