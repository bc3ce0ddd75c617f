"""A supervisor reads what is said, and hears it, in a real Chromium."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.async_api import Page, expect

from monitor.audio.g711 import SAMPLE_RATE
from monitor.models import Call
from monitor.sim import voice
from tests.support import hearing
from tests.support.browsing import Simulate, hears, is_behind, listen, press, sign_in
from tests.support.servers import Server
from tests.support.speaker import call
from tests.support.tellings import tell
from tests.support.words import events

EARLIER, LATER = 440, 660  # Hz
STEP = 0.01  # seconds between two values of an envelope
AT_THE_EAR = 1.0  # seconds between a sentence that is heard and its words, at most
#: Notes when each line of the transcript appeared, in ms since the page's recording began.
WATCH = """
() => {
  const began = performance.now();
  window.appeared = [];
  const note = (row) => window.appeared.push({
    ms: performance.now() - began,
    text: row.querySelector("[data-part=text]").textContent,
  });
  new MutationObserver((changes) => {
    for (const {addedNodes} of changes) addedNodes.forEach(note);
  }).observe(document.querySelector("[data-part=lines]"), {childList: true});
}
"""


def envelope(samples: np.ndarray, rate: float) -> np.ndarray:
    """Return how loud each 10 ms are."""
    window = int(rate * STEP)
    windows = samples[: len(samples) // window * window].reshape(-1, window)
    loud: np.ndarray = np.sqrt(np.mean(windows.astype(float) ** 2, axis=1))
    return loud


def found_at(spoken: np.ndarray, heard: np.ndarray) -> float | None:
    """Return after how many seconds one envelope begins in another; None if it is not all there."""
    if len(spoken) > len(heard):
        return None
    pieces = np.lib.stride_tricks.sliding_window_view(heard, len(spoken))
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    wanted = spoken - spoken.mean()
    scale = np.linalg.norm(pieces, axis=1) * np.linalg.norm(wanted) + 1e-9
    likeness = pieces @ wanted / scale
    return float(likeness.argmax() * STEP) if likeness.max() > 0.85 else None


def delays(appeared: list[dict[str, Any]], samples: np.ndarray, rate: int) -> dict[str, float]:
    """Return by how many seconds the words of each sentence appeared after it was heard.

    An agent's words are due when it begins, and a caller's when they end.
    """
    heard = envelope(samples, rate)
    shown = {line["text"]: line["ms"] / 1000 for line in appeared}
    found = {}
    for turn in voice.read_turns():
        spoken = envelope(np.frombuffer(turn.pcm, dtype="<i2"), SAMPLE_RATE)
        began = found_at(spoken, heard) if turn.text in shown else None
        if began is not None:
            due = began + (len(spoken) * STEP if turn.speaker == "caller" else 0)
            found[turn.text] = shown[turn.text] - due
    return found


async def test_words_appear_while_they_are_heard(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--seconds", "60")
    await listen(page)
    await page.evaluate(WATCH)
    samples, rate = await hearing.record(page, 20)
    found = delays(await page.evaluate("window.appeared"), samples, rate)
    assert len(found) >= 2
    assert max(map(abs, found.values())) < AT_THE_EAR, found


def say(text: str) -> None:
    """Have the agent of the one call say something now."""
    told = events(
        Call.objects.get().call_id, conversation_add={"role": "assistant", "content": text}
    )
    tell(told, timezone.now())


async def test_a_click_on_a_line_plays_it_and_going_back_scrolls_to_what_is_heard(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    async with call(agents_server, EARLIER) as speaker:
        await asyncio.sleep(2)
        await sync_to_async(say)("This was said before.")
        await asyncio.sleep(3)
        speaker.change_to(LATER)
        for number in range(20):
            await sync_to_async(say)(f"This was said later, {number}.")
        await listen(page)
        first = page.locator(".transcript-line", has_text="said before")
        last = page.locator(".transcript-line", has_text="later, 19.")
        await expect(last).to_be_in_viewport()
        await first.get_by_role("button").click()
        await is_behind(page)
        await hears(page, EARLIER)
        await expect(first).to_have_attribute("aria-current", "true")
        await press(page, "Live")
        await expect(last).to_be_in_viewport()
        await hears(page, LATER)
        await press(page, "Back 10 seconds")
        await expect(first).to_have_attribute("aria-current", "true")
        await expect(first).to_be_in_viewport()
        await expect(last).not_to_be_in_viewport()
