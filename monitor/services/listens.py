"""Records listen sessions: who heard which tap, from when to when."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from monitor.models import ENDED, LedgerKind, ListenSession, Tap
from monitor.services import announce, ledger, marks

MAX_PER_USER = 8  # calls that one user may hear at the same time, in all windows together
HEARTBEAT_EVERY = 4  # seconds between two heartbeats of a session
#: A session counts against MAX_PER_USER for this long after its last heartbeat.
OPEN_FOR = datetime.timedelta(seconds=2.5 * HEARTBEAT_EVERY)
#: A user who lost the connection this long before the end of a tap may still hear its ring. The
#: page tries again after 8 s at the latest.
REJOINS_WITHIN = datetime.timedelta(seconds=15)
#: The process of a session that has sent no heartbeat for this long is gone. With the time until
#: the next sweep, such a session is ended within a minute.
ABANDONED_AFTER = datetime.timedelta(seconds=30)
SERVER_GONE = "the server went away"


class NotOpen(Exception):
    """The tap takes no new listeners; the text says why."""


class NoSuchTap(Exception):
    """There is no tap of that id, or none that the user may know of."""

    def __init__(self) -> None:
        super().__init__("no such tap")


class TooMany(Exception):
    """The user already hears as many calls as one user may."""


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


@dataclass(frozen=True, slots=True)
class OpenedListen:
    """A session that has begun, with its tap as it was at that moment."""

    session_id: int
    tap_id: uuid.UUID
    direction: str
    state: str
    transitions: int
    media_opened_at: datetime.datetime | None


@dataclass(slots=True, eq=False)
class Opening:
    """That a user asks to hear a tap, and what has become of it once ``open_listens`` is done.

    ``reads_words`` says whether the socket is also sent what is said.
    """

    user: Any
    tap_id: uuid.UUID
    client: Client
    reads_words: bool = False
    listen: OpenedListen | None = None
    refusal: NoSuchTap | NotOpen | TooMany | None = None

    def opened(self) -> OpenedListen:
        """Return the session. Raises the refusal if there is none."""
        if self.listen is None:
            raise self.refusal or NotOpen("it is not open yet")
        return self.listen


def open_listens(openings: Sequence[Opening]) -> None:
    """Record that users are about to hear taps, and write it into the ledger, in one transaction:
    200 listeners that come together cost a few, and each call is described once.

    Each opening then has its listen or its refusal. Raises ledger.NotWritten; nobody hears then.
    """
    ledger.append_with(partial(_open, openings))


def _open(openings: Sequence[Opening]) -> list[ledger.Entry]:
    entries = []
    for one in openings:
        try:
            session = _begin(one.user, one.tap_id, one.client)
        except (NoSuchTap, NotOpen, TooMany) as refusal:
            one.refusal = refusal
            continue
        tap = session.tap
        one.listen = OpenedListen(
            session_id=session.pk,
            tap_id=tap.pk,
            direction=tap.direction,
            state=tap.state,
            transitions=tap.transitions,
            media_opened_at=tap.media_opened_at,
        )
        details = {"reads_words": one.reads_words, "notice": tap.notice}
        entries.append(_entry(LedgerKind.LISTEN_BEGAN, session, **details))
    announce.publish_change(*{one.tap_id for one in openings if one.listen})
    return entries


def start(user: Any, tap: Tap, client: Client) -> ListenSession:
    """Record that a user is about to hear a tap. Raises NoSuchTap, TooMany and NotOpen."""
    with transaction.atomic():
        session = _begin(user, tap.pk, client)
        announce.publish_change(tap.pk)
    return session


def _begin(user: Any, tap_id: uuid.UUID, client: Client) -> ListenSession:
    # Read within the transaction, because it may have been asked to stop a moment ago.
    tap = Tap.objects.select_related("call").filter(pk=tap_id).first()
    if tap is None:
        raise NoSuchTap
    _check_open(user, tap)
    if _calls_heard(user, tap) > MAX_PER_USER:
        raise TooMany(f"you already hear {MAX_PER_USER} calls")
    return ListenSession.objects.create(
        tap=tap,
        user=user,
        username=user.get_username(),
        address=client.address[:45],
        user_agent=client.user_agent[:200],
    )


def _calls_heard(user: Any, also: Tap) -> int:
    """Return how many calls a user hears if they hear one more tap.

    The legs of a call that one window plays count as one; a call that two windows play counts
    twice.
    """
    # A user whose worker was killed reconnects at once, and the dead sessions must not count.
    alive = timezone.now() - OPEN_FOR
    sessions = ListenSession.objects.filter(user=user, ended_at=None, seen_at__gt=alive)
    heard = [session.tap for session in sessions.select_related("tap")]
    per_leg = Counter((tap.call_id, tap.pk) for tap in [*heard, also])
    per_call: dict[int, int] = {}
    for (call_id, _), windows in per_leg.items():
        per_call[call_id] = max(windows, per_call.get(call_id, 0))
    return sum(per_call.values())


def _check_open(user: Any, tap: Tap) -> None:
    """Refuse a tap that takes no listener. Raises NotOpen."""
    if tap.stop_requested_at:
        raise NotOpen("monitoring of this call was stopped")
    if tap.state in ENDED and not _heard_its_end(user, tap):
        raise NotOpen("this call has ended")


def _heard_its_end(user: Any, tap: Tap) -> bool:
    """Return whether this user heard the end of the tap, or lost the connection just before it.

    Only such users may hear the ring, which outlives the tap by a minute.
    """
    lost_after = (tap.ended_at or timezone.now()) - REJOINS_WITHIN
    until_then = Q(ended_at=None) | Q(ended_at__gte=lost_after)
    return ListenSession.objects.filter(until_then, tap=tap, user=user).exists()


def end(endings: Iterable[Ending]) -> None:
    """Record the end of any number of sessions, and write it into the ledger, in one transaction.

    Raises ledger.NotWritten; the sessions are then ended as abandoned.
    """
    # In the order of their IDs, as whoever else ends several locks them.
    ledger.append_with(partial(_end, sorted(endings)))


def _end(endings: Sequence[Ending]) -> list[ledger.Entry]:
    now = timezone.now()
    for session_id, _, reason, heard in endings:
        ListenSession.objects.filter(pk=session_id).update(
            ended_at=now, seen_at=now, end_reason=reason[:100], **heard._asdict()
        )
    announce.publish_change(*{one.tap_id for one in endings})
    marks.end_listened([one.session_id for one in endings])
    return _end_entries({one.session_id: _end_details(one) for one in endings})


def _end_entries(details: dict[int, dict[str, Any]]) -> list[ledger.Entry]:
    """Return the ledger's entries about sessions that end."""
    sessions = ListenSession.objects.filter(pk__in=details).select_related("tap__call")
    return [
        _entry(LedgerKind.LISTEN_ENDED, one, **details[one.pk]) for one in sessions.order_by("pk")
    ]


def _end_details(ending: Ending) -> dict[str, Any]:
    return {"reason": ending.reason, **_rounded(ending.heard)}


def _rounded(heard: Heard) -> dict[str, Any]:
    """Return how much was heard, with seconds in milliseconds."""
    return {name: round(value, 3) for name, value in heard._asdict().items()}


def _entry(kind: LedgerKind, session: ListenSession, **details: Any) -> ledger.Entry:
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
