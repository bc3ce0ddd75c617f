"""The listening ledger: each process appends what its users hear, read and do to a chain.

A chain per process lets processes write without waiting for each other. A chain begins with an
entry that has the tips of all other chains, and each process that writes repeats them every ten
minutes: so an entry is missed even if its chain was cut off behind it, or removed as a whole.
``monitor.services.ledger_check`` finds what is wrong with a ledger.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, cast

from django.apps import apps
from django.db import Error, connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from monitor.models import LedgerEntry, LedgerKind
from monitor.services.acting import acting
from monitor.services.ledger_chain import FIELDS, Tip, key, mac_of
from monitor.telemetry.metrics import Counter

logger = logging.getLogger(__name__)

TIPS = 100  # chains, the newest ones, whose tips are repeated

_covered = attrgetter(*FIELDS)


class NotWritten(Exception):
    """The ledger took no entry, so what it would have told of must not happen."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody does, as it is to be written. Texts are cut to the room of their columns."""

    kind: LedgerKind
    user_id: int | None = None
    username: str = ""
    call_id: str = ""
    tap: uuid.UUID | None = None
    listen: int | None = None
    address: str = ""
    user_agent: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def about(self, kind: LedgerKind, call_id: str = "", **details: Any) -> Entry:
        """Return an entry about something else that the same person does."""
        return replace(self, kind=kind, call_id=call_id, details=details)

    def row(self) -> LedgerEntry:
        """Return the entry as a row that has no place in a chain yet."""
        return LedgerEntry(
            at=timezone.now(),
            kind=str(self.kind),
            user_id=self.user_id,
            username=_fitting(self.username, 150),
            call_id=_fitting(self.call_id, 255),
            tap=self.tap,
            listen=self.listen,
            address=_fitting(self.address, 45),
            user_agent=_fitting(self.user_agent, 200),
            details=json.dumps(self.details, sort_keys=True) if self.details else "",
        )


Work = Callable[[], Sequence[Entry]]


class Ledger:
    """Appends to the chain of one process. Its threads take turns."""

    def __init__(self, written: Counter) -> None:
        self._written = written
        self._lock = threading.Lock()
        self._tip: Tip | None = None  # None until the chain begins
        self._published: Tip | None = None
        self._pid = 0  # of the process that began the chain: a fork must begin one of its own
        self._of_thread = threading.local()

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries in one transaction of their own, and return once they are durable.

        Raises NotWritten; then none of them is to be relied on.
        """
        self.append_with(lambda: entries)

    def append_with(self, work: Work) -> int:
        """Do some work in the database, and write the entries that it returns, in one transaction:
        neither is there without the other. Return how many entries that were.

        Raises NotWritten; then nothing is to be relied on.
        """
        with self._lock:
            # A failure leaves no tip: whether the database took the entries is then unknown, and
            # the next ones begin a new chain.
            tip, self._tip = self._tip, None
            try:
                with transaction.atomic(durable=True):
                    entries = work()
                    tip = self._write(tip if self._pid == os.getpid() else None, entries)
            except Error as error:
                raise NotWritten("the ledger could not be written") from error
            self._tip, self._pid = tip, os.getpid()
        return len(entries)

    def append_within(self, entries: Sequence[Entry]) -> None:
        """Write entries as part of the transaction that is open, which may roll them back; if none
        is open, as ``append`` does.

        They are of a chain that only this thread writes, because others would have to wait for the
        end of the transaction. Raises NotWritten; the transaction must then be rolled back.
        """
        if not connection.in_atomic_block:
            self.append(entries)
            return
        chain, pid = getattr(self._of_thread, "chain", ("", 0))
        try:
            # The database knows what of it was rolled back.
            tip = _tip_of(chain) if pid == os.getpid() else None
            tip = self._write(tip, entries)
        except Error as error:
            raise NotWritten("the ledger could not be written") from error
        self._of_thread.chain = (tip.chain if tip else "", os.getpid())

    def publish(self) -> None:
        """Write the tips of all chains, and log this chain's, if it has grown since the last time.

        Raises NotWritten.
        """
        if self._tip in (None, self._published):
            return
        self.append([_tips_entry()])
        tip = self._published = self._tip
        logger.info("the ledger's chain %s has %d entries, mac %s", *tip)

    def _write(self, tip: Tip | None, entries: Sequence[Entry]) -> Tip | None:
        """Write entries after a tip, or as a new chain; return the new tip."""
        if not entries:
            return tip
        if tip is None:
            tip = Tip(secrets.token_hex(6))
            entries = [_tips_entry(), *entries]
        secret, rows = key(), [entry.row() for entry in entries]
        for row in rows:
            row.chain, row.number = tip.chain, tip.number + 1
            row.mac = mac_of(secret, tip.mac, _covered(row))
            tip = Tip(row.chain, row.number, row.mac)
        LedgerEntry.objects.bulk_create(rows)
        self._written.add(len(rows))
        return tip


def this_ledger() -> Ledger:
    """Return the Ledger that MonitorConfig has made for this process."""
    config: Any = apps.get_app_config("monitor")
    return cast("Ledger", config.ledger)


def append(entries: Sequence[Entry]) -> None:
    """Write entries into the ledger of this process. Raises NotWritten."""
    this_ledger().append(entries)


def append_with(work: Work) -> int:
    """Do some work in the transaction in which its entries are written. Raises NotWritten."""
    return this_ledger().append_with(work)


def append_anyway(entries: Sequence[Entry]) -> None:
    """Write entries about what must happen even if that fails: it protects callers, or is a
    refusal or an end."""
    try:
        append(entries)
    except NotWritten:
        kinds = ", ".join(str(entry.kind) for entry in entries)
        logger.exception("the ledger lacks what was done: %s", kinds)


def append_within(entries: Sequence[Entry]) -> None:
    """Write entries as part of the transaction that is open, if one is. Raises NotWritten."""
    this_ledger().append_within(entries)


def by_request(request: HttpRequest, kind: LedgerKind, call_id: str = "", **details: Any) -> Entry:
    """Return the entry about what the user of a request asks for."""
    return by_user(request.user, request, kind, call_id, **details)


def by_user(
    user: Any, request: HttpRequest, kind: LedgerKind, call_id: str = "", **details: Any
) -> Entry:
    """Return the entry about what a user does with a request; None is somebody unknown."""
    return Entry(
        kind,
        user_id=user and user.pk,
        username=user.get_username() if user else "",
        call_id=call_id,
        address=request.META.get("REMOTE_ADDR") or "",
        user_agent=request.headers.get("User-Agent", ""),
        details=details,
    )


def by_whoever_acts(kind: LedgerKind, **details: Any) -> Entry:
    """Return the entry about what is done for the request that is served, if one is."""
    request = acting.get()
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return Entry(kind, details=details)
    return by_request(request, kind, **details)


def tips() -> list[Tip]:
    """Return the tips of the chains that were written last, the newest first."""
    return [Tip(row.chain, row.number, row.mac) for row in newest_entries()]


def newest_entries() -> list[LedgerEntry]:
    """Return the newest entry of each of the chains that were written last, the newest first.

    Those that the newest entry with tips has are taken from there, because to ask every entry for
    its chain would take long.
    """
    known = _newest_with_tips()
    chains = {tip.chain for tip in tips_in(known.details)} if known else set()
    since = known.pk if known else 0
    newer = LedgerEntry.objects.filter(pk__gte=since).order_by()
    chains |= set(newer.values_list("chain", flat=True).distinct())
    newest = [
        LedgerEntry.objects.filter(chain=chain).order_by("-number").first() for chain in chains
    ]
    return sorted((row for row in newest if row), key=attrgetter("pk"), reverse=True)[:TIPS]


def published_tips() -> list[Tip]:
    """Return the tips that were published last."""
    known = _newest_with_tips()
    return tips_in(known.details) if known else []


def _newest_with_tips() -> LedgerEntry | None:
    return LedgerEntry.objects.filter(kind=LedgerKind.TIPS).order_by("-pk").first()


def _tip_of(chain: str) -> Tip | None:
    row = LedgerEntry.objects.filter(chain=chain).order_by("-number").first()
    return Tip(row.chain, row.number, row.mac) if row else None


def tips_in(details: str) -> list[Tip]:
    """Return the tips that an entry of the kind TIPS has."""
    return [Tip(*one) for one in json.loads(details)["tips"]]


def _fitting(text: str, size: int) -> str:
    """Return a client's text as a column takes it: PostgreSQL refuses the character NUL."""
    return text.replace("\0", "")[:size]


def _tips_entry() -> Entry:
    return Entry(LedgerKind.TIPS, details={"tips": tips()})
