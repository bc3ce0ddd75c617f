"""/metrics: the whole service, whichever worker is asked."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from prometheus_client.parser import text_string_to_metric_families

from monitor import metrics
from monitor.live import bus
from tests.live.talk import Ear, eventually, message, open_tap, payload
from tests.servers import Server

ALONE = settings.REDIS_URL.removesuffix("/0") + "/7"


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


async def test_two_workers_are_one_service(transactional_db: Any, alice: User) -> None:
    opened = await open_tap()
    # A database of their own: the run's other servers count into the run's.
    with Server(REDIS_URL=ALONE) as one, Server("uvicorn", REDIS_URL=ALONE) as other:
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


def test_what_could_not_be_reported_is_kept_for_the_next_time() -> None:
    metrics.take()
    metrics.count("dropped", 3, "listener too slow")
    taken = metrics.take()
    metrics.give_back(taken)
    assert metrics.take() == {"dropped|listener too slow": 3}


def test_a_process_that_is_gone_counts_no_more_in_the_gauges() -> None:
    fresh, stale = metrics.gauges(taps=2).encode(), b'{"at": 0, "taps": 40}'
    collector = metrics.Collector({}, {b"a": fresh, b"b": stale})
    values = {family.name: family.samples for family in collector.collect()}
    assert values["earshot_taps"][0].value == 2
