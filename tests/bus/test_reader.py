"""A StreamReader hands each entry of a stream once to every subscriber."""

from __future__ import annotations

import asyncio
import time

import pytest
import redis
from pytest_django import Settings

from monitor.bus.reader import ANSWER, BLOCK_MS, StreamReader
from monitor.bus.timing import frames_in
from monitor.fanout.mailbox import Mailbox
from monitor.limits import Limits
from tests.support.bus import running_reader
from tests.support.reader import (
    SAMPLES,
    Stream,
    Subscription,
    is_blocked,
    subscribe,
    subscribe_to_each,
)
from tests.support.waiting import until


async def test_a_handler_that_is_subscribed_twice_is_called_once_per_entry(
    reader: StreamReader, stream: Stream
) -> None:
    subscription = Subscription(reader, stream)
    for _ in range(2):
        await subscription.begin()
    stream.add()
    await subscription.has(1)
    subscription.end()
    assert reader.subscriptions == 0
    assert subscription.numbers == [0]


async def test_a_new_subscriber_gets_only_later_entries(
    reader: StreamReader, stream: Stream
) -> None:
    stream.add(10)
    subscription = Subscription(reader, stream)
    assert await subscription.begin() == stream.last
    stream.add(5)
    await subscription.has(5)
    assert subscription.numbers == [10, 11, 12, 13, 14]


async def test_a_stream_that_does_not_exist_yet_is_read_from_its_first_entry(
    reader: StreamReader, stream: Stream
) -> None:
    subscription = Subscription(reader, stream)
    assert await subscription.begin() == 0
    stream.add(3)
    await subscription.has(3)
    assert subscription.numbers == [0, 1, 2]


async def test_two_subscribers_share_one_cursor_and_both_get_every_entry(
    reader: StreamReader, stream: Stream
) -> None:
    first = await subscribe(reader, stream)
    stream.add(10)
    await first.has(10)
    second = Subscription(reader, stream)
    assert await second.begin() == stream.last
    stream.add(10)
    await first.has(20)
    await second.has(10)
    assert list(reader._cursors) == [reader._wake_key, stream.key]
    assert first.numbers == list(range(20))
    assert second.numbers == list(range(10, 20))


async def test_subscribers_that_join_together_all_get_every_entry(
    reader: StreamReader, stream: Stream
) -> None:
    many = await asyncio.gather(*(subscribe(reader, stream) for _ in range(50)))
    stream.add(20)
    for one in many:
        await one.has(20)
    assert all(one.numbers == stream.numbers for one in many)


async def test_a_subscription_begins_at_the_position_it_returned_while_entries_are_added(
    reader: StreamReader, stream: Stream
) -> None:
    """No entry after that position is lost or repeated."""
    for _ in range(50):
        subscription = Subscription(reader, stream)
        joining = asyncio.create_task(subscription.begin())
        for _ in range(4):
            stream.add()
            await asyncio.sleep(0)
        position = await joining
        stream.add()
        await subscription.has_number(stream.count - 1)
        # The stream of the first turn may not have existed when the position was asked for.
        first = position // SAMPLES + 1 if position or stream.count > 5 else 0
        assert subscription.numbers == stream.numbers[first:]
        subscription.end()


@pytest.mark.alone
async def test_a_new_subscription_does_not_wait_for_the_read_that_blocks(
    reader: StreamReader, store: redis.Redis, stream: Stream
) -> None:
    await subscribe(reader, Stream(store))  # no entry is added, so the read blocks
    for _ in range(5):
        await until(lambda: is_blocked(store))
        began = time.monotonic()
        subscription = await subscribe(reader, stream)
        stream.add()
        await subscription.has(1)
        assert time.monotonic() - began < 0.2 < BLOCK_MS / 1000
        subscription.end()


async def test_each_of_many_streams_is_received_in_order(
    reader: StreamReader, store: redis.Redis
) -> None:
    streams = [Stream(store) for _ in range(100)]
    subscriptions = await subscribe_to_each(reader, streams)
    for _ in range(20):
        for stream in streams:
            stream.add()
        await asyncio.sleep(0)
    for one in subscriptions:
        await one.has(20)
    assert all(one.numbers == list(range(20)) for one in subscriptions)


async def test_more_entries_than_one_answer_holds_are_all_received(
    reader: StreamReader, stream: Stream
) -> None:
    subscription = await subscribe(reader, stream)
    stream.add(5 * frames_in(ANSWER) + 3)
    await subscription.has(stream.count)
    assert subscription.numbers == stream.numbers


@pytest.mark.parametrize("chunk_ms", [20, 60, 500])
async def test_a_mailbox_that_is_emptied_at_once_loses_nothing_of_a_burst(
    store: redis.Redis, stream: Stream, settings: Settings, chunk_ms: int
) -> None:
    """A minute of audio comes at once when a sender catches up, or the reader was away."""
    settings.CHUNK_MS = chunk_ms
    mailbox = Mailbox(frames_in(Limits().mailbox))
    taken: list[int] = []

    async def empty_mailbox() -> None:
        while True:
            await mailbox.wake.wait()
            taken.extend(int(one) for one in mailbox.take())

    async with running_reader() as reader:
        await reader.subscribe(stream.key, mailbox.put)
        emptying = asyncio.create_task(empty_mailbox())
        stream.add(60_000 // chunk_ms)
        await until(lambda: taken and taken[-1] == stream.count - 1)
        emptying.cancel()
    assert mailbox.dropped == 0
    assert taken == stream.numbers


async def test_what_handlers_send_is_written_after_all_handlers_were_called(
    reader: StreamReader, store: redis.Redis
) -> None:
    """Two streams that grow in one transaction are in one answer."""
    calls: list[str] = []
    streams = [Stream(store), Stream(store)]

    def handle(data: bytes) -> None:
        calls.append("handled")
        reader.outbox.write([lambda data: calls.append("written")], data)

    for stream in streams:
        await reader.subscribe(stream.key, handle)
    with store.pipeline(transaction=True) as pipeline:
        for stream in streams:
            pipeline.xadd(stream.key, {"f": "0"}, id="480-1")
        pipeline.execute()
    await until(lambda: len(calls) == 4)
    assert calls == ["handled", "handled", "written", "written"]
