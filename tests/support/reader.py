"""Numbered streams, and subscriptions that keep what a StreamReader gives them."""

from __future__ import annotations

import uuid

import pytest
import redis

from monitor.bus.keys import audio_key
from monitor.bus.reader import StreamReader
from tests.support.waiting import until

SAMPLES = 480  # in the audio that an entry stands for


class Stream:
    """A stream whose entries are numbered from 0, with the ids that a StreamWriter gives."""

    def __init__(self, store: redis.Redis) -> None:
        self.key = audio_key(uuid.uuid4())
        self.count = 0
        self._store = store

    def add(self, entries: int = 1) -> None:
        pipeline = self._store.pipeline(transaction=False)
        for _ in range(entries):
            pipeline.xadd(self.key, {"f": str(self.count)}, id=f"{self.count * SAMPLES}-1")
            self.count += 1
        pipeline.execute()

    @property
    def last(self) -> int:
        """The position of the newest entry."""
        return (self.count - 1) * SAMPLES

    @property
    def numbers(self) -> list[int]:
        """The numbers of all entries."""
        return list(range(self.count))


class Subscription:
    """A handler of a stream, and the numbers of the entries that it was called with."""

    def __init__(self, reader: StreamReader, stream: Stream) -> None:
        self.numbers: list[int] = []
        self._reader = reader
        self._key = stream.key

    async def begin(self) -> int:
        """Subscribe, and return the position after which the subscription begins."""
        return await self._reader.subscribe(self._key, self._handle)

    def end(self) -> None:
        self._reader.unsubscribe(self._key, self._handle)

    async def has(self, count: int, within: float = 5.0) -> None:
        """Wait until so many entries were received."""
        await until(lambda: len(self.numbers) >= count, within)

    async def has_number(self, number: int, within: float = 5.0) -> None:
        """Wait until an entry was received, or one after it."""
        await until(lambda: self.numbers and self.numbers[-1] >= number, within)

    def _handle(self, item: bytes) -> None:
        self.numbers.append(int(item))


async def subscribe(reader: StreamReader, stream: Stream) -> Subscription:
    """Begin a subscription to a stream."""
    subscription = Subscription(reader, stream)
    await subscription.begin()
    return subscription


async def subscribe_to_each(reader: StreamReader, streams: list[Stream]) -> list[Subscription]:
    """Begin one subscription to each stream, one after the other."""
    return [await subscribe(reader, stream) for stream in streams]


async def put_aside(reader: StreamReader, store: redis.Redis, key: str) -> None:
    """Make a key no stream, and wait until the reader has found that and reads on without it."""
    other = Stream(store)
    subscription = await subscribe(reader, other)
    store.set(key, "no stream")
    other.add()
    await subscription.has(1)
    subscription.end()
    await until(lambda: not reader.reads(key))


def assert_reads_nothing(reader: StreamReader) -> None:
    """The reader has no handler, and reads no stream but the one that wakes it."""
    assert reader._handlers == {}
    assert list(reader._cursors) == [reader._wake_key]


def fail_to_wake(reader: StreamReader, patch: pytest.MonkeyPatch) -> None:
    """Lose the connection at the second question of a subscription, after the first succeeded."""

    async def lost(*args: object, **options: object) -> None:
        raise redis.ConnectionError("gone")

    patch.setattr(reader._queries._client, "xadd", lost)


def read_connections(store: redis.Redis) -> list[dict[str, str]]:
    """Return the connections to the store's database whose last command was an XREAD."""
    database = str(store.get_connection_kwargs()["db"])
    return [one for one in store.client_list() if (one["db"], one["cmd"]) == (database, "xread")]


def is_blocked(store: redis.Redis) -> bool:
    """Tell whether a connection to the store's database waits in an XREAD."""
    return any("b" in one["flags"] for one in read_connections(store))


def kill_read_connections(store: redis.Redis) -> int:
    """Close these connections, and return how many there were."""
    return sum(bool(store.client_kill_filter(_id=one["id"])) for one in read_connections(store))
