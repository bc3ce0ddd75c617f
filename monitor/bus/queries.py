"""Queries: what a process asks Redis outside its read loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio

from monitor.bus.redis import TIMEOUT, close_client, new_async_client

T = TypeVar("T")

CONCURRENT = 8  # queries that run at the same time
#: Seconds for which a query may wait for one of those places. With 200 others before it, it waits
#: 0.3 s. If it waits this long, Redis is away.
QUEUED = 5.0


class Queries:
    """Runs the queries of a process, a few at a time.

    A rush of 200 listeners must not open 200 connections, whose handshakes alone would take
    as long as TIMEOUT.
    """

    def __init__(self) -> None:
        self._client = new_async_client()
        self._places = asyncio.Semaphore(CONCURRENT)

    async def ask(self, query: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
        """Wait for a place, then run ``query`` and give Redis TIMEOUT to answer.

        Raises bus.Unavailable.
        """
        async with asyncio.timeout(QUEUED):
            await self._places.acquire()
        try:
            return await self.ask_at_once(query)
        finally:
            self._places.release()

    async def ask_at_once(self, query: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
        """Run ``query`` without waiting for a place, for which 200 listeners may be waiting.

        Raises bus.Unavailable.
        """
        try:
            async with asyncio.timeout(TIMEOUT):
                return await query(self._client)
        except (AttributeError, TypeError) as error:
            # What redis-py 8.1 raises when it writes to a connection that has just been closed:
            # https://github.com/redis/redis-py/issues/4287
            if "'NoneType' object" not in str(error):
                raise
            raise ConnectionError("the connection was closed meanwhile") from error

    async def close(self) -> None:
        """Close the connections."""
        await close_client(self._client)
