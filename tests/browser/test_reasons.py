"""A supervisor says why before a call is heard whose team demands it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, expect

from monitor.models import Agent, ListenSession, Team
from tests.support.browsing import Simulate, hears, is_behind, press, sign_in
from tests.support.servers import Server


@pytest.fixture(autouse=True)
def _strict(transactional_db: None) -> None:
    """The team of the demo's agent demands reasons."""
    team = Team.objects.create(name="Sales", needs_reason=True)
    Agent.objects.create(name="receptionist", team=team)


async def ask(page: Page) -> Locator:
    """Click Listen on the first call, and return the field that the deck shows then."""
    await page.locator("[data-call][data-state=tapping] [data-action=listen]").first.click()
    field = page.get_by_label("Why do you listen to this call?")
    await expect(field).to_be_visible()
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "refused")
    return field


async def plays(page: Page) -> None:
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "playing", timeout=15_000)


async def test_a_reason_is_typed_and_the_call_heard_and_the_reason_is_not_asked_for_again(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    field = await ask(page)
    await field.fill("  ab ")
    await field.press("Enter")
    error = page.locator("[data-part=reason-error]")
    await expect(error).to_have_text("Say why in 3 characters or more.")
    await field.fill("a complaint")
    await field.press("Enter")
    await plays(page)
    await expect(field).to_be_hidden()
    await hears(page, 440)
    await press(page, "Back 10 seconds")
    await is_behind(page)
    await page.locator("[data-action=deck-stop]").click()
    await page.locator("[data-call][data-state=tapping] [data-action=listen]").first.click()
    await plays(page)
    said = [one async for one in ListenSession.objects.values_list("reason", flat=True)]
    assert said == ["a complaint"] * 2
