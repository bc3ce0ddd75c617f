"""The verbs of a ListenSession: who heard which tap, from when to when."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from . import announce
from .models import ENDED, ListenSession, Tap

AT_ONCE = 8  # taps that one user may hear at the same time
SEEN_EVERY = 4  # seconds between two signs of life of a session
OPEN_FOR = datetime.timedelta(seconds=2.5 * SEEN_EVERY)  # after one; then it takes no place up
#: Before the end of a tap: a page that lost its connection tries again after 8 s at the latest.
REJOINS_WITHIN = datetime.timedelta(seconds=15)
ABANDONED_AFTER = datetime.timedelta(seconds=60)  # without one, its process is gone


class NotOpen(Exception):
    """The tap takes no new listeners; the text says why."""


class TooMany(Exception):
    """The user hears as many taps as one may."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where a listener sits."""

    address: str
    user_agent: str


class Ending(NamedTuple):
    """A session that is over."""

    session: ListenSession
    frames: int
    dropped: int
    reason: str


def start(user: Any, tap: Tap, client: Client) -> ListenSession:
    """Write that a user is about to hear a tap.

    Raises TooMany and NotOpen.
    """
    with transaction.atomic():
        _check_open(user, tap.pk)
        # Whose worker was killed comes back through another one at once.
        alive = timezone.now() - OPEN_FOR
        open_now = ListenSession.objects.filter(user=user, ended_at=None, seen_at__gt=alive)
        if open_now.count() >= AT_ONCE:
            raise TooMany(f"you already hear {AT_ONCE} taps")
        session = ListenSession.objects.create(
            tap=tap,
            user=user,
            username=user.get_username(),
            address=client.address[:45],
            user_agent=client.user_agent[:200],
        )
        announce.changed(tap.pk)
    return session


def _check_open(user: Any, tap_id: uuid.UUID) -> None:
    """Read the tap now: it may have been asked to stop a moment ago. Raises NotOpen."""
    tap = Tap.objects.get(pk=tap_id)
    if tap.stop_requested_at:
        raise NotOpen("monitoring of this call was stopped")
    if tap.state in ENDED and not _heard_its_end(user, tap):
        raise NotOpen("this call has ended")


def _heard_its_end(user: Any, tap: Tap) -> bool:
    """Did this user listen to the tap when it ended, or lose the connection just before? Only
    then is the ring, which outlives the tap by a minute, still for their ears."""
    lost_after = (tap.ended_at or timezone.now()) - REJOINS_WITHIN
    until_then = Q(ended_at=None) | Q(ended_at__gte=lost_after)
    return ListenSession.objects.filter(until_then, tap=tap, user=user).exists()


def end(endings: Iterable[Ending]) -> None:
    """Write how much was heard, and why it ended; of any number in one transaction."""
    tap_ids: set[uuid.UUID] = set()
    with transaction.atomic():
        now = timezone.now()
        for session, frames, dropped, reason in endings:
            ListenSession.objects.filter(pk=session.pk).update(
                ended_at=now, seen_at=now, frames=frames, dropped=dropped, end_reason=reason[:100]
            )
            tap_ids.add(session.tap_id)
        for tap_id in tap_ids:
            announce.changed(tap_id)


def seen(sessions: Collection[int], heard: dict[int, tuple[int, int]]) -> None:
    """Write that these sessions go on, and of some how many frames each was sent and was
    not: a killed worker writes nothing."""
    going_on = ListenSession.objects.filter(ended_at=None)
    going_on.filter(pk__in=sessions).update(seen_at=timezone.now())
    rows = [
        ListenSession(pk=pk, frames=frames, dropped=dropped)
        for pk, (frames, dropped) in heard.items()
    ]
    going_on.bulk_update(rows, ["frames", "dropped"])


def close_abandoned(now: datetime.datetime | None = None) -> int:
    """End the sessions whose process is gone, at their last sign of life."""
    now = now or timezone.now()
    abandoned = ListenSession.objects.filter(ended_at=None, seen_at__lte=now - ABANDONED_AFTER)
    tap_ids: set[uuid.UUID] = set(abandoned.values_list("tap_id", flat=True))
    closed = abandoned.update(ended_at=F("seen_at"), end_reason="the server went away")
    for tap_id in tap_ids:
        announce.changed(tap_id)
    return closed
