"""What a supervisor is told who looks at something else."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support.browsing import sign_in
from tests.support.listed import Listed, call, condition
from tests.support.servers import Server

#: A desktop that agrees to show what it is told, while the user looks at another window.
DESKTOP = """
document.hasFocus = () => false;
window.notified = [];
window.Notification = class {
  static permission = "default";
  static requestPermission = async () => (Notification.permission = "granted");
  constructor(title, {body}) { window.notified.push(this); this.words = `${title}: ${body}`; }
  close() {}
};
"""


async def test_a_call_that_needs_attention_shows_in_the_title_and_on_the_desktop(
    page: Page, agents_server: Server, alice: User
) -> None:
    await page.add_init_script(DESKTOP)
    listed = Listed(page)
    await listed.serve(call(1), call(2, attention=[condition()]))
    await sign_in(page, agents_server)
    await expect(page).to_have_title("(1) Live calls – Earshot")
    assert await page.evaluate("window.notified.length") == 0  # nobody has asked for it
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Tell me on the desktop").check()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    listed.say(call(1, 3, attention=[condition("dead_air", 60)]))
    await expect(page).to_have_title(re.compile(r"^\(2\) "))
    told = await page.evaluate("window.notified.map(one => one.words)")
    assert [re.sub(r"0:\d+", "0:42", words) for words in told] == [
        "Receptionist: Nobody has spoken for 0:42"
    ]
    await page.evaluate("window.notified[0].onclick()")
    await expect(page.locator("[data-call='1'] [data-action]")).to_be_focused()
