"""What strangers name themselves, and what they say, is shown and never run."""

from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor.models import Agent, Tap, Team
from tests.support.browsing import listen, sign_in
from tests.support.servers import Server
from tests.support.talk import open_tap, speaking
from tests.support.tellings import tell
from tests.support.words import heard, said, summary

#: Each leaves a mark in the page if any part of it becomes an element, an attribute or a script.
MARKUP = '"><img data-hostile src=x onerror="hostile()">'
SCRIPT = "</script><script>hostile()</script>"
ATTRIBUTE = "' onmouseover='hostile()' data-hostile='"
ADMIN = ("call", "tap", "listensession", "ledgerentry", "callorder", "agent", "team")


def spread(tap: Tap, user: User) -> None:
    """Put hostile texts wherever strangers or colleagues may write one."""
    Agent.objects.filter(name=SCRIPT).update(team=Team.objects.create(name=MARKUP))
    call_id = tap.call.call_id
    tell(heard(f"{MARKUP} {SCRIPT}", call_id), None)
    tell(
        summary(call_id, call_log=[said("user", ATTRIBUTE)], post_prompt_data={"raw": SCRIPT}), None
    )
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True, first_name=MARKUP)


async def assert_nothing_ran(page: Page) -> None:
    """A policy's refusal fails the test by itself: see the fixture ``page``."""
    assert await page.evaluate("window.ran ?? 0") == 0
    assert await page.locator("[data-hostile], [onerror], [onmouseover]").count() == 0


async def test_names_and_words_with_markup_are_shown_as_text(
    page: Page, server: Server, alice: User
) -> None:
    await page.add_init_script("window.hostile = window.alert = () => { window.ran = 1; }")
    opened = await open_tap(
        f"call-{MARKUP}", agent=SCRIPT, caller=ATTRIBUTE, caller_name=MARKUP, reason=SCRIPT
    )
    await database_sync_to_async(spread)(opened.tap, alice)
    async with speaking(server, opened):
        await sign_in(page, server)
        await expect(page.locator("#console")).to_contain_text(MARKUP)
        await listen(page)
        await assert_nothing_ran(page)
    call = opened.tap.call_id
    for path in (f"/calls/{call}", f"/calls/{call}/deck"):
        await page.goto(server.url + path)
        await expect(page.locator("body")).to_contain_text("onerror")
        await assert_nothing_ran(page)
    for model in ADMIN:
        await page.goto(f"{server.url}/admin/monitor/{model}/")
        await assert_nothing_ran(page)
    for path in (f"call/{call}", f"tap/{opened.tap.pk}"):
        await page.goto(f"{server.url}/admin/monitor/{path}/change/")
        await expect(page.locator("body")).to_contain_text("onerror")
        await assert_nothing_ran(page)


async def test_a_mark_is_left_by_what_does_run(page: Page, server: Server) -> None:
    """Without this, the test would pass if no page could ever run anything."""
    await page.add_init_script("window.hostile = () => { window.ran = 1; }")
    await page.goto(server.url + "/login")
    await page.evaluate("hostile()")
    with pytest.raises(AssertionError):
        await assert_nothing_ran(page)
