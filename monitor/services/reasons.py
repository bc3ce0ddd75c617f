"""Reasons: a user says why they listen to a call, before they hear it where its team demands that.

A reason is personal text, and is in no log line. It is also written into the listening ledger,
from which nothing is erased, so numbers and addresses in it are masked before it is stored.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from django.db.models import Max
from django.utils import timezone

from monitor.models import ListenReason
from monitor.services import permissions
from monitor.services.calls import NoSuchCall
from monitor.services.erasure import SHORTEST as DIGITS
from monitor.wire.masking import masked

SHORTEST, LONGEST = 3, 200  # characters
OFFERED = 8  # of a user's recent reasons
#: A user may give this many reasons within a minute.
PER_MINUTE = 30
MINUTE = datetime.timedelta(minutes=1)


class TooShort(Exception):
    """The reason has too few characters to say anything."""


class TooLong(Exception):
    """The reason has more characters than are kept."""


class TooMany(Exception):
    """The user has given too many reasons within a minute."""


def give(user: Any, call_id: int, typed: str) -> None:
    """Store why a user listens to a call. Raises NoSuchCall, TooShort, TooLong and TooMany."""
    call = permissions.calls_of(user).filter(pk=call_id).first()
    if call is None:
        raise NoSuchCall
    text = _plain(typed)
    if len(text) < SHORTEST:
        raise TooShort
    if len(text) > LONGEST:
        raise TooLong
    given = ListenReason.objects.filter(user=user)
    if given.filter(at__gt=timezone.now() - MINUTE).count() >= PER_MINUTE:
        raise TooMany
    ListenReason.objects.create(call=call, user=user, text=masked(text, fewest=DIGITS)[:LONGEST])


def recent(user: Any) -> list[str]:
    """Return the reasons that a user has given lately, the newest first, each once."""
    given = ListenReason.objects.filter(user=user).values("text").annotate(last=Max("at"))
    return list(given.order_by("-last").values_list("text", flat=True)[:OFFERED])


def newest(users: Collection[int], calls: Collection[int]) -> dict[tuple[int, int], str]:
    """Return the reason that each of some users gave last for each of some calls, by both."""
    given = ListenReason.objects.filter(user__in=users, call__in=calls).order_by("pk")
    rows = given.values_list("user_id", "call_id", "text")
    return {(user_id, call_id): text for user_id, call_id, text in rows}


def _plain(typed: str) -> str:
    """Return a text on one line, with single spaces and without what cannot be printed."""
    shown = "".join(one for one in typed if one.isprintable() or one.isspace())
    return " ".join(shown.split())
