"""A supervisor stops and starts the monitoring of a call, through the simulated REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, expect

from monitor.models import CallOrder, ListenSession, OrderKind
from monitor.sim.call import Script
from monitor.sim.fleet import Fleet, Plan
from monitor.sim.rest import Fault, RestApi
from tests.support import environment
from tests.support.accounts import account
from tests.support.browsing import listen, sign_in
from tests.support.cast import permit
from tests.support.rest import TOKEN
from tests.support.servers import Server
from tests.support.waiting import eventually

REST_PORT = environment.free_port()

#: What the row says when a start meets a fault of the API.
TOLD = {
    Fault.KEY: "refuses Earshot’s API token. Ask an administrator.",
    Fault.INVALID: "does not accept the request. Ask an administrator.",
    Fault.BUSY: "has too many requests. Try again in a minute.",
    Fault.BROKEN: "has a problem of its own. Try again.",
}


@pytest.fixture
def server(transactional_db: Any, static_files: None) -> Iterator[Server]:
    """A server with the agents, for which SignalWire's REST API is the simulator's."""
    with Server(
        app="agents.asgi:application",
        SIGNALWIRE_SPACE=f"127.0.0.1:{REST_PORT}",
        SIGNALWIRE_PROJECT_ID="project-1",
        SIGNALWIRE_API_TOKEN=TOKEN,
    ) as server:
        yield server


@pytest.fixture
def alice(alice: User) -> User:
    """Alice may stop and start taps."""
    permit(alice, "start_tap", "stop_tap")
    return alice


@pytest.fixture
def script() -> Script:
    """A call in which a tone is heard."""
    return Script(tone=440)


@pytest_asyncio.fixture(loop_scope="session")
async def api(server: Server, script: Script) -> AsyncIterator[RestApi]:
    """The API of one call that goes on."""
    ours = replace(account(server), api_token=TOKEN)
    fleet = Fleet(ours, script, Plan(calls=1, seconds=3600), lambda text: None)
    api = RestApi(ours, fleet.find)
    async with api.serving(REST_PORT):
        calling = asyncio.create_task(fleet.once())
        yield api
        fleet.hang_up.set()
        await calling


@dataclass(frozen=True)
class Shown:
    """The call's row on the page, and its deck."""

    page: Page

    @property
    def row(self) -> Locator:
        return self.page.locator("[data-call]")

    @property
    def deck(self) -> Locator:
        return self.page.locator(".deck")

    async def says(self, words: str) -> None:
        for place in (self.row, self.deck):
            await expect(place.locator("[data-part=order-words]")).to_contain_text(words)

    async def open_more(self) -> None:
        """Unfold what is needed less often. A deck that was opened anew has it folded."""
        if not await self.deck.locator("[data-part=panel]").is_visible():
            await self.deck.get_by_role("button", name="More").click()

    async def stop(self) -> None:
        await self.open_more()
        await self.deck.get_by_role("button", name="Stop monitoring").click()
        await self.deck.get_by_role("button", name="Really stop").click()

    async def start(self) -> None:
        await self.row.get_by_role("button", name="Listen in").click()


async def heard_after_the_stop() -> float:
    """Return for how many seconds after the stop its listener still heard the call."""

    async def ended() -> ListenSession | None:
        return await ListenSession.objects.exclude(ended_at=None).afirst()

    session: ListenSession = await eventually(ended)
    order = await CallOrder.objects.aget(kind=OrderKind.STOP)
    assert session.ended_at
    return (session.ended_at - order.asked_at).total_seconds()


async def test_a_call_is_stopped_and_started_again_and_each_error_is_told(
    page: Page, server: Server, api: RestApi, alice: User
) -> None:
    shown = Shown(page)
    await sign_in(page, server)
    await listen(page)

    await shown.open_more()
    await shown.deck.get_by_role("button", name="Stop monitoring").click()
    sure = shown.deck.get_by_role("button", name="Really stop")
    await expect(sure).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(sure).to_be_hidden()
    await expect(shown.deck.get_by_role("button", name="Stop monitoring")).to_be_focused()
    await expect(page.locator(".deck[data-audio=playing]")).to_be_visible()

    api.fault = Fault.KEY
    await shown.stop()
    await expect(page.locator(".deck[data-audio=ended]")).to_be_visible()
    assert await heard_after_the_stop() < 1.0
    await shown.says("SignalWire was not told. SignalWire refuses Earshot’s API token.")

    for fault, told in TOLD.items():
        api.fault = fault
        await shown.start()
        await shown.says(f"Monitoring did not start. SignalWire {told}")

    api.fault = None
    await shown.start()
    await expect(page.locator(".deck[data-audio=playing]")).to_be_visible(timeout=10_000)
    await expect(shown.row.locator("[data-part=order-words]")).to_be_hidden()

    await shown.stop()
    await expect(shown.row.locator("[data-part=state]")).to_have_text("Not tapped")
    api.fault = Fault.GONE
    await shown.start()
    await shown.says("Monitoring did not start. The call is over.")
    await expect(shown.row.get_by_role("button", name="Listen in")).to_be_hidden()
    assert TOKEN not in server.said() + await page.content()


@pytest.mark.parametrize("script", [Script(tone=440, untapped=1)])
async def test_a_call_that_was_never_tapped_is_listened_in_to(
    page: Page, server: Server, api: RestApi, alice: User
) -> None:
    shown = Shown(page)
    await sign_in(page, server)
    await expect(shown.row).to_have_attribute("data-state", "untapped")
    await shown.start()
    await expect(page.locator(".deck[data-audio=playing]")).to_be_visible()
    await expect(shown.row).to_have_attribute("data-state", "tapping")
    await shown.stop()
    await expect(shown.row).to_have_attribute("data-state", "untapped")
    await expect(shown.row.get_by_role("button", name="Listen in")).to_be_visible()
