"""The bus's readers, with connections that are closed when the test is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from monitor.bus.queries import Queries
from monitor.bus.reader import StreamReader
from monitor.bus.ring import RingReader
from monitor.telemetry.metrics import Metrics


@contextlib.asynccontextmanager
async def open_queries() -> AsyncIterator[Queries]:
    queries = Queries()
    try:
        yield queries
    finally:
        await queries.close()


@contextlib.asynccontextmanager
async def ring_reader() -> AsyncIterator[RingReader]:
    async with open_queries() as queries:
        yield RingReader(queries)


@contextlib.asynccontextmanager
async def idle_reader() -> AsyncIterator[StreamReader]:
    """A StreamReader whose read loop does not run."""
    async with open_queries() as queries:
        yield StreamReader(queries, Metrics())


@contextlib.asynccontextmanager
async def running_reader() -> AsyncIterator[StreamReader]:
    """A StreamReader whose read loop runs, and ends when it is cancelled."""
    async with idle_reader() as reader:
        task = asyncio.create_task(reader.run())
        try:
            yield reader
        finally:
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done, "the cancellation got lost"
