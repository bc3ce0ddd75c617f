"""Several calls beside each other, in a real Chromium."""

from __future__ import annotations

from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, expect

from tests.support import hearing
from tests.support.browsing import Simulate, sign_in
from tests.support.servers import Server

LOW, HIGH = 440, 880  # Hz
GLIDES = 200  # ms until a change of loudness is complete
PRESENT, DUCKED, ABSENT = -6, -15, -40  # dB


async def listen_to_all(page: Page, calls: int) -> None:
    """Click Listen on each call that is not on a deck, and wait until all decks play."""
    rows = page.locator("[data-call][data-state=tapping]")
    await expect(rows).to_have_count(calls, timeout=15_000)
    for _ in range(calls - await page.locator(".deck").count()):
        await rows.locator("[data-action=listen]").first.click()
    await expect(page.locator(".deck[data-audio=playing]")).to_have_count(calls, timeout=15_000)


async def shares(page: Page) -> tuple[float, float]:
    """Return how loud the two tones are beside everything that is heard, in dB."""
    await page.wait_for_timeout(GLIDES)
    samples, rate = await hearing.record(page, 2)
    return hearing.share(samples, rate, LOW), hearing.share(samples, rate, HIGH)


def deck_of(page: Page, agent: str) -> Locator:
    return page.get_by_role("region", name=agent)


async def test_two_calls_are_heard_side_by_side_and_a_solo_leaves_one(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", str(LOW), "--seconds", "90")
    await listen_to_all(page, 1)
    simulate("--tone", str(HIGH), "--seconds", "90")
    await listen_to_all(page, 2)
    low, high = await shares(page)
    assert low > PRESENT
    assert high > PRESENT
    first = deck_of(page, "Deck 1")
    await first.get_by_role("button", name="Solo").click()
    low, high = await shares(page)
    assert low > -1
    assert ABSENT < high < DUCKED
    await expect(deck_of(page, "Deck 2")).to_contain_text("another call is in solo")
    await deck_of(page, "Deck 2").get_by_role("button", name="Mute").click()
    low, high = await shares(page)
    assert low > -1
    assert high < ABSENT
    await expect(deck_of(page, "Deck 2")).to_have_attribute("data-audio", "muted")


async def test_the_focus_goes_to_the_next_deck_and_at_last_to_the_row(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--calls", "2", "--tone", str(LOW), "--seconds", "90")
    await listen_to_all(page, 2)
    await deck_of(page, "Deck 1").get_by_role("button", name="Mute").focus()
    await page.keyboard.press("Escape")
    await expect(deck_of(page, "Deck 2")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".deck")).to_have_count(0)
    await expect(page.locator("[data-call] [data-action=listen]:focus")).to_have_count(1)


async def test_a_followed_agents_next_call_is_heard_without_a_click(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", str(LOW), "--seconds", "12")
    await listen_to_all(page, 1)
    deck = deck_of(page, "Deck 1")
    await deck.get_by_role("button", name="More").click()
    await deck.get_by_label("At its end").select_option("agent")
    simulate("--tone", str(HIGH), "--seconds", "90")
    status = page.get_by_role("status").filter(has_text="Deck 1 goes on with Receptionist")
    await expect(status).to_be_visible(timeout=30_000)
    await expect(page.locator(".deck[data-audio=playing]")).to_have_count(1, timeout=15_000)
    low, high = await shares(page)
    assert high > -1
    assert low < ABSENT


async def test_a_deck_in_a_window_of_its_own_plays_on_and_leaves_the_list(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", str(LOW), "--seconds", "90")
    await listen_to_all(page, 1)
    deck = deck_of(page, "Deck 1")
    await deck.get_by_role("button", name="More").click()
    async with page.expect_popup() as opening:
        await deck.get_by_role("button", name="window of its own").click()
    window = await opening.value
    await expect(window.locator(".deck")).to_have_attribute("data-audio", "playing", timeout=15_000)
    await expect(page.locator(".deck")).to_have_count(0)
    await page.goto("about:blank")  # the list is gone, and the window plays on
    await expect(window.locator(".deck")).to_have_attribute("data-audio", "playing")
    await window.close()
