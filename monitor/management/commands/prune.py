"""``manage.py prunetaps``: delete old history."""

from __future__ import annotations

import datetime
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitor.models import ENDED, AdminAction, Call, ListenSession, Tap

BATCH = 500  # rows in one transaction, so that a running server does not have to wait long


class Command(BaseCommand):
    """Deletes taps, calls and records of sign-ins. Who listened, and what was done in the admin,
    is evidence: it is deleted only if ``--audit-days`` says so."""

    help = (
        "Delete taps that ended long ago and their events, calls without taps, old records of "
        "sign-ins, and sessions that have expired."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=int, required=True, help="keep what is younger than this"
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
        if days < 0 or (audit_days is not None and audit_days < days):
            raise CommandError("--days must not be negative, and --audit-days not below --days")
        old = Tap.objects.filter(state__in=ENDED, ended_at__lt=ago(days))
        evidence = ListenSession.objects.all()
        if audit_days is not None:
            young = ago(audit_days)
            evidence = evidence.filter(Q(started_at__gte=young) | Q(tap__ended_at__gte=young))
        doomed = old.exclude(pk__in=evidence.values("tap"))
        staying = Tap.objects.exclude(pk__in=doomed.values("pk"))
        empty = Call.objects.filter(created_at__lt=ago(days)).exclude(pk__in=staying.values("call"))
        kept = old.count() - doomed.count()
        records = old_sign_ins(days)
        if audit_days is not None:
            records.append(AdminAction.objects.filter(at__lt=ago(audit_days)))
        if options["dry_run"]:
            listens = ListenSession.objects.filter(tap__in=doomed)
            done, counts = "would delete", (doomed.count(), listens.count(), empty.count())
            forgotten = sum(rows.count() for rows in records)
        else:
            done, counts = "deleted", (*delete_taps(doomed), delete_calls(empty))
            forgotten = sum(rows.delete()[0] for rows in records)
        self.stdout.write(
            f"{done} {counts[0]} taps, {counts[1]} listens, {counts[2]} calls; "
            f"kept {kept} old taps for their listens; "
            f"{done} {forgotten} records of sign-ins, sessions and the admin's log"
        )


def ago(days: int) -> datetime.datetime:
    """Return the time that many days before now."""
    return timezone.now() - datetime.timedelta(days=days)


def old_sign_ins(days: int) -> list[QuerySet[Any]]:
    """Return the records of sign-ins and failed sign-ins that are older than that many days, with
    their names and addresses, and the sessions that have expired."""
    kinds = (AccessAttempt, AccessFailureLog, AccessLog)
    records = [kind.objects.filter(attempt_time__lt=ago(days)) for kind in kinds]
    return [*records, Session.objects.filter(expire_date__lt=timezone.now())]


def delete_taps(taps: QuerySet[Tap]) -> tuple[int, int]:
    """Delete taps with their events and listen sessions; return how many taps and sessions."""
    tap_count = listen_count = 0
    while tap_ids := list(taps.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            listen_count += ListenSession.objects.filter(tap__in=tap_ids).delete()[0]
            Tap.objects.filter(pk__in=tap_ids).delete()
        tap_count += len(tap_ids)
    return tap_count, listen_count


def delete_calls(calls: QuerySet[Call]) -> int:
    """Delete those calls that have no taps; return how many."""
    count = 0
    while call_ids := list(calls.values_list("pk", flat=True)[:BATCH]):
        count += Call.objects.filter(pk__in=call_ids, taps=None).delete()[0]
    return count
