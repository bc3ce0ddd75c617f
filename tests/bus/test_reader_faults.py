"""A StreamReader goes on when Redis, a key or a handler fails."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid

import pytest
import redis
from pytest_django import Settings

from monitor.bus import reader as reader_module
from monitor.bus.reader import StreamReader
from monitor.bus.redis import TIMEOUT, Unavailable
from monitor.bus.ring import RingReader
from tests.support import environment
from tests.support.bus import idle_reader, running_reader
from tests.support.reader import (
    Stream,
    assert_reads_nothing,
    fail_to_wake,
    kill_read_connections,
    put_aside,
    subscribe,
    subscribe_to_each,
)
from tests.support.talk import Proxy
from tests.support.waiting import until

# A handler or a key fails


async def test_a_handler_that_fails_is_logged_and_disturbs_no_other(
    reader: StreamReader, store: redis.Redis, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    other = Stream(store)

    def fail(item: bytes) -> None:
        raise LookupError(item)

    before = await subscribe(reader, stream)
    await reader.subscribe(stream.key, fail)
    after = await subscribe(reader, stream)
    elsewhere = await subscribe(reader, other)
    for _ in range(3):
        stream.add()
        other.add()
        await elsewhere.has(other.count)
    await after.has(3)
    assert before.numbers == after.numbers == elsewhere.numbers == [0, 1, 2]
    assert reader.breaks == 0
    assert caplog.text.count(f"a handler of {stream.key} failed") == 3


async def test_a_key_that_is_no_stream_is_logged_once_and_stops_no_other(
    reader: StreamReader, store: redis.Redis, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    good = Stream(store)
    waits, other = await subscribe(reader, stream), await subscribe(reader, good)
    good.add()
    await other.has(1)
    store.set(stream.key, "not a stream")
    for _ in range(3):
        good.add()
        await other.has(good.count, within=2)
    assert caplog.text.count(f"{stream.key} is not a stream") == 1
    with pytest.raises(Unavailable):
        await subscribe(reader, stream)
    store.delete(stream.key)
    comes = await subscribe(reader, stream)
    stream.add()
    await waits.has(1)
    await comes.has(1)
    for one in (waits, comes, other):
        one.end()
    assert list(reader._cursors) == [reader._wake_key]
    assert other.numbers == [0, 1, 2, 3]


# A subscription fails


async def test_a_subscribed_handler_stays_when_its_second_subscription_fails(
    reader: StreamReader, store: redis.Redis, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await subscribe(reader, stream)
    await put_aside(reader, store, stream.key)
    store.delete(stream.key)
    with monkeypatch.context() as patch:
        fail_to_wake(reader, patch)
        with pytest.raises(redis.ConnectionError):
            await subscription.begin()
    stream.add()
    await subscription.has(1)
    assert subscription.numbers == [0]


async def test_subscribing_while_redis_is_away_raises_and_leaves_nothing_behind(
    settings: Settings, stream: Stream
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    async with idle_reader() as reader:
        with pytest.raises(Unavailable):
            await subscribe(reader, stream)
        assert_reads_nothing(reader)
        with pytest.raises(Unavailable):
            await RingReader(reader._queries).newest(uuid.uuid4())


async def test_a_connection_lost_during_a_subscription_leaves_nothing_behind(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with idle_reader() as reader:
        fail_to_wake(reader, monkeypatch)
        with pytest.raises(Unavailable):
            await subscribe(reader, stream)
        assert_reads_nothing(reader)


# The connection fails


async def test_a_killed_connection_loses_and_repeats_nothing(
    reader: StreamReader, store: redis.Redis
) -> None:
    streams = [Stream(store) for _ in range(5)]
    subscriptions = await subscribe_to_each(reader, streams)
    killed = 0
    for number in range(300):
        for stream in streams:
            stream.add()
        await asyncio.sleep(0.002)
        if number % 30 == 29:
            killed += kill_read_connections(store)
    for one in subscriptions:
        await one.has_number(299)
    assert killed >= 5
    assert reader.breaks >= 5
    assert all(one.numbers == list(range(300)) for one in subscriptions)


async def test_a_reader_that_is_cancelled_ends_wherever_it_is(store: redis.Redis) -> None:
    """A cancellation that got lost in the reading would keep the process alive."""
    for turn in range(100):
        stream = Stream(store)
        async with idle_reader() as reader:
            task = asyncio.create_task(reader.run())
            await subscribe(reader, stream)
            stream.add(3)
            for _ in range(turn % 10):
                await asyncio.sleep(0.0003)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=1)
            assert done, f"turn {turn}"


async def assert_asking_times_out(reader: StreamReader) -> None:
    """A query fails once the timeout has passed, and not much later."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await RingReader(reader._queries).newest(uuid.uuid4())
    assert time.monotonic() - began < TIMEOUT + 0.3


@pytest.mark.parametrize("hasty", [True, False])
async def test_a_half_open_connection_is_noticed_within_block_and_timeout_and_loses_nothing(
    stream: Stream,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hasty: bool,
) -> None:
    """Tried once with short times and once with the real ones, 1 + 2 s."""
    timeout = 0.6 if hasty else TIMEOUT
    if hasty:
        monkeypatch.setattr(reader_module, "TIMEOUT", timeout)
        monkeypatch.setattr(reader_module, "BLOCK_MS", 100)
    limit = reader_module.BLOCK_MS / 1000 + timeout
    caplog.set_level(logging.WARNING)
    async with Proxy(environment.VALKEY_PORT) as proxy:
        settings.REDIS_URL = f"redis://127.0.0.1:{proxy.port}/5"
        async with running_reader() as reader:
            subscription = await subscribe(reader, stream)
            stream.add()
            await subscription.has(1)
            proxy.hold()
            began, breaks = time.monotonic(), reader.breaks  # a busy machine may have caused some
            stream.add(10)
            await until(lambda: reader.breaks > breaks, within=limit + 0.3)
            assert time.monotonic() - began > limit * 0.6
            await assert_asking_times_out(reader)
            proxy.flow()
            stream.add()
            await subscription.has(stream.count, within=TIMEOUT + 1)
    assert subscription.numbers == stream.numbers
    assert "connection to Redis failed (read): TimeoutError" in caplog.text


async def test_a_quiet_connection_is_not_taken_for_a_broken_one(
    reader: StreamReader, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes for many BLOCKs, each of which is answered."""
    monkeypatch.setattr(reader_module, "BLOCK_MS", 20)
    subscription = await subscribe(reader, stream)
    await asyncio.sleep(0.5)
    stream.add()
    await subscription.has(1)
    assert reader.breaks == 0
