"""Link: one connection to Redis that carries whole batches.

redis-py opens it (URL, TLS, AUTH, SELECT); after that the two hot loops write
and read the socket themselves, for redis-py spends some 20 µs on every single
reply, which is more than all the rest of a Frame's way into Redis.
"""

from __future__ import annotations

import asyncio
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import ResponseError

READ = 256 * 1024  # bytes asked of the socket at once


def bulk(value: bytes) -> bytes:
    """A bulk string as RESP."""
    return b"$%d\r\n%b\r\n" % (len(value), value)


def pack(*words: str | int) -> bytes:
    """A command as RESP."""
    return b"*%d\r\n" % len(words) + b"".join(bulk(str(word).encode()) for word in words)


class Link:
    """Send a batch, get its replies. Not for two tasks at once."""

    def __init__(self, connection: AbstractConnection, timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._parser = hiredis.Reader(replyError=ResponseError)

    async def open(self) -> None:
        """Connect. Raises redis-py's errors, OSError and TimeoutError."""
        async with asyncio.timeout(self._timeout):
            await self._connection.connect()  # type: ignore[no-untyped-call]

    async def call(self, packed: bytes, replies: int, *, patience: float = 0.0) -> list[Any]:
        """Write ``packed`` and read so many replies; an error reply is a value.

        Waits ``patience`` seconds longer than the timeout, for commands that
        block. Raises OSError, TimeoutError and redis-py's ConnectionError; the
        link is of no use after that.
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
