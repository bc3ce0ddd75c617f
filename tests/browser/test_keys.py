"""What a supervisor does with the keyboard alone."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support.browsing import Simulate, hears, sign_in
from tests.support.servers import Server
from tests.support.talk import open_tap


async def test_the_keyboard_alone_leads_from_the_sign_in_to_the_sound(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    simulate("--tone", "440", "--seconds", "60")
    await page.goto(agents_server.url + "/")
    for key in ("alice", "Tab", "alice's password", "Enter"):
        await (page.keyboard.press(key) if key[0].isupper() else page.keyboard.type(key))
    await expect(page.locator("[data-call][data-state=tapping]")).to_have_count(1, timeout=15_000)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".deck[data-audio=playing]")).to_be_visible(timeout=15_000)
    await hears(page, 440)
    await page.keyboard.press("m")
    await expect(page.locator(".deck[data-audio=muted]")).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")  # closes the dialog, and not the deck
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("1")
    await expect(page.locator(".deck")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".deck")).to_have_count(0)


async def test_single_keys_can_be_switched_off(
    page: Page, agents_server: Server, alice: User
) -> None:
    await open_tap(agent="Receptionist")
    await sign_in(page, agents_server)
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await dialog.get_by_label("Single keys do something").uncheck()
    await dialog.get_by_role("button", name="Close").click()
    await page.keyboard.press("?")
    await expect(dialog).to_be_hidden()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(dialog.get_by_label("Single keys do something")).not_to_be_checked()
