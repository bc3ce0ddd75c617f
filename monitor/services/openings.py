"""Begins listen sessions: who may hear a tap now, and the rows that are there before any audio."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils import timezone

from monitor.models import ENDED, LedgerKind, ListenSession, Tap
from monitor.services import ledger, listens, reasons

MAX_PER_USER = 8  # calls that one user may hear at the same time, in all windows together
#: A session counts against MAX_PER_USER for this long after its last heartbeat.
OPEN_FOR = datetime.timedelta(seconds=2.5 * listens.HEARTBEAT_EVERY)
#: A user who lost the connection this long before the end of a tap may still hear its ring. The
#: page tries again after 8 s at the latest.
REJOINS_WITHIN = datetime.timedelta(seconds=15)

Leg = tuple[int, uuid.UUID]  # a call and one of its taps


class NotOpen(Exception):
    """The tap takes no new listeners; the text says why."""


class NoSuchTap(Exception):
    """There is no tap of that id, or none that the user may know of."""

    def __init__(self) -> None:
        super().__init__("no such tap")


class TooMany(Exception):
    """The user already hears as many calls as one user may."""


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
    client: listens.Client
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
    200 listeners that come together cost a few.

    Each opening then has its listen or its refusal. The caller has the calls of those that begin
    published. Raises ledger.NotWritten; nobody hears then.
    """
    ledger.append_with(partial(_open, openings))


def _open(openings: Sequence[Opening]) -> list[ledger.Entry]:
    entries = []
    for one, session in _begin(openings):
        tap = session.tap
        one.listen = OpenedListen(
            session_id=session.pk,
            tap_id=tap.pk,
            direction=tap.direction,
            state=tap.state,
            transitions=tap.transitions,
            media_opened_at=tap.media_opened_at,
        )
        details = {
            "reads_words": one.reads_words,
            "notice": tap.notice,
            "reason": session.reason,
        }
        entries.append(listens.entry(LedgerKind.LISTEN_BEGAN, session, **details))
    return entries


def _begin(openings: Sequence[Opening]) -> list[tuple[Opening, ListenSession]]:
    """Record those openings that nothing is against, with four queries for all together, and
    refuse the others."""
    # Read within the transaction, because a tap may have been asked to stop a moment ago.
    taps = Tap.objects.select_related("call").in_bulk({one.tap_id for one in openings})
    users = {one.user.pk for one in openings}
    heard = _legs_heard(users)
    given = reasons.newest(users, {tap.call_id for tap in taps.values()})
    begun = []
    for one in openings:
        try:
            tap = _open_tap(one, taps)
            legs = [*heard[one.user.pk], (tap.call_id, tap.pk)]
            if _count_calls(legs) > MAX_PER_USER:
                raise TooMany(f"you already hear {MAX_PER_USER} calls")
        except (NoSuchTap, NotOpen, TooMany) as refusal:
            one.refusal = refusal
        else:
            heard[one.user.pk] = legs
            why = given.get((one.user.pk, tap.call_id), "")
            begun.append((one, _session(one, tap, why)))
    ListenSession.objects.bulk_create([session for _, session in begun])
    return begun


def _open_tap(opening: Opening, taps: Mapping[uuid.UUID, Tap]) -> Tap:
    """Return the tap that is asked for. Raises NoSuchTap, and NotOpen if it takes no listener."""
    if opening.tap_id not in taps:
        raise NoSuchTap
    tap = taps[opening.tap_id]
    _check_open(opening.user, tap)
    return tap


def _session(opening: Opening, tap: Tap, reason: str) -> ListenSession:
    """Return the row of a session that begins."""
    return ListenSession(
        tap=tap,
        agent=tap.agent,
        user=opening.user,
        username=opening.user.get_username(),
        reason=reason,
        address=opening.client.address[:45],
        user_agent=opening.client.user_agent[:200],
    )


def _legs_heard(users: Collection[int]) -> defaultdict[int, list[Leg]]:
    """Return the legs that each of some users hears now, once for each window."""
    # A user whose worker was killed reconnects at once, and the dead sessions must not count.
    alive = timezone.now() - OPEN_FOR
    sessions = ListenSession.objects.filter(user__in=users, ended_at=None, seen_at__gt=alive)
    heard: defaultdict[int, list[Leg]] = defaultdict(list)
    for user_id, call_id, tap_id in sessions.values_list("user", "tap__call__pk", "tap"):
        heard[user_id].append((call_id, tap_id))
    return heard


def _count_calls(legs: Iterable[Leg]) -> int:
    """Return how many calls are heard by one who hears these legs.

    The legs of a call that one window plays count as one; a call that two windows play counts
    twice.
    """
    per_call: dict[int, int] = {}
    for (call_id, _), windows in Counter(legs).items():
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
