"""Tables that refuse rows, as a database with a fault does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def refuse_rows(table: str) -> None:
    """Have the database refuse new rows of a table until ``take_rows``."""
    _execute(
        f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'full'); END"
        if connection.vendor == "sqlite"
        else f"ALTER TABLE {table} ADD CONSTRAINT full_{table} CHECK (false) NOT VALID"
    )


def take_rows(table: str) -> None:
    """Undo ``refuse_rows``."""
    _execute(
        f"DROP TRIGGER full_{table}"
        if connection.vendor == "sqlite"
        else f"ALTER TABLE {table} DROP CONSTRAINT full_{table}"
    )


@contextmanager
def refusing_rows(*tables: str) -> Iterator[None]:
    """Have the database refuse new rows of these tables in this block."""
    for table in tables:
        refuse_rows(table)
    try:
        yield
    finally:
        for table in tables:
            take_rows(table)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
