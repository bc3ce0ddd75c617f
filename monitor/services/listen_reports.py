"""Who listened to what, and how long, as the ledger has it: for reports, and for each user.

A listening is an entry that says that it began, with the newest one that says how it ended.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from monitor.models import LedgerEntry, LedgerKind

PAGE = 1000  # listenings whose ends are read at once


@dataclass(frozen=True, slots=True)
class Listening:
    """That somebody listened to a tap of a call. Until it ends, nothing is known of its sound."""

    session_id: int | None
    username: str
    user_id: int | None
    call_id: str
    tap_id: Any
    began_at: datetime.datetime
    ended_at: datetime.datetime | None
    seconds_sent: float | None
    seconds_acknowledged: float | None
    seconds_rewound: float | None
    end_reason: str
    reason: str  # why the user listened, if they said
    read_words: bool
    address: str


class Totals(NamedTuple):
    """What a number of listenings are together."""

    listenings: int
    sent: datetime.timedelta
    acknowledged: datetime.timedelta


def begun(entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """Return those of the entries that say that a listening began."""
    return entries.filter(kind=LedgerKind.LISTEN_BEGAN)


def of_user(user: Any) -> QuerySet[LedgerEntry]:
    """Return the beginnings of what a user has listened to, newest first.

    The name has an index. An account of an earlier user of the same name has another ID.
    """
    own = LedgerEntry.objects.filter(username=user.get_username(), user_id=user.pk)
    return begun(own).order_by("-at", "-pk")


def listenings(beginnings: Sequence[LedgerEntry]) -> list[Listening]:
    """Return the listenings that begin with these entries, in their order."""
    ends = _ends([one.listen for one in beginnings])
    return [_listening(one, ends.get(one.listen)) for one in beginnings]


def totals(beginnings: QuerySet[LedgerEntry]) -> Totals:
    """Return the sums of any number of listenings, of which a few are in memory at once."""
    listened, sent, acknowledged = 0, 0.0, 0.0
    for ids in _batches(beginnings.order_by().values_list("listen", flat=True)):
        listened += len(ids)
        for end in _ends(ids).values():
            details = json.loads(end.details)
            sent += details.get("seconds_sent", 0)
            acknowledged += details.get("seconds_acknowledged", 0)
    return Totals(listened, _seconds(sent), _seconds(acknowledged))


def _batches(ids: QuerySet[LedgerEntry, int | None]) -> Iterator[list[int | None]]:
    batch: list[int | None] = []
    for one in ids.iterator(PAGE):
        batch.append(one)
        if len(batch) == PAGE:
            yield batch
            batch = []
    if batch:
        yield batch


def _ends(session_ids: Iterable[int | None]) -> dict[int | None, LedgerEntry]:
    """Return, by session, the newest entry that says how it ended."""
    ended = LedgerEntry.objects.filter(kind=LedgerKind.LISTEN_ENDED, listen__in=session_ids)
    return {one.listen: one for one in ended.order_by("pk")}


def _listening(began: LedgerEntry, end: LedgerEntry | None) -> Listening:
    at_first = json.loads(began.details or "{}")
    at_last = json.loads(end.details or "{}") if end else {}
    return Listening(
        session_id=began.listen,
        username=began.username,
        user_id=began.user_id,
        call_id=began.call_id,
        tap_id=began.tap,
        began_at=began.at,
        ended_at=_ended_at(end, at_last),
        seconds_sent=at_last.get("seconds_sent"),
        seconds_acknowledged=at_last.get("seconds_acknowledged"),
        seconds_rewound=at_last.get("seconds_rewound"),
        end_reason=at_last.get("reason", ""),
        reason=at_first.get("reason", ""),
        read_words=bool(at_first.get("reads_words")),
        address=began.address,
    )


def _ended_at(end: LedgerEntry | None, details: dict[str, Any]) -> datetime.datetime | None:
    """Return when a listening ended: a killed server's has ended with its last heartbeat."""
    if end is None:
        return None
    seen_at = details.get("seen_at")
    return datetime.datetime.fromisoformat(seen_at) if seen_at else end.at


def _seconds(seconds: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=round(seconds))
