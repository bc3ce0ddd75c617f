"""What Earshot takes away from its connections to SQLite."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper


def refuse_patterns(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Have a new connection refuse the function REGEXP.

    SQLite has none of its own; Django gives it Python's ``re``, which can need hours for one row
    and holds the interpreter meanwhile, so that no call is heard. Earshot asks for no pattern.
    """
    if connection.vendor == "sqlite":
        connection.connection.create_function("REGEXP", 2, _refused, deterministic=True)


def _refused(pattern: object, text: object) -> NoReturn:
    raise NotSupportedError("regular expressions are not matched here")
