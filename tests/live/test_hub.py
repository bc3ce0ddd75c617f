"""The hub: one reader of a process, and everybody here who listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis
from pytest_django import Settings

from monitor.direct import outbox
from monitor.live import bus, hub
from monitor.live.hub import Hub
from tests import environment
from tests.live.talk import Proxy


class Stream:
    """A stream of numbered entries, as a writer makes it."""

    def __init__(self, store: redis.Redis) -> None:
        self.key = f"tap:{{{uuid.uuid4()}}}:audio"
        self.count = 0
        self._store = store

    def add(self, entries: int = 1) -> None:
        pipeline = self._store.pipeline(transaction=False)
        for _ in range(entries):
            pipeline.xadd(self.key, {"f": str(self.count)}, id=f"{self.count * 480}-1")
            self.count += 1
        pipeline.execute()

    @property
    def last(self) -> int:
        return (self.count - 1) * 480


class Ear:
    """A sink that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def put(self, item: bytes) -> None:
        self.heard.append(int(item))


async def until(true: Callable[[], Any], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Hub]:
    one = Hub()
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the cancellation got lost"
        await one.close()


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A database of its own in the Valkey of the run."""
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.VALKEY_PORT}/6"
    with contextlib.closing(redis.Redis.from_url(settings.REDIS_URL, protocol=2)) as store:
        yield store
        store.flushdb()


def reading(store: redis.Redis) -> list[dict[str, str]]:
    """The connections of this database that wait in an XREAD."""
    return [
        one
        for one in store.client_list()
        if one["db"] == "6" and one["cmd"] == "xread" and "b" in one["flags"]
    ]


def kill_readers(store: redis.Redis) -> int:
    readers = [one for one in store.client_list() if one["db"] == "6" and one["cmd"] == "xread"]
    return sum(bool(store.client_kill_filter(_id=one["id"])) for one in readers)


# What a subscriber gets


async def test_a_sink_that_is_subscribed_twice_hears_once_until_it_is_not(
    store: redis.Redis,
) -> None:
    stream, ear = Stream(store), Ear()
    async with running() as one:
        for _ in range(2):
            await one.subscribe(stream.key, ear.put)
        stream.add()
        await until(lambda: ear.heard)
        one.unsubscribe(stream.key, ear.put)
        assert one.subscriptions == 0
    assert ear.heard == [0]


async def test_a_sink_that_was_there_stays_though_its_second_subscription_fails(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, other, ear, beside = Stream(store), Stream(store), Ear(), Ear()
    async with running() as one:
        await one.subscribe(stream.key, ear.put)
        await one.subscribe(other.key, beside.put)
        store.set(stream.key, "no stream")
        other.add()
        await until(lambda: beside.heard)
        store.delete(stream.key)

        async def fails(*args: Any, **kwargs: Any) -> None:
            raise redis.ConnectionError

        with monkeypatch.context() as away:
            away.setattr(one._client, "xadd", fails)
            with pytest.raises(redis.ConnectionError):
                await one.subscribe(stream.key, ear.put)
        stream.add()
        await until(lambda: ear.heard)
    assert ear.heard == [0]


async def test_a_new_subscriber_gets_only_what_comes_after(store: redis.Redis) -> None:
    stream, ear = Stream(store), Ear()
    stream.add(10)
    async with running() as one:
        assert await one.subscribe(stream.key, ear.put) == stream.last
        stream.add(5)
        await until(lambda: len(ear.heard) >= 5)
    assert ear.heard == [10, 11, 12, 13, 14]


async def test_a_stream_that_does_not_exist_yet_is_heard_from_its_first_entry(
    store: redis.Redis,
) -> None:
    stream, ear = Stream(store), Ear()
    async with running() as one:
        assert await one.subscribe(stream.key, ear.put) == 0
        stream.add(3)
        await until(lambda: len(ear.heard) >= 3)
    assert ear.heard == [0, 1, 2]


async def test_two_subscribers_of_a_stream_share_one_cursor_and_both_hear_all(
    store: redis.Redis,
) -> None:
    stream, first, second = Stream(store), Ear(), Ear()
    async with running() as one:
        await one.subscribe(stream.key, first.put)
        stream.add(10)
        await until(lambda: len(first.heard) == 10)
        assert await one.subscribe(stream.key, second.put) == stream.last
        stream.add(10)
        await until(lambda: len(first.heard) >= 20 and len(second.heard) >= 10)
        assert list(one._cursors) == [one._wake_key, stream.key]
    assert first.heard == list(range(20))
    assert second.heard == list(range(10, 20))


async def test_subscribers_who_come_at_once_all_hear_all(store: redis.Redis) -> None:
    stream = Stream(store)
    ears = [Ear() for _ in range(50)]
    async with running() as one:
        await asyncio.gather(*(one.subscribe(stream.key, ear.put) for ear in ears))
        stream.add(20)
        await until(lambda: all(len(ear.heard) >= 20 for ear in ears))
    assert all(ear.heard == list(range(20)) for ear in ears)


async def test_the_position_told_is_where_hearing_begins_though_audio_flows(
    store: redis.Redis,
) -> None:
    """Nothing is lost or doubled between what is told and what is heard."""
    stream = Stream(store)
    async with running() as one:
        for _ in range(50):
            ear = Ear()
            joining = asyncio.create_task(one.subscribe(stream.key, ear.put))
            for _ in range(4):
                stream.add()
                await asyncio.sleep(0)
            position = await joining
            stream.add()
            await until(lambda ear=ear: ear.heard and ear.heard[-1] == stream.count - 1)
            assert ear.heard[0] == (position // 480 + 1 if position or stream.count > 5 else 0)
            assert ear.heard == list(range(ear.heard[0], stream.count))
            one.unsubscribe(stream.key, ear.put)


async def test_joining_another_stream_does_not_wait_for_the_read_that_blocks(
    store: redis.Redis,
) -> None:
    quiet, stream = Stream(store), Stream(store)
    async with running() as one:
        await one.subscribe(quiet.key, Ear().put)
        for _ in range(5):
            await until(lambda: reading(store))
            ear = Ear()
            began = time.monotonic()
            await one.subscribe(stream.key, ear.put)
            stream.add()
            await until(lambda ear=ear: ear.heard)
            assert time.monotonic() - began < 0.2 < hub.BLOCK_MS / 1000
            one.unsubscribe(stream.key, ear.put)


async def test_many_streams_are_heard_in_order_each(store: redis.Redis) -> None:
    streams = [Stream(store) for _ in range(100)]
    ears = [Ear() for _ in streams]
    async with running() as one:
        for stream, ear in zip(streams, ears, strict=True):
            await one.subscribe(stream.key, ear.put)
        for _ in range(20):
            for stream in streams:
                stream.add()
            await asyncio.sleep(0)
        await until(lambda: all(len(ear.heard) >= 20 for ear in ears))
    assert all(ear.heard == list(range(20)) for ear in ears)


async def test_more_entries_than_one_answer_holds_are_all_heard(store: redis.Redis) -> None:
    stream, ear = Stream(store), Ear()
    async with running() as one:
        await one.subscribe(stream.key, ear.put)
        stream.add(5 * hub.chunks(hub.ANSWER) + 3)
        await until(lambda: len(ear.heard) >= stream.count)
    assert ear.heard == list(range(stream.count))


@pytest.mark.parametrize("chunk_ms", [20, 60, 500])
async def test_a_listener_who_takes_what_is_there_loses_nothing_of_a_burst(
    store: redis.Redis, settings: Settings, chunk_ms: int
) -> None:
    """A minute at once, as when a sender makes up for a pause, or the reader was away."""
    settings.CHUNK_MS = chunk_ms
    stream, mailbox, heard = Stream(store), hub.Mailbox(hub.chunks(hub.MAILBOX)), []

    async def listen() -> None:
        while True:
            await mailbox.wake.wait()
            heard.extend(int(one) for one in mailbox.take())

    async with running() as one:
        await one.subscribe(stream.key, mailbox.put)
        listening = asyncio.create_task(listen())
        stream.add(60_000 // chunk_ms)
        await until(lambda: heard and heard[-1] == stream.count - 1)
        listening.cancel()
    assert mailbox.dropped == 0
    assert heard == list(range(stream.count))


# Leaving


async def test_a_sink_that_left_hears_nothing_more_and_the_others_go_on(
    store: redis.Redis,
) -> None:
    stream, leaves, stays = Stream(store), Ear(), Ear()
    async with running() as one:
        await one.subscribe(stream.key, leaves.put)
        await one.subscribe(stream.key, stays.put)
        stream.add()
        await until(lambda: stays.heard)
        one.unsubscribe(stream.key, leaves.put)
        stream.add()
        await until(lambda: len(stays.heard) == 2)
    assert leaves.heard == [0]


async def test_who_leaves_twice_or_never_came_is_no_error() -> None:
    one, ear = Hub(), Ear()
    one.unsubscribe("tap:none", ear.put)
    one.unsubscribe("tap:none", ear.put)
    await one.close()


async def test_a_thousand_who_came_and_left_leave_nothing_behind(store: redis.Redis) -> None:
    streams = [Stream(store) for _ in range(10)]
    async with running() as one:
        for turn in range(1000):
            stream, ear = streams[turn % 10], Ear()
            await one.subscribe(stream.key, ear.put)
            one.unsubscribe(stream.key, ear.put)
        assert one._sinks == {}
        assert list(one._cursors) == [one._wake_key]
    # The wake stream of the hub, short and with an end; and nothing else.
    assert store.keys() == [one._wake_key.encode()]
    assert store.xlen(one._wake_key) <= 101
    assert 0 < store.ttl(one._wake_key) <= hub.WAKE_KEPT


async def test_leaving_while_another_joins_breaks_neither(store: redis.Redis) -> None:
    """The one that joined last may leave while the first still waits for Redis."""
    stream, first, second = Stream(store), Ear(), Ear()
    async with running() as one:
        joining = asyncio.create_task(one.subscribe(stream.key, first.put))
        await until(lambda: stream.key in one._cursors)
        await one.subscribe(stream.key, second.put)
        one.unsubscribe(stream.key, second.put)
        await joining
        stream.add()
        await until(lambda: first.heard)
    assert first.heard == [0]
    assert second.heard == []


async def test_who_leaves_and_comes_back_in_mid_answer_hears_nothing_twice(
    store: redis.Redis,
) -> None:
    """The answer under way began before; what of it was heard, or is too old, is left out."""
    stream, ear = Stream(store), Ear()
    async with running() as one:
        await one.subscribe(stream.key, ear.put)
        for _ in range(100):
            stream.add(3)
            one.unsubscribe(stream.key, ear.put)
            await one.subscribe(stream.key, ear.put)
            stream.add(2)
            await asyncio.sleep(0)
        await until(lambda: ear.heard and ear.heard[-1] == stream.count - 1)
    assert ear.heard == sorted(set(ear.heard))
    # The two that came after the last return, and whatever of the others was in time.
    assert ear.heard[-2:] == [stream.count - 2, stream.count - 1]


async def test_an_answer_that_began_before_a_return_is_cut_to_what_came_after() -> None:
    """The same, without luck: the late answer is handed over by hand."""
    one, ear = Hub(), Ear()
    entries = [(f"{n * 480}-1".encode(), [b"f", str(n).encode()]) for n in range(6)]
    one._sinks["tap"] = [ear.put]
    one._cursors.begin("tap", b"960-1")
    one._deliver("tap", entries)
    assert ear.heard == [3, 4, 5]
    one._deliver("tap", entries)
    assert ear.heard == [3, 4, 5]
    await one.close()


# When something breaks


async def test_a_killed_reader_loses_nothing_and_doubles_nothing(store: redis.Redis) -> None:
    streams = [Stream(store) for _ in range(5)]
    ears = [Ear() for _ in streams]
    killed = 0
    async with running() as one:
        for stream, ear in zip(streams, ears, strict=True):
            await one.subscribe(stream.key, ear.put)
        for number in range(300):
            for stream in streams:
                stream.add()
            await asyncio.sleep(0.002)
            if number % 30 == 29:
                killed += kill_readers(store)
        await until(lambda: all(ear.heard[-1] == 299 for ear in ears))
    assert killed >= 5
    assert one.reconnects >= 5
    assert all(ear.heard == list(range(300)) for ear in ears)


async def test_a_sink_that_fails_is_logged_and_breaks_no_other(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    stream, other, before, after, elsewhere = Stream(store), Stream(store), Ear(), Ear(), Ear()

    def fail(item: bytes) -> None:
        raise LookupError(item)

    async with running() as one:
        for sink in (before.put, fail, after.put):
            await one.subscribe(stream.key, sink)
        await one.subscribe(other.key, elsewhere.put)
        for _ in range(3):
            stream.add()
            other.add()
            await until(lambda: elsewhere.heard[-1:] == [other.count - 1])
        await until(lambda: len(after.heard) == 3)
    assert before.heard == after.heard == elsewhere.heard == [0, 1, 2]
    assert one.reconnects == 0
    assert caplog.text.count(f"a sink of {stream.key} failed") == 3


async def test_what_sinks_write_goes_out_when_all_have_had_what_came(store: redis.Redis) -> None:
    """Two streams that grow in one transaction are in one answer."""
    done: list[str] = []
    streams = [Stream(store), Stream(store)]

    def hear(data: bytes) -> None:
        done.append("heard")
        outbox.write([lambda data: done.append("written")], data)

    async with running() as one:
        for stream in streams:
            await one.subscribe(stream.key, hear)
        with store.pipeline(transaction=True) as pipeline:
            for stream in streams:
                pipeline.xadd(stream.key, {"f": "0"}, id="480-1")
            pipeline.execute()
        await until(lambda: len(done) == 4)
    assert done == ["heard", "heard", "written", "written"]


async def test_a_key_that_is_no_stream_stops_no_other(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good, ear, ghost = Stream(store), Stream(store), Ear(), Ear()
    async with running() as one:
        await one.subscribe(bad.key, ghost.put)
        await one.subscribe(good.key, ear.put)
        good.add()
        await until(lambda: ear.heard)
        store.set(bad.key, "not a stream")
        for _ in range(3):
            good.add()
            await until(lambda: len(ear.heard) == good.count, within=2)
        assert caplog.text.count(f"{bad.key} is no stream") == 1
        with pytest.raises(bus.Unavailable):
            await one.subscribe(bad.key, Ear().put)
        # Mended, it is heard again by those who waited and by who comes.
        store.delete(bad.key)
        again = Ear()
        await one.subscribe(bad.key, again.put)
        bad.add()
        await until(lambda: again.heard and ghost.heard)
        one.unsubscribe(bad.key, ghost.put)
        one.unsubscribe(bad.key, again.put)
        one.unsubscribe(good.key, ear.put)
        assert list(one._cursors) == [one._wake_key]
    assert ear.heard == [0, 1, 2, 3]


async def test_who_joins_while_redis_is_away_is_told_and_leaves_nothing_behind(
    settings: Settings,
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    one = Hub()
    with pytest.raises(bus.Unavailable):
        await one.subscribe("tap:none", Ear().put)
    assert one._sinks == {}
    assert list(one._cursors) == [one._wake_key]
    with pytest.raises(bus.Unavailable):
        await one.newest(uuid.uuid4())
    await one.close()


async def test_who_joins_while_redis_goes_away_leaves_nothing_behind(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away after the first question and before the second."""
    one = Hub()

    async def lost(*args: object, **options: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(one._client, "xadd", lost)
    with pytest.raises(bus.Unavailable):
        await one.subscribe("tap:none", Ear().put)
    assert one._sinks == {}
    assert list(one._cursors) == [one._wake_key]
    await one.close()


async def test_a_hub_that_is_stopped_ends_whenever_it_is(store: redis.Redis) -> None:
    """A cancellation must not get lost in the reading: the process would not end."""
    for turn in range(100):
        one, stream = Hub(), Stream(store)
        task = asyncio.create_task(one.run())
        await one.subscribe(stream.key, Ear().put)
        stream.add(3)
        for _ in range(turn % 10):
            await asyncio.sleep(0.0003)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1)
        assert done, f"turn {turn}"
        await one.close()


# A link that is half open


@pytest.mark.parametrize("hasty", [True, False])
async def test_a_half_open_link_is_noticed_within_block_and_timeout(
    store: redis.Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hasty: bool,
) -> None:
    """Once with short times and once as it is: 1 + 2 s. Then nothing was lost."""
    if hasty:
        monkeypatch.setattr(bus, "TIMEOUT", 0.2)
        monkeypatch.setattr(hub, "BLOCK_MS", 100)
    caplog.set_level(logging.WARNING)
    stream, ear = Stream(store), Ear()
    async with Proxy(environment.VALKEY_PORT) as proxy:
        settings.REDIS_URL = f"redis://127.0.0.1:{proxy.port}/6"
        async with running() as one:
            await one.subscribe(stream.key, ear.put)
            stream.add()
            await until(lambda: ear.heard)
            proxy.hold()
            began = time.monotonic()
            stream.add(10)
            limit = hub.BLOCK_MS / 1000 + bus.TIMEOUT
            await until(lambda: one.reconnects, within=limit + 0.3)
            assert time.monotonic() - began > limit * 0.6
            # Who asks meanwhile waits no longer than the timeout.
            began = time.monotonic()
            with pytest.raises(bus.Unavailable):
                await one.newest(uuid.uuid4())
            assert time.monotonic() - began < bus.TIMEOUT + 0.3
            proxy.flow()
            stream.add()
            await until(lambda: ear.heard[-1] == stream.count - 1, within=bus.TIMEOUT + 1)
    assert ear.heard == list(range(stream.count))
    assert "Redis read: TimeoutError" in caplog.text


async def test_a_quiet_link_is_not_taken_for_a_broken_one(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes for many BLOCKs, each of which is answered."""
    monkeypatch.setattr(hub, "BLOCK_MS", 20)
    stream, ear = Stream(store), Ear()
    async with running() as one:
        await one.subscribe(stream.key, ear.put)
        await asyncio.sleep(0.5)
        stream.add()
        await until(lambda: ear.heard)
    assert one.reconnects == 0
