"""What was received since a pause began is deleted, wherever it waits."""

from __future__ import annotations

import datetime
import time

import pytest
import redis

from monitor.bus import ring
from monitor.bus.writer import StreamWriter
from monitor.bus.writer_link import BATCH_SIZE
from monitor.telemetry.metrics import Metrics
from monitor.wire import frame
from monitor.wire.frame import Flag, Leg
from tests.support.valkey import CHUNK, PCM, Tap, running

START = 1_700_000_000_000_000  # µs
LASTS = 60_000  # µs


def say(tap: Tap, writer: StreamWriter, chunks: int, flags: Flag = Flag.NONE) -> None:
    """Have a tap say chunks in real time from START on."""
    for _ in range(chunks):
        received_at = START + tap.position // CHUNK * LASTS
        data = frame.pack(Leg.BOTH, flags, tap.position, received_at, PCM)
        writer.add_frame(tap.target, tap.position, data)
        tap.position += CHUNK


def moment(chunks: int) -> datetime.datetime:
    """Return when so many chunks had been said."""
    return ring.EPOCH + datetime.timedelta(microseconds=START + chunks * LASTS)


@pytest.mark.parametrize("kept", [0, 1, 49, 50, 51, 120, 199, 200])
async def test_a_ring_loses_what_came_since_a_moment(store: redis.Redis, kept: int) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap, other = Tap(writer), Tap(writer)
        say(tap, writer, 200)
        say(other, writer, 10)
    ring.forget_since([tap.id], moment(kept))
    assert tap.stored(store) == tap.said[:kept]
    assert other.stored(store) == other.said


async def test_masked_frames_stay(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        say(tap, writer, 10)
        say(tap, writer, 60, Flag.MASKED)
    ring.forget_since([tap.id], moment(5))
    assert tap.stored(store) == tap.said[:5] + tap.said[10:]


async def test_queued_and_stored_audio_goes_and_what_follows_is_stored(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap, other = Tap(writer), Tap(writer)
        say(tap, writer, 2 * BATCH_SIZE)  # enough for several round trips
        say(other, writer, 10)
        writer.forget_since(tap.target, START + 20 * LASTS)
        say(tap, writer, 5, Flag.MASKED)
    assert tap.stored(store) == tap.said[:20] + tap.said[-5:]
    assert other.stored(store) == other.said


def test_a_ring_that_does_not_exist_has_nothing_to_lose(store: redis.Redis) -> None:
    tap = Tap(StreamWriter(Metrics()))
    ring.forget_since([tap.id], moment(0))
    assert not store.exists(tap.key)


async def test_nothing_is_sent_before_the_pauses_are_known(store: redis.Redis) -> None:
    """A process that was cut off from Redis has audio queued of which it was not told that it must
    not be heard."""
    writer = StreamWriter(Metrics())
    tap = Tap(writer)

    async def learn() -> None:
        assert not store.exists(tap.key)
        writer.forget_since(tap.target, 0)

    writer.before_sending = learn
    say(tap, writer, 10)
    async with running(writer):
        pass
    assert not store.exists(tap.key)


async def test_while_the_pauses_cannot_be_known_nothing_is_sent(store: redis.Redis) -> None:
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    tried: list[float] = []

    async def fail() -> None:
        tried.append(time.monotonic())
        raise ConnectionError("the database is away")

    writer.before_sending = fail
    async with running(writer):
        tap.say(5)
    assert tried
    assert not store.exists(tap.key)
