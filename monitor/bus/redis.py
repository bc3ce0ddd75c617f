"""Redis: the servers that REDIS_URL names, clients for them, and the errors that they raise."""

from __future__ import annotations

import asyncio
import functools
from typing import Any, cast

import redis
import redis.asyncio
import redis.asyncio.cluster
import redis.asyncio.sentinel
import redis.cluster
import redis.sentinel
from django.conf import settings
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry

from monitor.bus.keys import HEALTH_KEPT, health_keys
from monitor.wire.redis_address import RedisAddress

TIMEOUT = 2.0  # seconds without an answer before a connection counts as broken
#: Seconds for which one Sentinel, or one node of a cluster, is waited for when it is asked where
#: what is. Several may be away before one answers.
DISCOVERY_TIMEOUT = 0.5

#: The errors of a Redis that is away, frozen or restarting.
Unavailable = (RedisError, RedisClusterException, OSError, TimeoutError, asyncio.TimeoutError)
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


def redis_address() -> RedisAddress:
    """Return where Redis is. Raises NotConfigured."""
    return _address_of(redis_url())


_address_of = functools.cache(RedisAddress.parse)


def describe(error: BaseException) -> str:
    """Return what an error says, or its name: TimeoutError says nothing."""
    return str(error) or type(error).__name__


def new_client() -> redis.Redis:
    """Return a client with a connection of its own: a pooled one may be broken already."""
    return _new_client(redis_address())


def find_trouble() -> str:
    """Return why Redis cannot be used now, or "".

    It tries writes, at each node that has anything: a Redis that has no memory left, cannot save
    or is a replica answers PING and still accepts no audio.
    """
    try:
        with new_client() as probe, probe.pipeline(transaction=False) as writes:
            for key in health_keys():
                writes.set(key, "1", ex=HEALTH_KEPT)
            answers = writes.execute(raise_on_error=False)
        # If redis-py raised the error itself, the error's text would quote the command.
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
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
    return _new_client(_address_of(url))


def new_async_client() -> redis.asyncio.Redis:
    """Return a new asynchronous client. ``close_client`` closes it, and the caller limits the
    time of its calls.

    A ``socket_timeout`` would put redis-py's writes into ``asyncio.wait_for``, which
    on Python 3.11 swallows one cancellation in forty; ``asyncio.timeout`` does not.
    """
    address = redis_address()
    if address.kind == "server":
        return redis.asyncio.Redis.from_url(address.url, socket_timeout=None, **_OPTIONS)
    if address.kind == "cluster":
        # It has the same commands. As below, another node can be asked within TIMEOUT.
        return cast("redis.asyncio.Redis", new_async_cluster(address, TIMEOUT / 2))
    sentinel: Any = _new_async_sentinel(address)
    options = _options(address) | {"socket_timeout": None}
    master = sentinel.master_for(address.master, **options)
    return cast("redis.asyncio.Redis", master)


async def close_client(client: redis.asyncio.Redis) -> None:
    """Close a client's connections, those to Sentinels too."""
    await client.aclose()
    pool = getattr(client, "connection_pool", None)  # a cluster's client has none
    if isinstance(pool, redis.asyncio.sentinel.SentinelConnectionPool):
        await pool.sentinel_manager.aclose()


def new_async_cluster(address: RedisAddress, timeout: float) -> redis.asyncio.cluster.RedisCluster:
    """Return a new client of a cluster, which is given so many seconds for each answer."""
    nodes = [redis.asyncio.cluster.ClusterNode(*host) for host in address.hosts]
    options = _options(address) | {"socket_timeout": timeout, "retry": Retry(NoBackoff(), 1)}
    return redis.asyncio.cluster.RedisCluster(
        startup_nodes=nodes, require_full_coverage=False, **options
    )


async def new_connection(node: str) -> AbstractConnection:
    """Return a new, unconnected connection to a node of a cluster, ``host:port``. Where there is
    none, ``node`` is empty, and the connection is to the server that takes writes now.

    The caller limits the time of this and of the connection's calls. Raises Unavailable.
    """
    address = redis_address()
    if node:
        host, _, port = node.rpartition(":")
        return _connection(address.url, host=host, port=int(port))
    if address.kind == "server":
        return _connection(address.url)
    async with _new_async_sentinel(address) as sentinel:
        host, port = await sentinel.discover_master(address.master)
    return _connection(address.url, host=host, port=port)


def _connection(url: str, **host: str | int) -> AbstractConnection:
    pool = redis.asyncio.ConnectionPool.from_url(url, socket_timeout=None, **_OPTIONS, **host)
    return cast("AbstractConnection", pool.make_connection())  # type: ignore[no-untyped-call]


def _new_client(address: RedisAddress) -> redis.Redis:
    if address.kind == "server":
        return redis.Redis.from_url(address.url, socket_timeout=TIMEOUT, **_OPTIONS)
    if address.kind == "cluster":
        return cast("redis.Redis", _new_cluster(address))  # the same commands
    sentinel: Any = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        address.hosts, sentinel_kwargs=_sentinel_options(address)
    )
    options = _options(address) | {"socket_timeout": TIMEOUT}
    master = sentinel.master_for(address.master, **options)
    return cast("redis.Redis", master)


def _new_cluster(address: RedisAddress) -> redis.cluster.RedisCluster:
    make: Any = redis.cluster.ClusterNode
    nodes = [make(*host) for host in address.hosts]
    # Within TIMEOUT, another node can be asked for what one does not answer.
    options = _options(address) | {"socket_timeout": TIMEOUT / 2, "retry": Retry(NoBackoff(), 1)}
    return redis.cluster.RedisCluster(startup_nodes=nodes, require_full_coverage=False, **options)


def _new_async_sentinel(address: RedisAddress) -> redis.asyncio.sentinel.Sentinel:
    return redis.asyncio.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        address.hosts, sentinel_kwargs=_sentinel_options(address)
    )


def _options(address: RedisAddress) -> dict[str, Any]:
    """Return the options of a URL without a host, as redis-py's other clients take them."""
    options: dict[str, Any] = parse_url(address.url)  # type: ignore[no-untyped-call]
    encrypted = options.pop("connection_class", None) is not None
    return {**options, **_OPTIONS, "ssl": encrypted}


def _sentinel_options(address: RedisAddress) -> dict[str, Any]:
    """Return the options of connections to Sentinels, which need neither password nor database."""
    options = _options(address)
    for name in ("username", "password", "db"):
        options.pop(name, None)
    brief = {"socket_timeout": DISCOVERY_TIMEOUT, "socket_connect_timeout": DISCOVERY_TIMEOUT}
    return {**options, **brief, "retry": Retry(NoBackoff(), 0)}
