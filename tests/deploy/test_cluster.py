"""The whole floor that ``script/cluster`` starts, seen and heard through nginx."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from playwright.async_api import Page, async_playwright, expect

from bench.cluster.floor import MISSING, USER, ClusterFloor, Size
from tests.support.browsers import CHROMIUM, FLAGS
from tests.support.browsing import listen
from tests.support.talk import message, message_of
from tests.support.waiting import PATIENCE, eventually

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}"),
]

AWAY = "EarshotWorkerAway"
#: Sockets after which nginx, which takes the worker with the fewest, has gone on to another one.
OTHERS = 25


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterFloor]:
    with ClusterFloor(tmp_path_factory.mktemp("cluster"), Size()) as floor:
        yield floor
        floor.check()


@pytest.fixture
async def page(floor: ClusterFloor) -> AsyncIterator[Page]:
    """The live list, after the sign-in."""
    if not CHROMIUM:
        pytest.skip("NO CHROMIUM: set BROWSER_PATH")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await chromium.new_context(ignore_https_errors=True, locale="en-US")
        page = await context.new_page()
        await page.goto(f"{floor.url}/login")
        await page.get_by_label("User name").fill(USER)
        await page.get_by_label("Password").fill(floor.password)
        await page.get_by_role("button", name="Sign in").click()
        console = page.locator("#console")
        await expect(console).to_have_attribute("data-state", "live", timeout=15_000)
        yield page
        await chromium.close()


async def socket(floor: ClusterFloor, page: Page, path: str) -> websockets.connect:
    """Connect to a path with the session of a page."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in await page.context.cookies())
    return websockets.connect(
        floor.url.replace("https", "wss") + path,
        ssl=floor.nginx.trust,
        origin=websockets.Origin(floor.url),
        additional_headers={"Cookie": cookies},
        max_size=None,
    )


async def live_tap(floor: ClusterFloor, page: Page) -> str:
    """Return the id of a tap that brings audio over a WebSocket."""
    async with await socket(floor, page, "/console") as console:
        calls = (await message_of(console, "snapshot"))["calls"]
    legs = [leg for call in calls for leg in call["legs"] if leg["media"]]
    found: str = next(leg["id"] for leg in legs if leg["transport"] == "ws")
    return found


def used(floor: ClusterFloor, path: str) -> set[str]:
    """Return which workers served requests for a path that have ended."""
    return set(re.findall(rf'"GET {path}.* (127\.0\.0\.1:\d+)$', floor.nginx.said(), re.MULTILINE))


async def test_a_call_is_heard_through_nginx_at_workers_other_than_its_own(
    floor: ClusterFloor, page: Page, tmp_path: Path
) -> None:
    await listen(page)
    await page.screenshot(path=tmp_path / "cluster.png")
    tap = await live_tap(floor, page)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            ear = await stack.enter_async_context(await socket(floor, page, f"/listen/{tap}"))
            async with asyncio.timeout(PATIENCE):
                while not isinstance(await message(ear), bytes):
                    pass
            for _ in range(OTHERS):
                await stack.enter_async_context(await socket(floor, page, "/console"))

    async def at_two_workers() -> bool:
        return len(used(floor, f"/listen/{tap}")) >= 2

    assert await eventually(at_two_workers)  # the tap's media is at one


async def test_prometheus_reads_every_worker(floor: ClusterFloor) -> None:
    async def all_up() -> bool:
        targets = await asyncio.to_thread(floor.told, "targets")
        return [one["health"] for one in targets["activeTargets"]] == ["up"] * 4

    assert await eventually(all_up)


async def firing(floor: ClusterFloor) -> set[str]:
    told: dict[str, Any] = await asyncio.to_thread(floor.told, "alerts")
    return {one["labels"]["alertname"] for one in told["alerts"] if one["state"] == "firing"}


async def test_an_alert_fires_while_a_worker_is_away_and_is_cleared(floor: ClusterFloor) -> None:
    async def fires() -> bool:
        return AWAY in await firing(floor)

    async def is_cleared() -> bool:
        return AWAY not in await firing(floor)

    assert await eventually(is_cleared)  # all have been asked once
    name = next(iter(floor.workers))
    await asyncio.to_thread(floor.end_worker, name)
    assert await eventually(fires)
    floor.start_worker(name)
    await asyncio.to_thread(floor.wait_for_worker, name)
    assert await eventually(is_cleared)
