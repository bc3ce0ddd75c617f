"""Writes rows into the tables as fast as the database takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Model

Row = Sequence[Any]

#: What finds the constraints that are indexes, and how each is made again.
UNIQUE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'u' AND connamespace = 'public'::regnamespace
    AND conrelid::regclass::text LIKE 'monitor\\_%'
"""
#: What finds the other indexes.
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename LIKE 'monitor\\_%' AND indexname NOT IN
    (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))
"""
SQLITE_INDEXES = """
    SELECT name, sql FROM sqlite_master
    WHERE type = 'index' AND sql IS NOT NULL AND tbl_name LIKE 'monitor_%'
"""


class Table:
    """Takes rows of some of a model's fields. The others have their defaults.

    A row has its values as the database writes them: moments and UUIDs as texts, JSON as text.
    """

    def __init__(self, model: type[Model], fields: str) -> None:
        self.model = model
        meta = model._meta
        given = [meta.get_field(name) for name in fields.split()]
        others = [one for one in meta.concrete_fields if one not in given and not one.primary_key]
        self._columns = [one.column for one in [*given, *others]]  # type: ignore[union-attr]  # all have one
        self._constant = tuple(
            one.get_db_prep_save(one.get_default(), connection) for one in others
        )

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows, by COPY where there is COPY."""
        whole = ((*row, *self._constant) for row in rows)
        table = self.model._meta.db_table
        names = ", ".join(f'"{name}"' for name in self._columns)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in whole:
                        copy.write_row(row)
            else:
                places = ", ".join(["?"] * len(self._columns))
                cursor.cursor.connection.executemany(
                    f"INSERT INTO {table} ({names}) VALUES ({places})", whole
                )


@contextmanager
def without_indexes() -> Iterator[None]:
    """Drop the indexes, and make them again at the end, which takes less time than to keep them.

    Nor are foreign keys checked meanwhile.
    """
    again = _drop_postgres() if connection.vendor == "postgresql" else _drop_sqlite()
    yield
    with connection.cursor() as cursor:
        for statement in again:
            cursor.execute(statement)


def count_on(models: Iterable[type[Model]]) -> None:
    """Have the next rows of these models take the numbers after those that were written."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)


def _drop_postgres() -> list[str]:
    again = ["SET session_replication_role = 'origin'"]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = 'replica'")
        cursor.execute(UNIQUE)
        for table, name, made_by in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made_by}')
        cursor.execute(INDEXES)
        for name, made_by in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
            again.append(made_by)
    return again


def _drop_sqlite() -> list[str]:
    again = ["PRAGMA foreign_keys = ON"]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute(SQLITE_INDEXES)
        for name, made_by in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
            again.append(made_by)
    return again
