"""What a supervisor sets on the pages, and finds again."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, expect

from monitor.models import UserSettings
from monitor.services.user_settings import settings_of
from tests.support.browsing import sign_in
from tests.support.servers import Server
from tests.support.talk import open_tap
from tests.support.waiting import eventually

#: A browser that names its devices once it was asked for the microphone, and says where it plays.
DEVICES = """
const named = [{kind: "audiooutput", deviceId: "default", label: "Default"},
               {kind: "audiooutput", deviceId: "d1", label: "Headset"}];
let allowed = false;
navigator.mediaDevices.getUserMedia = async () => { allowed = true; return new MediaStream(); };
navigator.mediaDevices.enumerateDevices = async () => allowed ? named : [];
window.playedOn = [];
AudioContext.prototype.setSinkId = async (id) => window.playedOn.push(id);
"""


async def settings(page: Page) -> Locator:
    """Open the dialog with the settings."""
    await page.get_by_role("button", name="Settings").click()
    return page.get_by_role("dialog", name="Settings")


async def background(page: Page) -> str:
    return str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))


async def test_the_volume_is_found_again_in_another_browser_and_none_keeps_it(
    page: Page, agents_server: Server, alice: User
) -> None:
    opened = await open_tap(agent="Receptionist")
    address = f"{agents_server.url}/calls/{opened.tap.call_id}"
    await sign_in(page, agents_server)
    await page.goto(address)
    await page.get_by_label("Volume").fill("40")
    await page.goto(agents_server.url + "/")  # at once: the page saves while it is left
    await eventually(UserSettings.objects.aexists)
    assert await page.evaluate("localStorage.length") == 0
    assert page.context.browser
    other = await page.context.browser.new_page()
    await sign_in(other, agents_server)
    await other.goto(address)
    await expect(other.get_by_label("Volume")).to_have_value("40")
    await other.close()


async def test_the_chosen_theme_wins_over_the_systems_and_is_there_on_the_next_page(
    page: Page, agents_server: Server, alice: User
) -> None:
    await page.emulate_media(color_scheme="light")
    await sign_in(page, agents_server)
    light = await background(page)
    dialog = await settings(page)
    await dialog.get_by_label("Dark").check()
    dark = await background(page)
    assert dark != light
    await dialog.get_by_role("link", name="Change your password").click()
    await expect(page.get_by_role("heading", name="Change your password")).to_be_visible()

    async def kept() -> bool:
        return bool((await sync_to_async(settings_of)(alice))["theme"] == "dark")

    await eventually(kept)
    await page.reload()
    assert await background(page) == dark
    await (await settings(page)).get_by_label("As the system").check()
    assert await background(page) == light


async def test_the_sound_goes_to_the_device_that_was_chosen_in_this_browser(
    page: Page, agents_server: Server, alice: User
) -> None:
    await page.add_init_script(DEVICES)
    await sign_in(page, agents_server)
    dialog = await settings(page)
    await dialog.get_by_role("button", name="Show the devices").click()
    await dialog.get_by_label("Sound device").select_option("Headset")
    assert await page.evaluate("window.playedOn") == ["d1"]
    await eventually(UserSettings.objects.aexists)
    await page.reload()
    await expect(page.locator("#console")).to_have_attribute("data-state", "live")
    assert await page.evaluate("window.playedOn") == ["d1"]
    assert await page.evaluate("Object.keys(localStorage)") == ["earshot.browser"]
