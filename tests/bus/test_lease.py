"""A lease has one holder at a time, and passes on when it is released or not renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from monitor.bus.lease import KEPT, Lease
from monitor.bus.queries import Queries
from tests.support.bus import open_queries

KEY = "right"


@pytest.fixture
async def queries(store: redis.Redis) -> AsyncIterator[Queries]:
    async with open_queries() as queries:
        yield queries


@pytest.fixture
def lease(queries: Queries) -> Lease:
    return Lease(queries, KEY)


@pytest.fixture
def other(queries: Queries) -> Lease:
    return Lease(queries, KEY)


async def test_only_one_holds_it(lease: Lease, other: Lease) -> None:
    assert await lease.hold()
    assert not await other.hold()
    assert await lease.hold()


async def test_holding_it_renews_it(lease: Lease, store: redis.Redis) -> None:
    await lease.hold()
    store.pexpire(KEY, 100)
    await lease.hold()
    assert KEPT - 1 < store.pttl(KEY) / 1000 <= KEPT


async def test_it_passes_on_when_it_is_not_renewed(
    lease: Lease, other: Lease, store: redis.Redis
) -> None:
    await lease.hold()
    store.delete(KEY)  # as when its time is up
    assert await other.hold()
    assert not await lease.hold()
    assert await other.hold()


async def test_it_passes_on_when_its_process_stops_before_it_has_the_answer(
    lease: Lease, store: redis.Redis
) -> None:
    await lease.hold()
    await lease.release()  # with a connection, a question is sent at once
    asking = asyncio.create_task(lease.hold())
    while not store.exists(KEY):
        await asyncio.sleep(0)
    asking.cancel()  # the answer is there, and not read
    with pytest.raises(asyncio.CancelledError):
        await asking
    await lease.release()
    assert not store.exists(KEY)


async def test_it_passes_on_when_it_is_released(lease: Lease, other: Lease) -> None:
    await lease.hold()
    await lease.release()
    assert await other.hold()


async def test_releasing_what_another_has_taken_does_nothing(
    lease: Lease, other: Lease, store: redis.Redis
) -> None:
    await lease.hold()
    store.delete(KEY)
    await other.hold()
    await lease.release()
    assert await other.hold()


async def test_releasing_what_was_never_held_does_nothing(lease: Lease, other: Lease) -> None:
    await other.hold()
    await lease.release()
    assert not await lease.hold()


async def test_anybody_can_see_whether_it_is_held(lease: Lease, other: Lease) -> None:
    assert not await other.is_held()
    await lease.hold()
    assert await other.is_held()
