"""/metrics: the whole service, whichever worker is asked."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from monitor import metrics
from monitor.live import bus
from monitor.live import hub as live_hub
from monitor.live.hub import Hub
from tests.live.talk import Ear, eventually, message, open_tap, payload
from tests.servers import Server


def scrape(server: Server) -> dict[str, float]:
    """name, or name{label} → value."""
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        text = answer.read().decode()
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
async def _empty() -> None:
    client = bus.client()
    await client.delete(metrics.TOTALS, metrics.GAUGES)
    await client.aclose()


async def test_two_workers_are_one_service(transactional_db: Any, alice: User, alone: str) -> None:
    opened = await open_tap()
    with Server(REDIS_URL=alone) as one, Server("uvicorn", REDIS_URL=alone) as other:
        async with other.listen(opened.tap.pk, alice) as page, one.tap(opened.uri) as sender:
            await message(page)
            for number in range(6):
                await sender.send(payload(number))
            await Ear(page).take(960)

            async def counted() -> bool:
                seen = [await asyncio.to_thread(scrape, server) for server in (one, other)]
                return all(
                    figures["earshot_frames_in_total"] == 6
                    and figures["earshot_bytes_in_total"] == 960
                    and figures["earshot_frames_out_total"] == 2
                    and figures["earshot_taps"] == 1
                    and figures["earshot_listeners"] == 1
                    for figures in seen
                )

            assert await eventually(counted)


@pytest.mark.usefixtures("_empty")
async def test_a_webhooks_outcome_is_counted(server: Server) -> None:
    opened = await open_tap()

    def post() -> None:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(server.http_url(opened.status_url), b"nothing signed")

    await asyncio.to_thread(post)

    async def counted() -> bool:
        figures = await asyncio.to_thread(scrape, server)
        return figures.get("earshot_webhooks_total{403}") == 1

    assert await eventually(counted)


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    """On a database of its own: the run's servers count into the run's."""
    settings.REDIS_URL = settings.REDIS_URL.removesuffix("/0") + "/8"
    metrics.take()
    hub = Hub()
    yield hub
    await hub._client.flushdb()
    await hub.close()


async def totals(hub: Hub) -> dict[bytes, bytes]:
    stored: dict[bytes, bytes] = await hub._client.hgetall(metrics.TOTALS)
    return stored


async def test_what_could_not_be_reported_is_kept_for_the_next_time(hub: Hub) -> None:
    said = metrics.Report()
    metrics.count("dropped", 3, "listener too slow")
    said.next({})
    metrics.count("dropped", 4, "listener too slow")
    for _ in range(2):
        await hub.report(said.next({}))
        said.taken()
    assert await totals(hub) == {b"dropped|listener too slow": b"7"}


async def test_a_report_that_was_given_up_and_yet_arrives_counts_once(hub: Hub) -> None:
    """A frozen Redis has it, and its repetition, and maybe the next before it."""
    said = metrics.Report()
    metrics.count("webhooks", 5, "200")
    given_up = said.next({})
    await hub.report(given_up)
    await hub.report(said.next({}))
    said.taken()
    metrics.count("webhooks", 1, "200")
    await hub.report(said.next({"taps": 2}))
    await hub.report(given_up)
    assert await totals(hub) == {b"webhooks|200": b"6"}
    [laid] = (await hub._client.hgetall(metrics.GAUGES)).values()
    assert json.loads(laid)["taps"] == 2


async def test_a_process_that_ends_takes_its_gauges_away_and_a_killed_ones_go_too(
    hub: Hub,
) -> None:
    long_ago = json.dumps({"at": time.time() - metrics.FORGOTTEN - 1, "report": 1})
    lately = json.dumps({"at": time.time(), "report": 1})
    await hub._client.hset(metrics.GAUGES, mapping={"killed": long_ago, "other": lately})
    said = metrics.Report()
    metrics.count("webhooks", 1, "200")
    await hub.report(said.next({"taps": 1}))
    said.taken()
    metrics.count("webhooks", 1, "200")
    await hub.report(said.next(None))
    assert await totals(hub) == {b"webhooks|200": b"2"}
    assert list(await hub._client.hgetall(metrics.GAUGES)) == [b"other"]


async def test_reports_do_not_wait_behind_those_who_join(hub: Hub) -> None:
    asked = [asyncio.create_task(hub._ask(asyncio.Event().wait)) for _ in range(200)]
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await hub.report(metrics.Report().next({}))
    for one in asked:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_nobody_waits_long_for_a_turn_while_redis_is_frozen(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "QUEUED", 0.3)
    monkeypatch.setattr(bus, "TIMEOUT", 0.2)
    began = time.monotonic()
    asked = [hub._ask(asyncio.Event().wait) for _ in range(200)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - began < 2
    assert all(isinstance(one, TimeoutError) for one in outcomes)


def test_a_process_that_is_gone_counts_no_more_in_the_gauges() -> None:
    fresh = json.dumps({"at": time.time(), "taps": 2}).encode()
    stale = b'{"at": 0, "taps": 40}'
    collector = metrics.Collector({}, {b"a": fresh, b"b": stale})
    values = {family.name: family.samples for family in collector.collect()}
    assert values["earshot_taps"][0].value == 2
