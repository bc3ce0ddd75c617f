"""Records listen sessions while they go on and when they end: who heard which tap, and how much.

``monitor.services.openings`` begins them.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils import timezone

from monitor.models import LedgerKind, ListenSession
from monitor.services import announce, ledger, marks

HEARTBEAT_EVERY = 4  # seconds between two heartbeats of a session
#: The process of a session that has sent no heartbeat for this long is gone. With the time until
#: the next sweep, such a session is ended within a minute.
ABANDONED_AFTER = datetime.timedelta(seconds=30)
SERVER_GONE = "the server went away"


@dataclass(frozen=True, slots=True)
class Client:
    """The address and the browser of a listener."""

    address: str
    user_agent: str


class Heard(NamedTuple):
    """How many Frames a listener was sent, and how many were left out for it; how many seconds of
    audio it was sent and has acknowledged, and how many of those that were sent are older audio,
    because the listener rewound."""

    frames: int = 0
    dropped: int = 0
    seconds_sent: float = 0.0
    seconds_acknowledged: float = 0.0
    seconds_rewound: float = 0.0


class Ending(NamedTuple):
    """The end of a session, with what was sent during it."""

    session_id: int
    tap_id: uuid.UUID
    reason: str
    heard: Heard


def end(endings: Iterable[Ending]) -> None:
    """Record the end of any number of sessions, and write it into the ledger, in one transaction.

    The caller has their calls published. Raises ledger.NotWritten; the sessions are then ended as
    abandoned.
    """
    # In the order of their IDs, as whoever else ends several locks them.
    ledger.append_with(partial(_end, sorted(endings)))


def _end(endings: Sequence[Ending]) -> list[ledger.Entry]:
    now = timezone.now()
    for session_id, _, reason, heard in endings:
        ListenSession.objects.filter(pk=session_id).update(
            ended_at=now, seen_at=now, end_reason=reason[:100], **heard._asdict()
        )
    marks.end_listened([one.session_id for one in endings])
    return _end_entries({one.session_id: _end_details(one) for one in endings})


def _end_entries(details: dict[int, dict[str, Any]]) -> list[ledger.Entry]:
    """Return the ledger's entries about sessions that end."""
    sessions = ListenSession.objects.filter(pk__in=details).select_related("tap__call")
    return [
        entry(LedgerKind.LISTEN_ENDED, one, **details[one.pk]) for one in sessions.order_by("pk")
    ]


def _end_details(ending: Ending) -> dict[str, Any]:
    return {"reason": ending.reason, **_rounded(ending.heard)}


def _rounded(heard: Heard) -> dict[str, Any]:
    """Return how much was heard, with seconds in milliseconds."""
    return {name: round(value, 3) for name, value in heard._asdict().items()}


def entry(kind: LedgerKind, session: ListenSession, **details: Any) -> ledger.Entry:
    """Return the ledger's entry about a session."""
    return ledger.Entry(
        kind,
        user_id=session.user_id,
        username=session.username,
        call_id=session.tap.call.call_id,
        tap=session.tap_id,
        listen=session.pk,
        address=session.address,
        user_agent=session.user_agent,
        details=details,
    )


def heartbeat(sessions: Collection[int], heard: Mapping[int, Heard]) -> None:
    """Record that these sessions go on, because a killed worker records nothing at their end.

    ``heard`` says, of some of them, how much was heard so far.
    """
    marks.end_listened(sessions)
    going_on = ListenSession.objects.filter(ended_at=None)
    going_on.filter(pk__in=sessions).update(seen_at=timezone.now())
    rows = [ListenSession(pk=pk, **so_far._asdict()) for pk, so_far in heard.items()]
    going_on.bulk_update(rows, Heard._fields)


def end_abandoned(now: datetime.datetime | None = None) -> int:
    """End the sessions whose process is gone, as of their last heartbeat; return how many.

    Several processes do this at the same time, so that the rows are locked in one order. The
    ledger's entries are written in the same transaction. Raises ledger.NotWritten.
    """
    now = now or timezone.now()
    abandoned = ListenSession.objects.filter(ended_at=None, seen_at__lte=now - ABANDONED_AFTER)
    if not abandoned.exists():
        return 0
    return ledger.append_with(partial(_end_abandoned, abandoned))


def _end_abandoned(abandoned: QuerySet[ListenSession]) -> list[ledger.Entry]:
    sessions = {one.pk: one for one in abandoned.select_for_update().order_by("pk")}
    ended = ListenSession.objects.filter(pk__in=sessions)
    ended.update(ended_at=F("seen_at"), end_reason=SERVER_GONE)
    announce.publish_change(*{session.tap_id for session in sessions.values()})
    return _end_entries({pk: _last_known(session) for pk, session in sessions.items()})


def _last_known(session: ListenSession) -> dict[str, Any]:
    """Return what the last heartbeats have told of a session that nothing else has ended."""
    heard = Heard(*(getattr(session, name) or 0 for name in Heard._fields))
    return {"reason": SERVER_GONE, "seen_at": session.seen_at.isoformat(), **_rounded(heard)}
