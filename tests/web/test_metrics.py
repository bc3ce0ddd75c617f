"""/metrics counts the whole service, whichever worker answers."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import pytest
from django.contrib.auth.models import User

from monitor.bus.keys import GAUGES, TOTALS
from monitor.bus.redis import new_async_client
from tests.support.scraping import scrape
from tests.support.servers import Server
from tests.support.talk import Ear, message, open_tap, payload
from tests.support.waiting import eventually


@pytest.fixture
async def _empty() -> None:
    client = new_async_client()
    await client.delete(TOTALS, GAUGES)
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
