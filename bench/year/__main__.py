"""Makes a year of history, and measures the admin with it: see ``--help``, and
docs/benchmarks.md."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import state
from bench.testbed import Testbed
from bench.year import export, figures, pages, prune, seed
from bench.year.postgres import Postgres

NAME = "year"  # of the database


def main() -> None:
    """Fill the database if it is empty, and measure what is asked for."""
    options = _options()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(_directory(options.directory))
        url = stack.enter_context(_database(options.database, directory))
        testbed = stack.enter_context(Testbed())
        os.environ["DATABASE_URL"] = url
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # until a server needs its own core
        _prepare(options.taps)
        found = []
        until = datetime.datetime.now(datetime.UTC)
        for one in itertools.chain(
            pages.measure(options.only, until),
            export.measure(options.only),
            prune.measure(options.only, testbed),
        ):
            print(figures.lines([one])[-1], file=sys.stderr, flush=True)
            found.append(one)
        print("\n".join(figures.lines(found)))


def _prepare(taps: int) -> None:
    """Set up Django, and fill the database if it is empty."""
    state.prepare()
    from django.test.utils import setup_test_environment

    from monitor.models import Tap

    if not Tap.objects.exists():
        seed.fill(taps, datetime.datetime.now(datetime.UTC))
    setup_test_environment()  # so that a page tells what it was made of
    state.collect_static()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.year", description=__doc__)
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--taps", type=int, default=1_000_000)
    parser.add_argument("--directory", type=Path, help="where the database is kept")
    parser.add_argument("--only", default="", help="a part of the names of what is measured")
    return parser.parse_args()


@contextlib.contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="earshot-year-") as made:
        yield Path(made)


@contextlib.contextmanager
def _database(kind: str, directory: Path) -> Iterator[str]:
    """Yield the DATABASE_URL of a database in the directory, which is served meanwhile."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / NAME}.sqlite3"
        return
    directory.chmod(0o755)  # the server's user has to pass
    with Postgres(directory / "postgres") as server:
        server.ensure(NAME)
        yield server.url(NAME)


if __name__ == "__main__":
    main()
