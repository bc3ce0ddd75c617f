"""All that a database has, in whatever table, as text to search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


def rows() -> Iterator[str]:
    """Yield each row of each table, those of no model too, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            yield from _rows_of(cursor, table)


def samples() -> Iterator[str]:
    """Yield the values that PostgreSQL keeps of columns for its planner, as text."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            yield from _rows_of(cursor, "pg_stats")


def sample() -> None:
    """Have the database look at what its columns have, as it does by itself from time to time."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def forget_samples() -> None:
    """Remove what was sampled, which outlives the rows of a test."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM pg_statistic")


def files() -> Iterator[str]:
    """Yield the content of SQLite's files, where what was deleted may still be."""
    if connection.vendor == "sqlite":
        path = settings.DATABASES["default"]["NAME"]
        for one in (Path(f"{path}{end}") for end in ("", "-wal")):
            if one.exists():
                yield one.read_bytes().decode("latin-1")


def places_of(secrets: Iterable[str], texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return which secrets are in which of the texts, each with the beginning of its text."""
    listed = list(secrets)
    return {
        (one, text.partition(":")[0][:40])
        for text in texts
        for one in listed
        if one.lower() in text.lower()
    }


def _rows_of(cursor: Any, table: str) -> Iterator[str]:
    cursor.execute(f'SELECT * FROM "{table}"')
    yield from (f"{table}: {row}" for row in cursor.fetchall())
