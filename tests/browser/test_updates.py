"""Pages that were open when the server was updated."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor import staticfiles
from tests.support.browsing import Simulate, listen, sign_in
from tests.support.servers import Server
from tests.support.talk import open_tap
from tests.support.waiting import eventually

#: Keep what was loaded for the audio thread; once ``updated``, the player's file is gone.
KEEP_MODULES = """
const addModule = AudioWorklet.prototype.addModule;
window.modules = [];
AudioWorklet.prototype.addModule = async function (url) {
  const file = window.updated && url.includes("worklets/player") ? "/static/gone.js" : url;
  await addModule.call(this, file);
  window.modules.push(url);
};
"""


async def test_a_page_that_was_open_before_an_update_still_plays(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await page.add_init_script(KEEP_MODULES)
    await sign_in(page, agents_server)

    async def loaded() -> bool:
        return bool(await page.evaluate("window.modules.length > 0"))

    await eventually(loaded)
    await page.evaluate("window.updated = true")
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)


async def test_a_page_of_this_build_offers_no_reload_and_one_of_another_does(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    offer = page.locator("[data-part=update]")
    await expect(offer).to_be_hidden()
    assert await page.locator("#console").get_attribute("data-build") == staticfiles.build() != ""
    await page.evaluate("document.querySelector('#console').dataset.build = 'older'")
    await open_tap(agent="Receptionist")
    await page.locator("[data-action=listen]").first.click()  # the server names its build again
    await expect(offer).to_be_visible()
    await offer.get_by_role("link").click()
    await expect(page.locator("#console")).to_have_attribute("data-build", staticfiles.build())
    await expect(offer).to_be_hidden()
