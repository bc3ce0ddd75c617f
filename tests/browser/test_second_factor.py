"""A second factor in a real browser, with a security key that Chromium plays."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support.browsing import type_password
from tests.support.servers import Server

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

#: What a browser does when no key answers.
REFUSING = "() => { navigator.credentials.create = () => Promise.reject(new Error('none')); }"


@pytest_asyncio.fixture(loop_scope="session")
async def keyed(page: Page) -> AsyncIterator[Page]:
    """A page of a browser with a security key plugged in."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    yield page
    await devtools.send("WebAuthn.disable")


def named(server: Server) -> str:
    """Return the server's address under a name, because a key belongs to a name."""
    return server.url.replace("127.0.0.1", "localhost")


async def test_a_security_key_is_added_and_signs_in(
    keyed: Page, server: Server, alice: User
) -> None:
    address = named(server)
    await type_password(keyed, address)
    await expect(keyed.locator("#console")).to_be_visible()
    await keyed.goto(f"{address}/second-factor")
    await keyed.get_by_role("link", name="Add a key").click()
    await keyed.get_by_label("A name for it").fill("Blue key")
    await keyed.get_by_role("button", name="Add the key").click()
    await expect(keyed.get_by_role("heading", name="Recovery codes")).to_be_visible()
    await keyed.goto(f"{address}/second-factor")
    await expect(keyed.get_by_text("Security key: Blue key")).to_be_visible()
    await keyed.get_by_role("button", name="Sign out").click()
    await type_password(keyed, address)
    await keyed.get_by_role("button", name="Use your security key").click()
    await expect(keyed.locator("#console")).to_be_visible()


async def test_a_browser_without_the_key_says_so(page: Page, server: Server, alice: User) -> None:
    await type_password(page, named(server))
    await expect(page.locator("#console")).to_be_visible()
    await page.goto(f"{named(server)}/second-factor/key")
    await page.evaluate(REFUSING)
    await page.get_by_role("button", name="Add the key").click()
    await expect(page.get_by_text("No key answered")).to_be_visible()
