"""The metrics of all processes in Redis: each count is added once, whatever breaks."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from pytest_django import Settings

from monitor.bus.keys import GAUGES
from monitor.bus.metrics import FORGOTTEN, FRESH, MetricsReporter, read_metrics
from monitor.bus.queries import Queries
from monitor.bus.redis import Unavailable, new_async_client
from monitor.telemetry.metrics import Metrics
from tests.support import environment
from tests.support.bus import open_queries


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[redis.asyncio.Redis]:
    """A database of its own, because the servers of the run report to the usual one."""
    settings.REDIS_URL = settings.REDIS_URL.removesuffix("/0") + "/8"
    async with new_async_client() as client:
        yield client
        await client.flushdb()


@pytest.fixture
async def queries(store: redis.asyncio.Redis) -> AsyncIterator[Queries]:
    async with open_queries() as queries:
        yield queries


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def reporter(metrics: Metrics, queries: Queries) -> MetricsReporter:
    return MetricsReporter(metrics, queries)


async def stored_gauges(store: redis.asyncio.Redis) -> dict[bytes | str, Any]:
    stored = await store.hgetall(GAUGES)
    return {process: json.loads(gauges) for process, gauges in stored.items()}


async def test_a_report_adds_the_counts_and_stores_the_gauges(
    metrics: Metrics, reporter: MetricsReporter
) -> None:
    metrics.audio.frames_in += 3
    metrics.webhooks.add(2, "stored")
    metrics.taps.set(5)
    await reporter.report()
    metrics.audio.frames_in += 4
    await reporter.report()
    totals, [gauges] = read_metrics()
    assert totals == {"frames_in": 7, "webhooks|stored": 2}
    assert gauges["taps"] == 5


async def test_counts_that_could_not_be_reported_are_kept_for_the_next_report(
    metrics: Metrics, settings: Settings, store: redis.asyncio.Redis
) -> None:
    here, settings.REDIS_URL = settings.REDIS_URL, f"redis://127.0.0.1:{environment.free_port()}"
    async with open_queries() as away:
        reporter = MetricsReporter(metrics, away)
        metrics.dropped.add(3, "listener too slow")
        with pytest.raises(Unavailable):
            await reporter.report()
    settings.REDIS_URL = here
    async with open_queries() as reporter._queries:
        metrics.dropped.add(4, "listener too slow")
        for _ in range(2):
            await reporter.report()
    assert read_metrics().totals == {"dropped|listener too slow": 7}


async def test_a_report_that_arrives_after_it_was_given_up_is_added_once(
    metrics: Metrics, reporter: MetricsReporter, store: redis.asyncio.Redis
) -> None:
    """A frozen Redis may hold the report, its repetition, and even the next one before them."""
    metrics.webhooks.add(5, "200")
    given_up = reporter.arguments()
    await reporter._send(given_up)
    reporter._unconfirmed = {"webhooks|200": 5}
    await reporter.report()
    metrics.webhooks.add(1, "200")
    metrics.taps.set(2)
    await reporter.report()
    await reporter._send(given_up)
    totals, [gauges] = read_metrics()
    assert totals == {"webhooks|200": 6}
    assert gauges["taps"] == 2


async def test_a_process_that_ends_reports_its_last_counts_and_deletes_its_gauges(
    metrics: Metrics, reporter: MetricsReporter, store: redis.asyncio.Redis
) -> None:
    metrics.webhooks.add(1, "200")
    await reporter.report()
    metrics.webhooks.add(1, "200")
    await reporter.report_end()
    assert read_metrics().totals == {"webhooks|200": 2}
    assert await stored_gauges(store) == {}


async def test_the_gauges_of_a_killed_process_are_deleted_after_five_minutes(
    reporter: MetricsReporter, store: redis.asyncio.Redis
) -> None:
    long_ago = json.dumps({"at": time.time() - FORGOTTEN - 1, "report": 1})
    lately = json.dumps({"at": time.time(), "report": 1})
    await store.hset(GAUGES, mapping={"killed": long_ago, "other": lately})
    await reporter.report_end()
    assert list(await stored_gauges(store)) == [b"other"]


async def test_gauges_that_are_not_renewed_are_not_counted(store: redis.asyncio.Redis) -> None:
    fresh = json.dumps({"at": time.time(), "taps": 2})
    stale = json.dumps({"at": time.time() - FRESH - 1, "taps": 40})
    await store.hset(GAUGES, mapping={"a": fresh, "b": stale})
    assert [gauges["taps"] for gauges in read_metrics().gauges] == [2]
