"""``manage.py prune``: delete old history."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Min, Model, Q, QuerySet
from django.utils import timezone

from monitor.models import (
    ENDED,
    AdminAction,
    Call,
    CallEvent,
    CallTool,
    CallWords,
    ListenSession,
    Tap,
)
from monitor.services import word_search

BATCH = 500  # rows in one transaction, so that a running server does not have to wait long


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind that are old. ``note`` says what is kept, and why."""

    name: str
    rows: QuerySet[Any]
    moment: str  # the field by which they are old
    note: str = ""
    #: What must hold of a row at the moment at which it is deleted.
    still: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows


class Command(BaseCommand):
    """Deletes what is old, a line for each kind. Who listened, and what was done in the admin, is
    evidence: it is deleted only if ``--audit-days`` says so. What was said in calls may be
    deleted earlier than the calls."""

    help = (
        "Delete taps that ended long ago and their events, calls without taps and what was said in "
        "them, old records of sign-ins, and sessions that have expired."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=int, required=True, help="keep what is younger than this"
        )
        parser.add_argument(
            "--words-days",
            type=int,
            help="delete what was said and done in calls that are older than this, and keep the "
            "calls and their figures (default: as --days)",
        )
        parser.add_argument(
            "--audit-days",
            type=int,
            help="delete what is older than this even if it is evidence: taps that were listened "
            "to, their listen sessions, and the admin's log (default: keep them)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be deleted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days, audit_days = options["days"], options["audit_days"]
        words_days = days if options["words_days"] is None else options["words_days"]
        if days < 0 or (audit_days is not None and audit_days < days):
            raise CommandError("--days must not be negative, and --audit-days not below --days")
        if not 0 <= words_days <= days:
            raise CommandError("--words-days must not be negative, and not above --days")
        is_dry = options["dry_run"]
        for kind in (*_words(words_days), *_history(days, audit_days), *_records(days, audit_days)):
            self.stdout.write(_preview(kind) if is_dry else _done(kind))
        held = Call.objects.filter(created_at__lt=_ago(words_days)).exclude(hold=None)
        self.stdout.write(
            f"legal holds: kept {held.count()} old calls with all that belongs to them"
        )
        if not is_dry:
            word_search.forget_deleted()


def _words(days: int) -> list[Kind]:
    """Return what was said and done in old calls. Their figures stay as long as the calls."""
    old = Call.objects.filter(created_at__lt=_ago(days), hold=None)
    known_since = "call__created_at"
    return [
        Kind("events of calls", CallEvent.objects.filter(call__in=old), known_since, still=_free),
        Kind("words of calls", CallWords.objects.filter(call__in=old), known_since, still=_free),
        Kind("tools of calls", CallTool.objects.filter(call__in=old), known_since, still=_free),
    ]


def _free(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return those of the rows whose call is not on hold: it may have been put on it meanwhile."""
    return rows.filter(call__hold=None)


def _history(days: int, audit_days: int | None) -> list[Kind]:
    """Return the old listens, taps and calls, in the order in which they can be deleted."""
    old = Tap.objects.filter(state__in=ENDED, ended_at__lt=_ago(days), call__hold=None)
    evidence = ListenSession.objects.all()
    if audit_days is not None:
        young = _ago(audit_days)
        evidence = evidence.filter(Q(started_at__gte=young) | Q(tap__ended_at__gte=young))
    doomed = old.exclude(pk__in=evidence.values("tap"))
    staying = Tap.objects.exclude(pk__in=doomed.values("pk"))
    unheld = Call.objects.filter(created_at__lt=_ago(days), hold=None)
    empty = unheld.exclude(pk__in=staying.values("call"))
    kept = old.count() - doomed.count()
    listens = ListenSession.objects.filter(tap__in=doomed)
    return [
        Kind(
            "listens", listens, "started_at", still=lambda rows: rows.filter(tap__call__hold=None)
        ),
        Kind("taps", doomed, "ended_at", f"; kept {kept} old ones for their listens", _free),
        Kind("calls", empty, "created_at", still=lambda rows: rows.filter(taps=None, hold=None)),
    ]


def _records(days: int, audit_days: int | None) -> list[Kind]:
    """Return the old records of sign-ins, with their names and addresses, the sessions that have
    expired, and the admin's log."""
    kinds: list[type[Model]] = [AccessAttempt, AccessFailureLog, AccessLog]
    records = [
        Kind(
            str(kind._meta.verbose_name_plural),
            kind._default_manager.filter(attempt_time__lt=at),
            "attempt_time",
        )
        for kind in kinds
        for at in [_ago(days)]
    ]
    ended = Session.objects.filter(expire_date__lt=timezone.now())
    records.append(Kind("sessions", ended, "expire_date"))
    if audit_days is not None:
        actions = AdminAction.objects.filter(at__lt=_ago(audit_days))
        records.append(Kind("the admin's log", actions, "at"))
    return records


def _ago(days: int) -> datetime.datetime:
    """Return the time that many days before now."""
    return timezone.now() - datetime.timedelta(days=days)


def _preview(kind: Kind) -> str:
    """Tell how many rows would be deleted, and how old the oldest is that would be kept."""
    staying = kind.rows.model._default_manager.exclude(pk__in=kind.rows.values("pk"))
    oldest = staying.aggregate(oldest=Min(kind.moment))["oldest"]
    kept = f"the oldest kept is of {oldest:%Y-%m-%d}" if oldest else "none is kept"
    return f"{kind.name}: would delete {kind.rows.count()}{kind.note}; {kept}"


def _done(kind: Kind) -> str:
    return f"{kind.name}: deleted {_delete(kind)}{kind.note}"


def _delete(kind: Kind) -> int:
    """Delete rows in batches; return how many of this kind there were."""
    count = 0
    model = kind.rows.model
    while keys := list(kind.rows.order_by().values_list("pk", flat=True)[:BATCH]):
        _, deleted = kind.still(model._default_manager.filter(pk__in=keys)).delete()
        count += deleted.get(model._meta.label, 0)
    return count
