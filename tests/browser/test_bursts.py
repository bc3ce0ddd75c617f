"""Audio that reaches the page in bursts is all heard."""

from __future__ import annotations

import asyncio
import re

import websockets
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor.models import ListenSession
from tests.support import hearing
from tests.support.browsing import sign_in
from tests.support.servers import Server
from tests.support.talk import open_tap
from tests.support.waiting import eventually

BURST = 1.5  # seconds
SQUARE = bytes([0x90] * 8 + [0x10] * 8)  # 500 Hz


async def send_bursts(sender: websockets.ClientConnection) -> None:
    """Speak until cancelled, like a sender that gathers audio before it sends it."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for _ in range(int(BURST / 0.02)):
            await sender.send(SQUARE * 10)
        due += BURST
        await asyncio.sleep(due - loop.time())


async def test_a_sender_that_gathers_its_audio_is_all_heard_and_the_page_says_how_late(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    opened = await open_tap(agent="Receptionist")
    async with agents_server.tap(opened.uri) as sender:
        sending = asyncio.create_task(send_bursts(sender))
        await page.locator("[data-action=listen]").first.click()
        detail = page.locator(".deck [data-part=detail]")
        await expect(detail).to_contain_text("s at a time", timeout=15_000)
        await hearing.record(page, 2 * BURST)  # until the buffer holds a burst
        samples, rate = await hearing.record(page, 4 * BURST)
        assert hearing.share_heard(samples, rate) >= 0.99
        late = page.locator(".deck [data-part=delay]")
        await expect(late).to_have_text(re.compile(r"^(1\.[5-9]|2\.\d) s$"))
        await page.locator("[data-action=stop]").first.click()
        sending.cancel()

    async def ended() -> ListenSession | None:
        return await ListenSession.objects.filter(ended_at__isnull=False).afirst()

    assert (await eventually(ended)).dropped == 0  # the server did not take it for too slow
