"""A StreamWriter that is stopped before it has a connection."""

from __future__ import annotations

import asyncio

import pytest
import redis
from redis.asyncio.connection import AbstractConnection as Connection

from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from tests.support.valkey import Tap, running


async def test_a_writer_that_is_stopped_while_it_connects_loses_nothing(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    connects, connect = asyncio.Event(), Connection.connect

    async def hang(connection: Connection) -> None:
        monkeypatch.setattr(Connection, "connect", connect)
        connects.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Connection, "connect", hang)
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    async with running(writer):
        tap.say()
        await connects.wait()
    assert tap.stored(store) == tap.said
