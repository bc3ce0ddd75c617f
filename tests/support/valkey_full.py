"""A Valkey that has no memory left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis


@contextlib.contextmanager
def full(store: redis.Redis) -> Iterator[None]:
    """No memory is left, so Redis answers every write that needs some with an error."""
    store.config_set("maxmemory", 1)
    try:
        yield
    finally:
        store.config_set("maxmemory", 0)
