"""Sound that the browser or the system takes away from a page that is listening."""

from __future__ import annotations

import asyncio

from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor.models import ListenSession
from tests.support.browsing import Simulate, hears, listen, sign_in
from tests.support.servers import Server
from tests.support.waiting import eventually

#: Keep the page's AudioContexts where a test finds them.
KEEP_CONTEXTS = """
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...options) { super(...options); window.contexts.push(this); }
};
"""


async def test_a_sound_that_is_taken_away_is_one_listening_that_goes_on_at_a_click(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await page.add_init_script(KEEP_CONTEXTS)
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)
    await page.evaluate("window.contexts.at(-1).suspend()")
    await expect(page.locator(".deck [data-part=words]")).to_have_text("Sound is paused")
    await asyncio.sleep(7)  # from 5 s on the server skips frames for who is behind
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "playing")
    await hears(page, 440)
    await page.locator("[data-action=stop]").first.click()

    async def ended() -> ListenSession | None:
        return await ListenSession.objects.filter(ended_at__isnull=False).afirst()

    session = await eventually(ended)
    assert await ListenSession.objects.acount() == 1
    assert (session.end_reason, session.dropped) == ("the page left", 0)


#: A context that a test can stop although it says that it runs.
DEAD_CONTEXT = """
const Native = AudioContext;
window.contexts = [];
window.AudioContext = class extends Native {
  constructor(...options) { super(...options); window.contexts.push(this); }
  get state() { return this.diedAt === undefined ? super.state : "running"; }
  get currentTime() { return this.diedAt ?? super.currentTime; }
  async die() { this.diedAt = super.currentTime; await super.suspend(); }
};
"""


async def test_a_context_that_dies_is_replaced_and_the_call_is_heard_on(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await page.add_init_script(DEAD_CONTEXT)
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)
    contexts = await page.evaluate("window.contexts.at(-1).die(), window.contexts.length")
    await page.wait_for_function("before => window.contexts.length > before", arg=contexts)
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "playing")
    await hears(page, 440)
    assert await ListenSession.objects.acount() == 1
