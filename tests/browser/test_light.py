"""The light of a deck in each of its states, each brought about from outside the page."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import websockets
from django.contrib.auth.models import User
from playwright.async_api import Page, Playwright, expect

from tests.support.browsers import CHROMIUM, FLAGS
from tests.support.browsing import Simulate, listen, sign_in
from tests.support.servers import Server
from tests.support.talk import LateProxy, open_tap

SILENCE = b"\xff"  # in mu-law
VOICE = bytes([0x90, 0x10])  # a tone of 4 kHz
SOON = 20_000  # ms; a dead connection is noticed after 6 s


@pytest.fixture
def own_server(transactional_db: Any) -> Iterator[Server]:
    """A server that a test may stop."""
    with Server() as server:
        yield server


@contextlib.asynccontextmanager
async def call_of(server: Server, sound: bytes) -> AsyncIterator[asyncio.Task[None]]:
    """Have a call whose sender repeats a sound, and connects again whenever it must."""
    opened = await open_tap(agent="Receptionist")
    task = asyncio.create_task(send_for_ever(server, opened.uri, sound))
    yield task
    task.cancel()


async def send_for_ever(server: Server, uri: str, sound: bytes) -> None:
    """Send a sound in real time; after a loss of the connection go on in a new one."""
    packet = (sound * 160)[:160]
    while True:
        with contextlib.suppress(OSError, websockets.WebSocketException):
            async with server.tap(uri) as sender:
                while True:
                    await sender.send(packet)
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)


async def shows(page: Page, state: str) -> None:
    await expect(page.locator(".deck")).to_have_attribute("data-audio", state, timeout=SOON)


async def test_live_says_how_many_ms_after_the_tap_the_call_is_heard(
    page: Page, own_server: Server, alice: User
) -> None:
    await sign_in(page, own_server)
    async with call_of(own_server, VOICE):
        await listen(page)
        delay = page.locator(".deck [data-part=delay]")
        await expect(delay).to_have_text(re.compile(r"^\d+ ms$|^\d\.\d s$"))
        number, unit = (await delay.inner_text()).split()
        # Less than 60 ms of a Frame and what the player holds cannot be.
        assert 60 < float(number) * (1000 if unit == "s" else 1) < 3000


async def test_silent_while_audio_flows_and_nobody_speaks(
    page: Page, own_server: Server, alice: User
) -> None:
    await sign_in(page, own_server)
    async with call_of(own_server, SILENCE):
        await page.locator("[data-call][data-state=tapping] [data-action=listen]").click()
        await shows(page, "silent")


async def test_stalled_when_the_carrier_sends_nothing(
    page: Page, own_server: Server, alice: User
) -> None:
    await sign_in(page, own_server)
    opened = await open_tap(agent="Receptionist")
    async with own_server.tap(opened.uri) as sender:
        await page.locator("[data-action=listen]").first.click()
        for number in range(25):  # half a second of sound, then nothing
            await sender.send(VOICE * 80)
            await asyncio.sleep(0.02 if number else 0.5)
        await shows(page, "stalled")
        await expect(page.locator("[data-audio=playing]")).to_have_count(0)


async def test_behind_when_the_network_brings_the_call_late(
    page: Page, transactional_db: Any, alice: User
) -> None:
    async with LateProxy() as proxy:
        slow = f"http://127.0.0.1:{proxy.port}"
        with Server(ALLOWED_ORIGINS=slow) as server:
            proxy.to = server.port
            await sign_in(page, server)
            async with call_of(server, VOICE):
                await page.goto(slow)
                await listen(page)
                await expect(page.locator(".deck [data-part=delay]")).to_be_visible()
                proxy.delay = 3.5
                await shows(page, "behind")
                await expect(page.locator(".deck")).to_contain_text(re.compile(r"[34]\.\d s late"))
            await page.goto("about:blank")  # leaves the proxy before it ends


async def test_reconnecting_when_the_server_hangs_and_live_when_it_goes_on(
    page: Page, own_server: Server, alice: User
) -> None:
    await sign_in(page, own_server)
    async with call_of(own_server, VOICE):
        await listen(page)
        os.kill(own_server.process.pid, signal.SIGSTOP)
        try:
            await shows(page, "buffering")  # and not live: what was held has been heard
            await shows(page, "reconnecting")
        finally:
            os.kill(own_server.process.pid, signal.SIGCONT)
        await shows(page, "playing")


async def test_a_killed_server_that_is_back_is_heard_without_a_click(
    page: Page, own_server: Server, alice: User
) -> None:
    await sign_in(page, own_server)
    async with call_of(own_server, VOICE):
        await listen(page)
        own_server.process.kill()
        await asyncio.to_thread(own_server.process.wait)
        await shows(page, "reconnecting")
        await asyncio.to_thread(own_server.start)
        await shows(page, "playing")
        await expect(page.locator("#console[data-state=live]")).to_be_visible(timeout=SOON)


async def test_ended_when_the_call_is_over(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "6")
    await listen(page)
    await shows(page, "ended")


async def test_blocked_under_the_default_autoplay_policy_until_one_click(
    playwright: Playwright, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    chromium = await playwright.chromium.launch(
        executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--mute-audio"]
    )
    context = await chromium.new_context()
    console = await context.new_page()
    await sign_in(console, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    row = console.locator("[data-call][data-state=tapping]")
    call_id = await row.get_attribute("data-call", timeout=SOON)
    window = await context.new_page()  # which nobody has clicked
    await window.goto(f"{agents_server.url}/calls/{call_id}/deck")
    await shows(window, "blocked")
    await window.get_by_role("button", name="Resume").click()
    await shows(window, "playing")
    await chromium.close()
