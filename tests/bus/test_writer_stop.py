"""A StreamWriter that is stopped before it has a connection."""

from __future__ import annotations

import asyncio

import pytest
import redis

from monitor.bus.connection import RedisConnection
from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from tests.support.valkey import Tap, running


async def test_a_writer_that_is_stopped_while_it_connects_loses_nothing(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects, open_ = asyncio.Event(), RedisConnection.open

    async def hang(connection: RedisConnection) -> None:
        monkeypatch.setattr(RedisConnection, "open", open_)
        connects.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(RedisConnection, "open", hang)
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    async with running(writer):
        tap.say()
        await connects.wait()
    assert tap.stored(store) == tap.said
