"""Queries limits how many questions a process asks Redis at once, and how long each waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from monitor.bus import queries as queries_module
from monitor.bus.queries import Queries
from monitor.bus.redis import Unavailable
from tests.support.bus import open_queries


@pytest.fixture
async def queries() -> AsyncIterator[Queries]:
    async with open_queries() as queries:
        yield queries


async def no_answer(client: redis.asyncio.Redis) -> None:
    await asyncio.Event().wait()


async def answer(client: redis.asyncio.Redis) -> str:
    return "answer"


async def test_a_query_asked_at_once_does_not_wait_behind_200_others(
    queries: Queries,
) -> None:
    waiting = [asyncio.create_task(queries.ask(no_answer)) for _ in range(200)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert await queries.ask_at_once(answer) == "answer"
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_no_query_waits_long_for_its_turn_while_redis_is_frozen(
    queries: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "QUEUED", 0.3)
    monkeypatch.setattr(queries_module, "TIMEOUT", 0.2)
    began = time.monotonic()
    asked = [queries.ask(no_answer) for _ in range(200)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - began < 2
    assert all(isinstance(one, TimeoutError) for one in outcomes)


async def test_a_connection_that_closes_meanwhile_is_a_redis_that_is_away(queries: Queries) -> None:
    async def closed(client: redis.asyncio.Redis) -> None:
        writer: Any = None
        writer.writelines([])

    with pytest.raises(Unavailable, match="the connection was closed meanwhile"):
        await queries.ask(closed)


async def test_a_mistake_in_a_query_is_not_taken_for_that(queries: Queries) -> None:
    async def mistaken(client: redis.asyncio.Redis) -> None:
        client.no_such_command()  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="no_such_command"):
        await queries.ask(mistaken)
