"""RingReader: reads back the audio that a tap's ring still holds."""

from __future__ import annotations

import uuid

import redis

from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from monitor.wire import frame
from tests.support.bus import ring_reader
from tests.support.valkey import CHUNK, Tap, running


async def test_a_ring_is_read_back_oldest_first_for_the_seconds_asked_for(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(100)
    async with ring_reader() as ring:
        frames = await ring.last_seconds(tap.id, 3.0)
        everything = await ring.last_seconds(tap.id, 600)
    positions = [frame.unpack_header(one).position for one in frames]
    assert positions == tap.said[-51:]  # 3 s before the last, and the last
    assert [frame.unpack_header(one).position for one in everything] == tap.said


async def test_the_newest_frames_position_does_not_wrap(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.position = (1 << 32) - CHUNK
        tap.say(2)
    async with ring_reader() as ring:
        newest = await ring.newest(tap.id)
    assert newest is not None
    assert newest.position == 1 << 32
    assert newest.end == (1 << 32) + CHUNK


async def test_a_tap_without_audio_has_an_empty_ring(store: redis.Redis) -> None:
    async with ring_reader() as ring:
        assert await ring.last_seconds(uuid.uuid4(), 30) == []
        assert await ring.newest(uuid.uuid4()) is None
