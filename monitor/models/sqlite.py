"""Disables what Earshot does not use of SQLite."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper


def refuse_patterns(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Make a new connection refuse the function REGEXP, which Earshot does not use.

    SQLite has no such function, so Django supplies Python's ``re``. A pattern can keep it busy
    for hours on one row, and it blocks the interpreter meanwhile, so that no call is heard.
    """
    if connection.vendor == "sqlite":
        connection.connection.create_function("REGEXP", 2, _refused, deterministic=True)


def _refused(pattern: object, text: object) -> NoReturn:
    raise NotSupportedError("Earshot does not match regular expressions on SQLite")
