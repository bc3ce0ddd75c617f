"""The Redis server: its URL, clients for it, and the errors that it raises."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, cast

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from monitor.bus.keys import HEALTH, HEALTH_KEPT

TIMEOUT = 2.0  # seconds without an answer before a connection counts as broken

#: The errors of a Redis that is away, frozen or restarting.
Unavailable = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)
#: Those of them that Redis itself sends when it refuses a command.
_REFUSALS = (redis.ResponseError, redis.AuthenticationError, redis.BusyLoadingError)

#: A stream's entries, as redis-py returns them undecoded. Its own types are wider.
Entries = list[tuple[bytes, dict[bytes, bytes]]]


class NotConfigured(RedisError):
    """REDIS_URL is not set, and no script/server is running whose Redis could be used."""


def redis_url() -> str:
    """Return the URL of Redis. Raises NotConfigured, which says what to do."""
    if not settings.REDIS_URL:
        raise NotConfigured("no Redis: set REDIS_URL, or start script/server in this checkout")
    return str(settings.REDIS_URL)


def describe(error: BaseException) -> str:
    """Return what an error says, or its name: TimeoutError says nothing."""
    return str(error) or type(error).__name__


def new_client() -> redis.Redis:
    """Return a client with a connection of its own: a pooled one may be broken already."""
    return redis.Redis.from_url(redis_url(), socket_timeout=TIMEOUT, **_OPTIONS)


def find_trouble() -> str:
    """Return why Redis cannot be used now, or "".

    It tries a write: a Redis that has no memory left, cannot save or is a replica answers
    PING and still accepts no audio.
    """
    try:
        with new_client() as probe:
            probe.set(HEALTH, "1", ex=HEALTH_KEPT)
    except NotConfigured as error:
        return str(error)
    except _REFUSALS as error:
        return f"refuses writes: {error}"
    except Unavailable:
        return "no answer"
    return ""


#: RESP2 answers XREAD with lists, as the reader expects. Clients that are made from a URL do not
#: retry, and must not: the writer decides what is still worth sending.
_OPTIONS: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": TIMEOUT}


@functools.cache
def shared_client(url: str) -> redis.Redis:
    """Return the client that all threads of the process share."""
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT, **_OPTIONS)


def new_async_client() -> redis.asyncio.Redis:
    """Return a new asynchronous client. The caller closes it, and limits the time of its calls.

    A ``socket_timeout`` would put redis-py's writes into ``asyncio.wait_for``, which
    on Python 3.11 swallows one cancellation in forty; ``asyncio.timeout`` does not.
    """
    return redis.asyncio.Redis.from_url(redis_url(), socket_timeout=None, **_OPTIONS)


def new_connection() -> AbstractConnection:
    """Return a new, unconnected connection. The caller limits the time of its calls."""
    pool = redis.asyncio.ConnectionPool.from_url(redis_url(), socket_timeout=None, **_OPTIONS)
    return cast("AbstractConnection", pool.make_connection())  # type: ignore[no-untyped-call]
