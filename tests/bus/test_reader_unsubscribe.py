"""Handlers unsubscribe from a StreamReader at any time."""

from __future__ import annotations

import asyncio

import redis

from monitor.bus.reader import WAKE_KEPT, StreamReader
from tests.support.bus import idle_reader
from tests.support.reader import SAMPLES, Stream, Subscription, assert_reads_nothing, subscribe
from tests.support.waiting import until


async def test_an_unsubscribed_handler_gets_nothing_more_and_the_others_go_on(
    reader: StreamReader, stream: Stream
) -> None:
    leaves, stays = await subscribe(reader, stream), await subscribe(reader, stream)
    stream.add()
    await stays.has(1)
    leaves.end()
    stream.add()
    await stays.has(2)
    assert leaves.numbers == [0]


async def test_unsubscribing_twice_or_without_a_subscription_does_nothing(
    store: redis.Redis,
) -> None:
    async with idle_reader() as reader:
        never_began = Subscription(reader, Stream(store))
        never_began.end()
        never_began.end()
        assert_reads_nothing(reader)


async def test_a_thousand_subscriptions_that_ended_leave_nothing_behind(
    reader: StreamReader, store: redis.Redis
) -> None:
    streams = [Stream(store) for _ in range(10)]
    for turn in range(1000):
        subscription = await subscribe(reader, streams[turn % 10])
        subscription.end()
    assert_reads_nothing(reader)
    # Only the reader's wake stream remains, which is short and expires.
    assert store.keys() == [reader._wake_key.encode()]
    assert store.xlen(reader._wake_key) <= 101
    assert 0 < store.ttl(reader._wake_key) <= WAKE_KEPT


async def test_unsubscribing_while_another_handler_subscribes_disturbs_neither(
    reader: StreamReader, stream: Stream
) -> None:
    """The second subscriber may leave while the first still waits for Redis."""
    first = Subscription(reader, stream)
    joining = asyncio.create_task(first.begin())
    await until(lambda: stream.key in reader._cursors)
    second = await subscribe(reader, stream)
    second.end()
    await joining
    stream.add()
    await first.has(1)
    assert first.numbers == [0]
    assert second.numbers == []


async def test_a_handler_that_returns_while_an_answer_is_under_way_gets_nothing_twice(
    reader: StreamReader, stream: Stream
) -> None:
    """The answer under way may begin before the return: its older entries are left out."""
    subscription = await subscribe(reader, stream)
    for _ in range(100):
        stream.add(3)
        subscription.end()
        await subscription.begin()
        stream.add(2)
        await asyncio.sleep(0)
    await subscription.has_number(stream.count - 1)
    assert subscription.numbers == sorted(set(subscription.numbers))
    # The two entries after the last return are there, and those of the others that were in time.
    assert subscription.numbers[-2:] == [stream.count - 2, stream.count - 1]


async def test_an_answer_that_begins_before_a_return_is_cut_to_the_later_entries() -> None:
    """The same as above, but the late answer is handed over by hand and not left to chance."""
    numbers: list[int] = []
    async with idle_reader() as reader:
        entries = [(f"{n * SAMPLES}-1".encode(), [b"f", str(n).encode()]) for n in range(6)]
        reader._handlers["tap"] = [lambda item: numbers.append(int(item))]
        reader._cursors.begin("tap", b"960-1")
        reader._dispatch("tap", entries)
        assert numbers == [3, 4, 5]
        reader._dispatch("tap", entries)
        assert numbers == [3, 4, 5]
