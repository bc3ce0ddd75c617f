"""What a supervisor does in a browser."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support import hearing
from tests.support.servers import Server, cookie

Simulate = Callable[..., "subprocess.Popen[bytes]"]


async def sign_in(page: Page, server: Server, name: str = "alice") -> None:
    """Open the live list as somebody whose session has begun elsewhere."""
    user = await User.objects.aget(username=name)
    session, _, key = (await sync_to_async(cookie)(user)).partition("=")
    await page.context.add_cookies([{"name": session, "value": key, "url": server.url}])
    await page.goto(server.url + "/")
    await expect(page.locator("#console")).to_have_attribute("data-state", "live")


async def type_password(page: Page, address: str) -> None:
    """Sign in as alice at the server of this address, or do the first step of it."""
    await page.goto(f"{address}/login")
    await page.get_by_label("User name").fill("alice")
    await page.get_by_label("Password").fill("alice's password")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Sign in").click()


async def listen(page: Page) -> None:
    """Click Listen on the first call, and wait until it says that it plays."""
    row = page.locator("[data-call][data-state=tapping]").first
    await row.locator("[data-action=listen]").click()
    await expect(page.locator("[data-audio=playing]").first).to_be_visible(timeout=15_000)


async def hears(page: Page, hz: float) -> None:
    """Assert that a page plays one tone for 2 s without a gap, if not at once then soon."""
    sides, rate = await hearing.record_unbroken(page, 2)
    hearing.assert_tone(sides.mean(axis=0), rate, hz)


async def press(page: Page, name: str) -> None:
    await page.locator(".deck").get_by_role("button", name=name, exact=True).click()


async def is_behind(page: Page) -> None:
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "behind")
