"""Calls that need attention, from their audio to the top of the list and to their moment."""

from __future__ import annotations

import re

import numpy as np
from django.contrib.auth.models import User
from playwright.async_api import Locator, Page, expect

from tests.support import hearing
from tests.support.browsing import Simulate, sign_in
from tests.support.servers import Server

#: What the rows say and what the events of their calls say, in the order in which it is noticed.
HEARD = {
    "The sound is too loud and distorted": "too loud and distorted",
    "side sends packets but no sound": "brought no sound",
    "Nobody has spoken for": "Nobody spoke",
}
HELP = {"Asks for help": "The agent asked for help"}
#: The same rows, the most severe first; the last call is well.
RANKED = (
    "Asks for help",
    "side sends packets but no sound",
    "Nobody has spoken for",
    "The sound is too loud and distorted",
    "^$",
)
SOON = 40_000  # ms; nobody must have spoken for 15 s
#: How loud speech is at least, and silence at most, where 1 is full scale.
SPEECH, SILENCE = 0.02, 0.002


async def loudness(page: Page) -> float:
    """Return how loud the page is within the next second."""
    samples, _ = await hearing.record(page, 1)
    return float(np.sqrt(np.mean(samples**2)))


async def listen_to(page: Page, words: str) -> None:
    """Listen to the call of whose row these words are a part, as soon as it says them."""
    said = page.locator("[data-part=condition-words]", has_text=words)
    row = page.locator("[data-call]").filter(has=said)
    await row.locator("[data-action=listen]").click(timeout=SOON)


async def play_moment(deck: Locator, title: str) -> None:
    """Click what a deck tells of a condition, among the events of its call."""
    await deck.locator(".transport-events summary").click(timeout=SOON)
    event = deck.locator("[data-part=event]").filter(has_text=title)
    await expect(event).to_have_attribute("aria-disabled", "false", timeout=SOON)
    await event.click()
    await expect(deck).to_have_attribute("data-audio", "behind", timeout=SOON)


async def test_calls_in_trouble_rise_to_the_top_in_words_and_each_plays_its_moment(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    """Each call is on a deck before the moment is older than what the server keeps of it, 30 s.

    The agent's request for help is last, because it is over when somebody listens.
    """
    await sign_in(page, agents_server)
    simulate(
        "--calls", "4", "--seconds", "120", "--trouble", "clipping", "dead_air", "one_way", "none"
    )
    for words in HEARD:
        await listen_to(page, words)
    simulate("--seconds", "120", "--trouble", "help")
    rows = page.locator("[data-call]")
    expected = [re.compile(words) for words in RANKED]
    await expect(rows.locator("[data-part=condition-words]")).to_have_text(expected, timeout=SOON)
    await expect(rows.nth(2).get_by_role("img")).to_have_accessible_name(
        re.compile(r"^Both: spoke in \d+ of the \d+ seconds with audio in the last minute$")
    )
    for words in HELP:
        await listen_to(page, words)
    for number, title in enumerate((HEARD | HELP).values()):
        await play_moment(page.locator(".deck").nth(number), title)


async def test_the_mark_of_dead_air_plays_the_last_words_before_it(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--seconds", "120", "--trouble", "dead_air")
    row = page.locator("[data-call]")
    await expect(row).to_contain_text("Nobody has spoken for", timeout=SOON)
    await row.locator("[data-action=listen]").click()
    deck = page.locator(".deck")
    await expect(deck).to_have_attribute("data-audio", "silent", timeout=SOON)
    assert await loudness(page) < SILENCE
    await play_moment(deck, "Nobody spoke")
    assert await loudness(page) > SPEECH
