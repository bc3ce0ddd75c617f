"""Measures what the ledger costs those who join: ``python -m bench.joins``.

400 listeners of 20 taps come to a server at the same moment, with the ledger and without it by
turns. Each listener hears only once its join is in the ledger.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench import report, rows, state
from bench.storm import table
from bench.storm.table import Figures, Storm
from bench.testbed import Testbed
from bench.year.postgres import Postgres

STORM = Storm(taps=20, listeners=400, consoles=0, goal=2.0, watched=9.0)
TIMES = 3  # that all come, with the ledger and without it
APPLICATIONS = {"with it": "monitor.asgi:application", "without": "bench.unrecorded:application"}
COLUMNS = (
    ("server", "server", "{}"),
    ("ledger", "ledger", "{}"),
    ("entries", "entries", "{}"),
    ("heard", "hear", "{}"),
    ("heard_p50", "p50, s", "{:.2f}"),
    ("heard_last", "last, s", "{:.2f}"),
    ("joins", "joins a second", "{:.0f}"),
)


def main() -> None:
    """Have all come to each server by turns, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.joins", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    with ExitStack() as stack:
        testbed = stack.enter_context(Testbed())
        if parser.parse_args().database == "postgres":
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="earshot-joins-"))
            postgres = stack.enter_context(Postgres(Path(directory)))
            postgres.ensure("joins")
            os.environ["DATABASE_URL"] = postgres.url("joins")
        state.prepare()
        found = [
            _come(testbed, server, ledger)
            for server in rows.SERVERS
            for _ in range(TIMES)
            for ledger in APPLICATIONS
        ]
        print(report.heading(report.machine(testbed)))
        print(report.table(found, COLUMNS))


def _come(testbed: Testbed, server: str, ledger: str) -> Figures:
    """Have all listeners come to a server once."""
    from monitor.models import LedgerEntry, LedgerKind

    row = rows.named(server)
    command = [one.replace(APPLICATIONS["with it"], APPLICATIONS[ledger]) for one in row.command]
    joins = LedgerEntry.objects.filter(kind=LedgerKind.LISTEN_BEGAN)
    before = joins.count()
    figures = table.come_at_once(testbed, replace(row, command=command), STORM)
    return {
        **figures,
        "server": server,
        "ledger": ledger,
        "entries": joins.count() - before,
        "joins": figures["heard"] / figures["heard_last"],
    }


if __name__ == "__main__":
    main()
