"""The consoles of a process, with a real reader and a real Valkey."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from monitor.bus.keys import EVENTS, METERS, WORDS
from monitor.bus.reader import StreamReader
from monitor.bus.seconds import SecondsReader
from monitor.fanout import consoles as consoles_module
from monitor.fanout.audience import Subscriber
from monitor.fanout.call_agents import CallAgents
from monitor.fanout.consoles import Consoles
from monitor.fanout.strip_board import StripBoard
from monitor.fanout.words_delay import WordsDelay
from monitor.services.permissions import EVERYTHING, Sight
from monitor.telemetry.metrics import Metrics
from monitor.wire import websocket_frames
from tests.support.audience import has
from tests.support.bus import open_queries
from tests.support.framing import split
from tests.support.reader import put_aside
from tests.support.waiting import PATIENCE, eventually


class Console:
    """A subscriber whose mailbox is ``queued`` and whose socket writes to ``direct``."""

    def __init__(self, consoles: Consoles) -> None:
        self.queued: list[bytes] = []
        self.direct: list[bytes] = []
        self._subscriber = Subscriber(self.queued.append)
        self._consoles = consoles
        self.sight = Sight(EVERYTHING, reads_words=False, full_numbers=True)

    async def join(self) -> None:
        await self._consoles.subscribe(self._subscriber, self.sight)

    def may_read(self) -> None:
        self.see(self.sight._replace(reads_words=True))

    def may_not_read(self) -> None:
        self.see(self.sight._replace(reads_words=False))

    def see(self, sight: Sight) -> None:
        self.sight = sight
        self._consoles.place(self._subscriber, sight)

    @property
    def messages_sent(self) -> int:
        return self._subscriber.sent_directly + len(self.queued)

    def leave(self) -> None:
        self._consoles.unsubscribe(self._subscriber)

    def write(self, data: bytes) -> None:
        self.direct += split(data)

    def open_fast_path(self) -> None:
        self._subscriber.open_fast_path(lambda close: self.write)


async def assert_both_get_an_event(console: Console, other: Console, store: redis.Redis) -> None:
    """Publish an event, which both consoles get once; then they leave."""
    publish(store, EVENTS, b"{}")
    await has(other.queued, 1)
    assert console.queued == other.queued == [b"{}"]
    for one in (console, other):
        one.leave()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def consoles(reader: StreamReader, metrics: Metrics) -> AsyncIterator[Consoles]:
    async with open_queries() as queries:
        board = StripBoard(reader, SecondsReader(queries))
        yield Consoles(reader, board, WordsDelay(metrics.words_delay), CallAgents())


@pytest.fixture
def console(consoles: Consoles) -> Console:
    return Console(consoles)


@pytest.fixture
def other(consoles: Consoles) -> Console:
    return Console(consoles)


def publish(store: redis.Redis, key: str, message: bytes) -> None:
    store.xadd(key, {"j": message})


def publish_event_and_levels(store: redis.Redis) -> None:
    publish(store, EVENTS, b"{}")
    publish(store, METERS, b"[]")


async def test_all_consoles_share_one_subscription_to_events_levels_words_and_seconds(
    consoles: Consoles, reader: StreamReader, store: redis.Redis
) -> None:
    many = [Console(consoles) for _ in range(50)]
    await asyncio.gather(*(one.join() for one in many))
    assert reader.subscriptions == 4
    many[0].open_fast_path()
    publish_event_and_levels(store)
    await has(many[-1].queued, 2)
    assert all(sorted(one.queued) == [b"[]", b"{}"] for one in many[1:])
    assert many[0].queued == []
    assert sorted(many[0].direct) == [websocket_frames.text(b"[]"), websocket_frames.text(b"{}")]
    for one in many:
        one.leave()
    assert reader.subscriptions == 0


async def test_a_console_that_joins_after_the_last_left_gets_only_later_events(
    console: Console, other: Console, store: redis.Redis
) -> None:
    await console.join()
    console.leave()
    publish(store, EVENTS, b"before")
    await other.join()
    publish(store, EVENTS, b"after")
    await has(other.queued, 1)
    assert (console.queued, other.queued) == ([], [b"after"])
    other.leave()


async def test_a_console_that_gives_up_does_not_disturb_another_that_joins(
    console: Console, other: Console, reader: StreamReader, store: redis.Redis
) -> None:
    gives_up, joins = (asyncio.create_task(one.join()) for one in (console, other))
    await asyncio.sleep(0)  # they have begun
    gives_up.cancel()
    await asyncio.wait([gives_up])
    console.leave()
    await joins
    publish_event_and_levels(store)
    await has(other.queued, 2)
    other.leave()
    assert reader.subscriptions == 0


async def test_a_console_that_leaves_during_resubscription_does_not_disturb_another(
    console: Console, other: Console, reader: StreamReader, store: redis.Redis
) -> None:
    await console.join()
    await put_aside(reader, store, METERS)
    store.delete(METERS)
    joins = asyncio.create_task(other.join())
    await asyncio.sleep(0)
    console.leave()
    await joins
    publish_event_and_levels(store)
    await has(other.queued, 2)
    other.leave()


async def test_consoles_get_events_again_from_a_key_that_was_no_stream(
    console: Console, other: Console, reader: StreamReader, store: redis.Redis
) -> None:
    await console.join()
    await put_aside(reader, store, EVENTS)
    store.delete(EVENTS)
    await other.join()
    await assert_both_get_an_event(console, other, store)


async def test_a_refused_console_does_not_disturb_those_that_joined_before(
    console: Console,
    other: Console,
    consoles: Consoles,
    reader: StreamReader,
    store: redis.Redis,
) -> None:
    await console.join()
    await put_aside(reader, store, EVENTS)
    refused = Console(consoles)
    with pytest.raises(redis.ResponseError):
        await refused.join()
    refused.leave()
    store.delete(EVENTS)
    await reader.subscribe(EVENTS, lambda event: None)  # as a listener does
    await other.join()
    await assert_both_get_an_event(console, other, store)


async def test_a_console_times_out_when_redis_does_not_answer_the_one_before_it(
    console: Console, other: Console, reader: StreamReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(key: str, sink: Any) -> int:
        return await asyncio.Future()

    monkeypatch.setattr(reader, "subscribe", never)
    monkeypatch.setattr(consoles_module, "QUEUED", 0.01)
    first, second = (asyncio.create_task(one.join()) for one in (console, other))
    await asyncio.wait([second], timeout=PATIENCE)
    assert isinstance(second.exception(), TimeoutError)
    first.cancel()
    await asyncio.wait([first])


async def test_a_console_that_fails_to_join_leaves_no_subscription(
    console: Console,
    consoles: Consoles,
    reader: StreamReader,
    store: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_stream = EVENTS + ":none"
    monkeypatch.setattr(consoles_module, "METERS", no_stream)
    store.set(no_stream, "no stream")
    with pytest.raises(redis.ResponseError):
        await console.join()
    console.leave()
    assert consoles.empty
    assert reader.subscriptions == 0


SAID = b'{"type": "words", "call": "7", "received": 0}'


async def test_what_is_said_goes_only_to_those_who_may_read_it(
    console: Console, other: Console, metrics: Metrics, store: redis.Redis
) -> None:
    for one in (console, other):
        await one.join()
        one.open_fast_path()
    console.may_read()
    publish(store, WORDS, SAID)
    await has(console.queued, 1)  # it waits for its send loop, which opens the fast path again
    console.open_fast_path()
    publish(store, WORDS, SAID)
    publish(store, EVENTS, b"{}")
    await has(console.direct, 2)
    assert console.queued == [SAID]
    assert sorted(console.direct) == [websocket_frames.text(one) for one in (b"{}", SAID)]
    assert other.direct == [websocket_frames.text(b"{}")]
    assert (console.messages_sent, other.messages_sent) == (3, 1)
    counted: Counter[str] = Counter()

    async def both() -> bool:  # a delay is counted after its words were sent
        counted.update(metrics.take())
        return counted["words_delay_seconds|inf"] == 2

    await eventually(both)
    console.leave()
    other.leave()


async def test_who_may_read_no_more_gets_the_events_only(
    console: Console, metrics: Metrics, store: redis.Redis
) -> None:
    await console.join()
    console.may_read()
    console.open_fast_path()
    console.may_not_read()
    publish(store, WORDS, SAID)
    publish(store, EVENTS, b"{}")
    await has(console.queued, 1)
    assert (console.queued, console.direct) == ([b"{}"], [])
    assert not any(name.startswith("words") for name in metrics.take())  # nobody was sent it
    console.leave()
