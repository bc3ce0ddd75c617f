"""What the rows of the live list do, and do not do, while somebody reads them."""

from __future__ import annotations

import re

import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support.browsing import sign_in
from tests.support.listed import Listed, call, condition, iso
from tests.support.servers import Server


@pytest_asyncio.fixture(loop_scope="session")
async def listed(page: Page, agents_server: Server, alice: User) -> Listed:
    """A page that lists the calls 1, 2 and 3."""
    listed = Listed(page)
    await listed.serve(call(1), call(2), call(3))
    await sign_in(page, agents_server)
    await listed.expect_rows(1, 2, 3)
    return listed


async def test_rows_stay_under_the_pointer_until_it_has_rested_for_three_seconds(
    page: Page, listed: Listed
) -> None:
    second = page.locator("[data-call='2']")
    await second.hover()
    place = await second.bounding_box()
    listed.say(call(9, attention=[condition()]))
    await expect(page.locator("[data-part=pill]")).to_have_text("1 row will move")
    await listed.expect_rows(1, 2, 3, 9)
    assert await second.bounding_box() == place
    await expect(page.locator("[data-call='9'] [data-part=mark]")).to_have_text("New")
    await listed.expect_rows(9, 1, 2, 3)
    await expect(page.locator("[data-part=pill]")).to_be_hidden()


async def test_the_pill_moves_the_rows_at_once(page: Page, listed: Listed) -> None:
    third = page.locator("[data-call='3']")
    await third.hover()
    listed.say(call(3, 3, attention=[condition("dead_air", 60)]))
    await expect(third).to_contain_text("Nobody has spoken for 0:4")
    await page.locator("[data-part=pill]").click()
    await listed.expect_rows(3, 1, 2, timeout=1)


async def test_the_focus_survives_a_reorder(page: Page, listed: Listed) -> None:
    button = page.locator("[data-call='3'] [data-action]")
    await button.focus()
    listed.say(call(3, 3, attention=[condition()]))
    await listed.expect_rows(3, 1, 2)
    await expect(button).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[data-call='1'] [data-action]")).to_be_focused()


async def test_the_address_keeps_the_filter_and_the_order(
    page: Page, agents_server: Server, listed: Listed
) -> None:
    await page.get_by_label("Find calls").fill("555 000")
    await page.get_by_label("Order").select_option("longest")
    await listed.expect_rows(3, 2, 1)
    await page.locator("[data-part=legs-menu] summary").click()
    await page.get_by_label("Both", exact=True).check()
    await page.get_by_label("Find calls").fill("0002")
    await listed.expect_rows(2)
    assert page.url == f"{agents_server.url}/?q=0002&leg=both&order=longest"
    await page.reload()
    await listed.expect_rows(2)
    await expect(page.get_by_label("Find calls")).to_have_value("0002")
    await expect(page.locator("[data-part=shown]")).to_have_text("1 of 3 calls")


async def test_a_view_that_was_kept_under_a_name_is_there_after_a_reload(
    page: Page, listed: Listed
) -> None:
    await page.get_by_label("Find calls").fill("Caller 2")
    await page.locator("[data-part=views-menu] summary").click()
    await page.get_by_label("Name of this view").fill("Mine")
    async with page.expect_response("**/settings"):
        await page.get_by_role("button", name="Keep", exact=True).click()
    await page.get_by_role("button", name="Show all calls").click()
    await listed.expect_rows(1, 2, 3)
    await page.reload()
    await listed.expect_rows(1, 2, 3)
    await page.locator("[data-part=views-menu] summary").click()
    await page.get_by_role("button", name="Mine", exact=True).click()
    await listed.expect_rows(2)
    await expect(page.locator("[data-part=views-chosen]")).to_have_text("Mine")


async def test_a_hidden_call_that_needs_attention_is_always_told(
    page: Page, listed: Listed
) -> None:
    await page.get_by_label("Find calls").fill("Caller 2")
    await listed.expect_rows(2)
    listed.say(call(1, 3, attention=[condition(note="a refund")]))
    await expect(page.locator("[data-part=needy]")).to_have_text(
        "1 call that needs attention is hidden by your filter."
    )
    await expect(page.locator("[data-part=spoken]")).to_have_text(
        "Receptionist · Caller 1: Asks for help: a refund"
    )
    await page.get_by_role("button", name="Show all calls").click()
    await listed.expect_rows(1, 2, 3)
    await expect(page.get_by_label("Find calls")).to_be_focused()


async def test_an_ended_call_goes_to_the_bottom_and_can_be_dismissed_by_key(
    page: Page, listed: Listed
) -> None:
    listed.say(call(1, 3, state="finished", ended_at=iso(0)))
    await listed.expect_rows(2, 3, 1)
    await expect(page.locator("[data-call='1'] [data-part=mark]")).to_have_text("Ended")
    await page.locator("[data-call='1'] [data-action=dismiss]").focus()
    await page.keyboard.press("Delete")
    await listed.expect_rows(2, 3)
    await expect(page.locator("[data-call='3'] [data-action]")).to_be_focused()


async def test_a_condition_is_explained_on_focus_until_escape(page: Page, listed: Listed) -> None:
    listed.say(call(2, 3, attention=[condition("dead_air", 60), condition("long_call", 10)]))
    chip = page.get_by_role("button", name="Nobody has spoken for")
    why = page.get_by_role("tooltip")
    await expect(chip).to_have_accessible_description(re.compile("no speech has been found"))
    await chip.focus()
    await expect(why).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(why).to_be_hidden()


async def test_a_row_far_below_says_who_calls_and_offers_to_listen_once_it_is_near(
    page: Page, agents_server: Server, alice: User
) -> None:
    listed = Listed(page)
    await listed.serve(*(call(number) for number in range(1, 61)))
    await sign_in(page, agents_server)
    await listed.expect_rows(*range(1, 61))
    first, last = (page.locator(f"[data-call='{number}'] [data-action]") for number in (1, 60))
    await expect(last).to_have_count(0)
    await first.focus()
    await page.keyboard.press("End")
    await expect(last).to_be_focused()
    await expect(page.locator("[data-call='59'] [data-action]")).to_be_visible()
    await expect(first).to_have_count(0)
    await page.keyboard.press("Home")
    await expect(first).to_be_focused()
    await expect(last).to_have_count(0)
