"""What was heard in a second passes through Redis, which keeps it for 70 s."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import redis

from monitor.audio.strip import SPOKEN
from monitor.audio.voice import Sound
from monitor.bus.keys import SECONDS, SECONDS_KEPT_FOR
from monitor.bus.seconds import Heard, SecondsReader
from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from tests.support.bus import open_queries
from tests.support.valkey import running
from tests.support.waiting import until

SOUNDS = {"a": Sound(8000, 4800, 3, -20.5, -60.0, -12.0, gap=True), "b": Sound()}


@pytest.fixture
async def seconds(store: redis.Redis) -> AsyncIterator[SecondsReader]:
    async with open_queries() as queries:
        yield SecondsReader(queries)


def test_what_is_read_is_what_was_heard() -> None:
    heard = Heard.loads(Heard.of(1_790_000_000, SOUNDS).dumps().encode())
    assert heard.second == 1_790_000_000
    assert heard.sounds_by_tap() == SOUNDS
    assert heard.bars_by_tap() == {"a": SPOKEN + 86, "b": 0}


async def test_what_is_written_is_read_in_its_order(
    store: redis.Redis, seconds: SecondsReader
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        for second in range(3):
            writer.add_second(Heard.of(second, SOUNDS).dumps())
        await until(lambda: store.xlen(SECONDS) == 3)
    assert [heard.second async for heard in seconds.recent()] == [0, 1, 2]


async def test_what_was_heard_too_long_ago_is_not_read(
    store: redis.Redis, seconds: SecondsReader
) -> None:
    now = time.time()
    for age in (SECONDS_KEPT_FOR + 1, SECONDS_KEPT_FOR - 1):
        entry = Heard.of(int(now - age), SOUNDS).dumps()
        store.xadd(SECONDS, {"j": entry}, id=f"{int((now - age) * 1000)}-0")
    found = [heard.second async for heard in seconds.recent()]
    assert found == [int(now - SECONDS_KEPT_FOR + 1)]


async def test_old_seconds_are_dropped_and_the_last_ones_expire(store: redis.Redis) -> None:
    long_ago = int((time.time() - 1000) * 1000)
    for number in range(300):  # Redis drops whole nodes only, of a hundred entries
        store.xadd(SECONDS, {"j": "{}"}, id=f"{long_ago + number}-0")
    async with running(StreamWriter(Metrics())) as writer:
        writer.add_second(Heard.of(1, SOUNDS).dumps())
        await until(lambda: 0 < store.ttl(SECONDS) <= SECONDS_KEPT_FOR)
    assert store.xlen(SECONDS) < 120
