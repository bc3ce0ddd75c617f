"""Audiences of taps, with a real reader and a real Valkey."""

from __future__ import annotations

import asyncio
import uuid

import pytest
import redis

from monitor.bus.keys import audio_key
from monitor.bus.reader import StreamReader
from monitor.fanout.audience import TapAudiences
from monitor.limits import Limits
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame, websocket_frames
from tests.support.audience import Listener, has
from tests.support.reader import put_aside

CHUNK = 480  # samples, 60 ms


class Tap:
    """A tap's ring, to which Frames are added one by one, and the listeners of the tap."""

    def __init__(self, store: redis.Redis, audiences: TapAudiences) -> None:
        self.id = uuid.uuid4()
        self.key = audio_key(self.id)
        self.position = 0
        self._store = store
        self._audiences = audiences

    def add(self) -> bytes:
        data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, self.position, 0, bytes(2 * CHUNK))
        self._store.xadd(self.key, {"f": data}, id=f"{self.position}-1")
        self.position += CHUNK
        return data

    async def join(self, listener: Listener) -> int:
        audience = await self._audiences.subscribe(self.id, listener.subscriber)
        return audience.newest

    async def joined(self, fast: bool = False) -> Listener:
        """A new listener that has joined, and asked for the fast path if it is ``fast``."""
        listener = Listener()
        await self.join(listener)
        if fast:
            listener.open_fast_path()
        return listener

    def leave(self, *listeners: Listener) -> None:
        for one in listeners:
            self._audiences.unsubscribe(self.id, one.subscriber)


@pytest.fixture
def counts() -> AudioCounts:
    return AudioCounts()


@pytest.fixture
def audiences(reader: StreamReader, counts: AudioCounts) -> TapAudiences:
    return TapAudiences(reader, counts, Limits())


@pytest.fixture
def tap(store: redis.Redis, audiences: TapAudiences) -> Tap:
    return Tap(store, audiences)


# Queued and direct


async def test_a_subscriber_moves_from_queued_to_direct_and_back(tap: Tap) -> None:
    one = Listener()
    assert await tap.join(one) == 0
    first = tap.add()
    await has(one.queued, 1)
    one.open_fast_path()
    second = tap.add()
    await has(one.direct, 1)
    one.subscriber.close_fast_path()
    third = tap.add()
    await has(one.queued, 2)
    assert one.queued == [first, third]
    assert one.direct == [websocket_frames.binary(second)]
    assert one.subscriber.sent_directly == 1
    tap.leave(one)


async def test_frames_sent_directly_are_counted_per_listener_and_in_metrics(
    tap: Tap, counts: AudioCounts
) -> None:
    early = await tap.joined(fast=True)
    tap.add()
    await has(early.direct, 1)
    late = await tap.joined(fast=True)
    late.open_fast_path()  # it is open already
    tap.add()
    await has(late.direct, 1)
    assert (early.subscriber.sent_directly, late.subscriber.sent_directly) == (2, 1)
    assert counts.frames_out == 3
    tap.leave(early, late)
    assert (early.subscriber.sent_directly, late.subscriber.sent_directly) == (2, 1)


async def test_a_socket_that_refuses_the_fast_path_stays_queued(tap: Tap) -> None:
    one = await tap.joined()
    one.slow = True
    one.open_fast_path()
    data = tap.add()
    await has(one.queued, 1)
    assert (one.queued, one.direct) == ([data], [])
    tap.leave(one)


async def test_a_socket_that_closes_its_fast_path_is_queued_from_then_on(tap: Tap) -> None:
    one, other = await tap.joined(fast=True), await tap.joined(fast=True)
    assert one.close
    one.close()
    tap.add()
    await has(other.direct, 1)
    assert (len(one.queued), len(one.direct)) == (1, 0)
    tap.leave(one, other)
    one.close()  # too late, which does no harm


# Joining and leaving


async def test_a_later_listener_is_given_the_position_after_which_it_hears(tap: Tap) -> None:
    tap.position = 4800
    tap.add()
    early, late = Listener(), Listener()
    assert await tap.join(early) == 4800
    tap.add()
    await has(early.queued, 1)
    assert await tap.join(late) == 4800 + CHUNK
    data = tap.add()
    await has(late.queued, 1)
    assert late.queued == [data]
    tap.leave(early, late)


async def test_the_position_is_that_of_frames_and_wraps_at_32_bits(tap: Tap) -> None:
    tap.position = (1 << 32) + 4800
    tap.add()
    one = Listener()
    assert await tap.join(one) == 4800
    tap.leave(one)


async def test_listeners_that_join_at_once_share_one_subscription(
    tap: Tap, reader: StreamReader
) -> None:
    many = await asyncio.gather(*(tap.joined() for _ in range(50)))
    assert reader.subscriptions == 1
    data = tap.add()
    await has(many[-1].queued, 1)
    assert all(one.queued == [data] for one in many)
    tap.leave(*many)
    assert reader.subscriptions == 0


async def test_the_last_listener_ends_the_subscription_and_the_next_starts_another(
    tap: Tap, reader: StreamReader
) -> None:
    one, again = await tap.joined(), Listener()
    tap.leave(one)
    assert not reader.reads(tap.key)
    tap.add()
    tap.add()
    assert await tap.join(again) == CHUNK
    data = tap.add()
    await has(again.queued, 1)
    assert (one.queued, again.queued) == ([], [data])
    tap.leave(again)


async def test_unsubscribing_without_having_subscribed_does_nothing(tap: Tap) -> None:
    one = Listener()
    one.subscriber.close_fast_path()
    tap.leave(one)
    assert one.subscriber.sent_directly == 0


async def test_listeners_hear_a_ring_again_that_was_no_stream_for_a_while(
    tap: Tap, reader: StreamReader, store: redis.Redis
) -> None:
    waits, comes = await tap.joined(), Listener()
    await put_aside(reader, store, tap.key)
    store.delete(tap.key)
    for _ in range(3):
        tap.add()
    assert await tap.join(comes) == tap.position - CHUNK
    data = tap.add()
    await has(comes.queued, 1)
    assert waits.queued == comes.queued == [data]
    tap.leave(waits, comes)
    assert not reader.reads(tap.key)
