"""RedisConnection: one connection to Redis that carries whole batches.

redis-py opens it (URL, TLS, AUTH, SELECT). After that the bus reads and writes the stream
directly, because redis-py spends some 20 µs on every reply, which is more than the rest of a
Frame's way into Redis costs.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Lost

from monitor.bus.redis import new_connection
from monitor.wire import private_names

logger = logging.getLogger(__name__)

READ = 256 * 1024  # bytes asked of the socket at once


def bulk(value: bytes) -> bytes:
    """Return a bulk string in RESP."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def pack(*words: str | int) -> bytes:
    """Return a command in RESP."""
    return b"*%d\r\n" % len(words) + b"".join(bulk(str(word).encode()) for word in words)


class RedisConnection:
    """Sends a batch of commands and returns their replies, for one task at a time."""

    def __init__(self, connection: AbstractConnection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._parser = hiredis.Reader(replyError=ResponseError)

    async def call(self, packed: bytes, replies: int, *, patience: float = 0.0) -> list[Any]:
        """Write the packed commands and return their replies; an error reply is a value.

        Commands that block may take ``patience`` seconds longer than the timeout. Raises
        OSError, TimeoutError and redis-py's ConnectionError; after that the connection cannot
        be used again.
        """
        reader, writer = self._connection._reader, self._connection._writer
        if reader is None or writer is None:
            raise Lost("not connected")
        answered: list[Any] = []
        async with asyncio.timeout(self._timeout + patience):
            writer.write(packed)
            await writer.drain()
            while len(answered) < replies:
                data = await reader.read(READ)
                if not data:
                    raise Lost("Redis closed the connection")
                self._parser.feed(data)
                while (reply := self._parser.gets()) is not False:
                    answered.append(reply)
        return answered

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


class PlainRedisConnection(RedisConnection):
    """Does the same by redis-py's public methods. It is used where redis-py lacks a private
    name."""

    async def call(self, packed: bytes, replies: int, *, patience: float = 0.0) -> list[Any]:
        async with asyncio.timeout(self._timeout + patience):
            await self._connection.send_packed_command(packed, check_health=False)
            return [await self._reply() for _ in range(replies)]

    async def _reply(self) -> Any:
        try:
            return await self._connection.read_response(disable_decoding=True)
        except ResponseError as error:
            code = _CODES.get(type(error))
            return ResponseError(f"{code} {error}") if code else error


#: The codes that redis-py leaves out of the text of its own errors.
_CODES = {
    AskError: "ASK",
    ClusterDownError: "CLUSTERDOWN",
    MasterDownError: "MASTERDOWN",
    MovedError: "MOVED",
    ReadOnlyError: "READONLY",
    TryAgainError: "TRYAGAIN",
}


@functools.cache
def connection_class() -> type[RedisConnection]:
    """Return the connection that the installed redis-py allows, and log once if it is slower."""
    lacking = private_names.missing(private_names.REDIS)
    if not lacking:
        return RedisConnection
    slower = "redis-py's public methods carry the audio, which are slower. Nothing is lost"
    logger.warning("%s", private_names.warning(lacking, slower))
    return PlainRedisConnection


async def open_connection(timeout: float, node: str) -> RedisConnection:
    """Open a connection to a node as new_connection takes it, within ``timeout`` seconds.

    Raises bus.Unavailable. A connection whose opening is broken off is not used again.
    """
    async with asyncio.timeout(timeout):
        connection = await new_connection(node)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
    return connection_class()(connection, timeout)
