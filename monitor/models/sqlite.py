"""Adapts SQLite: what Earshot does not use of it is off, and requests leave no connection open."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import NotSupportedError, connections
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


def close_after_request(**kwargs: Any) -> None:
    """Close the connection of the thread in which a request was answered, as that thread ends.

    Connections have no age, so that the thread in which all sockets read and write keeps its own:
    a listener's join enters that thread six times, and each time a new connection would take as
    long as several queries.
    """
    for connection in connections.all(initialized_only=True):
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            connection.close()
