"""Frees the place of what was deleted or changed, for commands after which it must be gone."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import connection


def overwrite() -> None:
    """Have SQLite write its file anew: what was deleted is still in free pages and in the log.

    PostgreSQL frees the place of dead rows, too, but does not overwrite it at once. The frequent
    values that it keeps of each column for its planner are taken anew.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (is_busy, *_) = cursor.fetchone()
            if is_busy:
                raise CommandError("other processes read the database: run this once more")
        else:
            cursor.execute("VACUUM (ANALYZE)")
