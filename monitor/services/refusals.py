"""Writes into the ledger what people were refused, without letting them fill it.

A page that is asked for again and again, or passwords that are tried, would add an entry each time.
So each user, and all who are not signed in together, may add a few at once and one every ten
seconds after that. The next entry says how many were left out. That a call was not heard for want
of what its team demands is written once in ten minutes for each user and call.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from django.apps import apps
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from monitor.models import LedgerKind, Tap
from monitor.services import ledger
from monitor.services.listens import Client

AT_ONCE = 60  # entries
A_SECOND = 0.1  # entries, after that: 8,640 a day
AGAIN = 600  # seconds after which a refusal for what a team demands is written again
DEMANDS = 1_000  # users and calls for which that is known; of more, the oldest are forgotten
OF_DEMANDS = {"notice", "reason"}  # what a team may demand
USERS = 1_000  # whose entries are counted; of more, those who were refused longest ago start again


class Left:
    """Says which entries about one user are written, and how many were left out since the last.

    Unlike ``wire.allowance`` it does not count what is left out: however many that are, an entry
    comes every ten seconds.
    """

    def __init__(
        self, clock: Callable[[], float], at_once: int = AT_ONCE, a_second: float = A_SECOND
    ) -> None:
        self._clock = clock
        self._at_once = at_once
        self._a_second = a_second
        self._at = clock()
        self._entries = float(at_once)
        self._out = 0

    def take(self) -> int | None:
        """Return how many were left out before, or None if this one is left out, too."""
        now = self._clock()
        self._entries = min(self._at_once, self._entries + (now - self._at) * self._a_second)
        self._at = now
        if self._entries < 1:
            self._out += 1
            return None
        self._entries -= 1
        out, self._out = self._out, 0
        return out


class Refusals:
    """Writes the refusals of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of_user = lru_cache(USERS)(self._begin)
        self._of_demand = lru_cache(DEMANDS)(self._begin_demand)

    def record(self, entry: ledger.Entry) -> None:
        """Write that somebody was refused something. It stays refused if that is not possible."""
        left_out = self._of_user(entry.user_id).take()
        if left_out is None:
            return
        details = {"left_out": left_out} if left_out else {}
        ledger.append_anyway([replace(entry, details={**entry.details, **details})])

    def record_demand(self, entry: ledger.Entry) -> None:
        """Write that somebody was refused for what the team of a call demands, unless that was
        written a short while ago."""
        demand = self._of_demand(entry.user_id, entry.call_id, entry.details["why"])
        if demand.take() is not None:
            self.record(entry)

    def _begin(self, user_id: int | None) -> Left:
        return Left(self._clock)

    def _begin_demand(self, user_id: int | None, call_id: str, why: str) -> Left:
        return Left(self._clock, at_once=1, a_second=1 / AGAIN)


def of_this_process() -> Refusals:
    """Return the Refusals that MonitorConfig has made for this process."""
    config: Any = apps.get_app_config("monitor")
    return cast("Refusals", config.refusals)


def record(entry: ledger.Entry) -> None:
    """Write a refusal."""
    of_this_process().record(entry)


def sign_in(request: HttpRequest, typed: str) -> None:
    """Record that a sign-in was refused. A name that no account has may be a mistyped password, so
    it is not kept."""
    is_name = get_user_model()._default_manager.filter(username=typed).exists()
    entry = ledger.by_user(None, request, LedgerKind.SIGN_IN_REFUSED)
    record(replace(entry, username=typed if is_name else ""))


def provider_sign_in(request: HttpRequest, why: str, user: Any = None, **details: str) -> None:
    """Record that a sign-in with the identity provider was refused, with the account it is about,
    if there is one."""
    entry = ledger.by_user(None, request, LedgerKind.SIGN_IN_REFUSED, why=why, **details)
    record(replace(entry, username=user.get_username() if user else ""))


def listening(user: Any, tap_id: uuid.UUID, client: Client, why: str) -> None:
    """Record that a user was refused to listen to a tap, if there is one of this id."""
    tap = Tap.objects.select_related("call").filter(pk=tap_id).first()
    if tap is None:
        return
    entry = _by(user, client, "listen", why, call_id=tap.call.call_id, tap=tap.pk)
    if why in OF_DEMANDS:
        of_this_process().record_demand(entry)
    else:
        record(entry)


def page(request: HttpRequest, what: str, why: str, call_id: str = "") -> None:
    """Record that the user of a request was refused a page, or an order."""
    record(ledger.by_request(request, LedgerKind.REFUSED, call_id, what=what, why=why))


def live_list(user: Any, client: Client) -> None:
    """Record that a user was refused the live list."""
    record(_by(user, client, "live list", "permission"))


def _by(user: Any, client: Client, what: str, why: str, **fields: Any) -> ledger.Entry:
    return ledger.Entry(
        LedgerKind.REFUSED,
        user_id=user.pk,
        username=user.get_username(),
        address=client.address,
        user_agent=client.user_agent,
        details={"what": what, "why": why},
        **fields,
    )
