"""The listening ledger, written and tampered with."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from channels.db import database_sync_to_async
from django.db import connection

from monitor import migrations
from monitor.models import LedgerEntry, LedgerKind
from monitor.services.ledger import Entry, Ledger
from monitor.services.ledger_chain import Tip, key
from monitor.services.ledger_check import LedgerCheck
from monitor.telemetry.metrics import Counter
from tests.support.refusing import refuse_rows, take_rows

TABLE = "monitor_ledgerentry"
(_file,) = Path(str(migrations.__path__[0])).glob("*_ledger.py")
_migration: Any = importlib.import_module(f"monitor.migrations.{_file.stem}")


def protect() -> None:
    """Put up the triggers by which the database refuses changes."""
    _execute(_migration.PROTECT[connection.vendor])


def unprotect() -> None:
    """Drop the triggers: no test could clear its tables."""
    _execute(_migration.UNPROTECT[connection.vendor])


def tamper(sql: str, *values: Any) -> None:
    """Change the table behind the ORM's back, as somebody with the database's password could."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def new_ledger() -> Ledger:
    """Return a ledger as another process has it, with a chain of its own."""
    return Ledger(Counter("ledger_entries", ""))


def entry(number: int = 0, **fields: Any) -> Entry:
    return Entry(LedgerKind.LISTEN_BEGAN, username=f"user-{number}", **fields)


def written(count: int, ledger: Ledger | None = None) -> Tip:
    """Write so many entries, each by itself, after the one that every chain begins with."""
    ledger = ledger or new_ledger()
    for number in range(count):
        ledger.append([entry(number)])
    return tip_of(ledger)


def tip_of(ledger: Ledger) -> Tip:
    assert ledger._tip is not None
    return ledger._tip


def faults(*tips: Tip) -> dict[str, str]:
    """Return the fault of each chain that has one."""
    checked = LedgerCheck([key()], tips).run()
    return {one.tip.chain: one.fault for one in checked if one.fault}


def _execute(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def entries(kind: LedgerKind) -> list[LedgerEntry]:
    """Return the entries of a kind, oldest first."""
    return list(LedgerEntry.objects.filter(kind=kind).order_by("pk"))


def take_no_entries() -> None:
    """Have the database refuse new entries until ``take_entries``."""
    refuse_rows(TABLE)


def take_entries() -> None:
    """Undo ``take_no_entries``."""
    take_rows(TABLE)


@asynccontextmanager
async def no_entries() -> AsyncIterator[None]:
    """Have the database refuse new entries in this block. Nobody can sign in there."""
    await database_sync_to_async(take_no_entries)()
    try:
        yield
    finally:
        await database_sync_to_async(take_entries)()
