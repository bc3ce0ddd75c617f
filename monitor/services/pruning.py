"""Old rows: what is older than its kind is kept, what a legal hold keeps of it, and its end."""

from __future__ import annotations

import datetime
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Count, Exists, Min, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from monitor.env_retention import Retention
from monitor.models import (
    ENDED,
    AdminAction,
    Call,
    CallEvent,
    CallTool,
    CallWords,
    LegalHold,
    ListenReason,
    ListenSession,
    Tap,
)

BATCH = 500  # rows in one transaction, so that a running server does not have to wait long
LONGEST_PAUSE = 1.0  # seconds between two batches, at most


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind that are old. ``note`` says which of them are kept, and why."""

    name: str
    old: QuerySet[Any]
    moment: str  # the field by which they are old
    #: The path from a row to the legal hold of its call. Without one, no hold keeps the row.
    hold: str = ""
    note: str = ""
    #: Paths to rows that must be gone before a row can go.
    after: tuple[str, ...] = ()

    @property
    def rows(self) -> QuerySet[Any]:
        """Return the old rows that no legal hold keeps."""
        return self.old.filter(**{self.hold: None}) if self.hold else self.old

    @property
    def held(self) -> QuerySet[Any]:
        """Return the old rows that a legal hold keeps."""
        return self.old.exclude(**{self.hold: None}) if self.hold else self.old.none()

    def oldest_kept(self) -> datetime.datetime | None:
        """Return of when the oldest row is that stays."""
        going = self.rows.filter(pk=OuterRef("pk"))
        staying = self.old.model._default_manager.filter(~Exists(going))
        oldest: datetime.datetime | None = staying.aggregate(oldest=Min(self.moment))["oldest"]
        return oldest

    def delete(self) -> int:
        """Delete the rows in batches; return how many of this kind there were.

        Each batch is a transaction, after which the database is left alone for as long as that
        took. A call may have been put on hold, or tapped again, since its rows were found.
        """
        count = 0
        model = self.old.model
        still = dict.fromkeys(path for path in (self.hold, *self.after) if path)
        for keys in self._batches():
            began = time.monotonic()
            found = model._default_manager.filter(pk__in=keys, **still)
            _, deleted = found.delete()
            count += deleted.get(model._meta.label, 0)
            time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))
        return count

    def _batches(self) -> Iterator[list[Any]]:
        """Yield the keys of the rows in their order. Each batch is looked for behind the one
        before, or each would pass over all that is deleted already."""
        keys = self.rows.order_by("pk").values_list("pk", flat=True)
        batch = list(keys[:BATCH])
        while batch:
            yield batch
            batch = list(keys.filter(pk__gt=batch[-1])[:BATCH])


def old_kinds(keep: Retention) -> list[Kind]:
    """Return the kinds of rows that are old, in the order in which they can be deleted."""
    return [*_words(keep), *_history(keep), *_records(keep)]


def kept_by_holds(kinds: Iterable[Kind]) -> list[tuple[LegalHold, Counter[str]]]:
    """Return the legal holds that keep old rows, the oldest first, and how many of each kind."""
    kept: dict[int, Counter[str]] = {}
    for kind in kinds:
        if kind.hold:
            found = kind.held.order_by().values_list(kind.hold).annotate(Count("pk"))
            for hold, number in found:
                kept.setdefault(hold, Counter())[kind.name] = number
    holds = LegalHold.objects.filter(pk__in=kept).select_related("call").order_by("since", "pk")
    return [(hold, kept[hold.pk]) for hold in holds]


def _words(keep: Retention) -> list[Kind]:
    """Return what was said and done in old calls. Their figures stay as long as the calls."""
    old = Call.objects.filter(created_at__lt=_ago(keep.words))
    known_since, hold = "call__created_at", "call__hold"
    return [
        Kind("events of calls", CallEvent.objects.filter(call__in=old), known_since, hold),
        Kind("words of calls", CallWords.objects.filter(call__in=old), known_since, hold),
        Kind("tools of calls", CallTool.objects.filter(call__in=old), known_since, hold),
    ]


def _history(keep: Retention) -> list[Kind]:
    """Return the old listens, taps and calls. Who listened is evidence, and keeps its tap."""
    ended = Tap.objects.filter(state__in=ENDED, ended_at__lt=_ago(keep.calls))
    young = _ago(keep.listens)
    of_tap = ListenSession.objects.filter(tap=OuterRef("pk"))
    # Asked of each tap by itself: PostgreSQL compares a list of two million with every tap, if the
    # taps are to be those that are not in it.
    is_evidence = Exists(of_tap.filter(Q(started_at__gte=young) | Q(tap__ended_at__gte=young)))
    doomed = ended.filter(~is_evidence)
    is_doomed = Exists(doomed.filter(pk=OuterRef("pk")))
    staying = Tap.objects.filter(~is_doomed, call=OuterRef("pk"))
    calls = Call.objects.filter(created_at__lt=_ago(keep.calls))
    empty = calls.filter(~Exists(staying))
    listens = ListenSession.objects.filter(Exists(doomed.filter(pk=OuterRef("tap"))))
    kept = ended.filter(is_evidence, call__hold=None).count()
    reasons = ListenReason.objects.filter(at__lt=_ago(keep.calls))
    note = f"; kept {kept} old ones for their listens"
    return [
        Kind("reasons for listening", reasons, "at", "call__hold", "; the listens keep theirs"),
        Kind("listens", listens, "started_at", "tap__call__hold"),
        Kind("taps", doomed, "ended_at", "call__hold", note),
        Kind("calls", empty, "created_at", "hold", after=("taps",)),
    ]


def _records(keep: Retention) -> list[Kind]:
    """Return the old records of sign-ins, with their names and addresses, the sessions that have
    expired, and the admin's old log."""
    records: list[type[Model]] = [AccessAttempt, AccessFailureLog, AccessLog]
    sign_ins = [
        Kind(
            str(model._meta.verbose_name_plural),
            model._default_manager.filter(attempt_time__lt=_ago(keep.sign_ins)),
            "attempt_time",
        )
        for model in records
    ]
    sessions = Session.objects.filter(expire_date__lt=timezone.now())
    actions = AdminAction.objects.filter(at__lt=_ago(keep.admin_log))
    return [
        *sign_ins,
        Kind("sessions", sessions, "expire_date"),
        Kind("the admin's log", actions, "at"),
    ]


def _ago(days: float) -> datetime.datetime:
    """Return the time that many days before now. Nothing is older than for ever."""
    if days == math.inf:
        return datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return timezone.now() - datetime.timedelta(days=days)
