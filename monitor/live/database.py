"""The ORM from a running loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")


def threaded(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same function, run in the database's thread and awaited: Channels'
    ``database_sync_to_async``, with types."""
    return cast("Callable[P, Coroutine[Any, Any, T]]", database_sync_to_async(function))
