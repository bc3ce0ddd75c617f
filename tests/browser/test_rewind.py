"""A supervisor goes back in a call, and returns to live."""

from __future__ import annotations

import asyncio
import re

import numpy as np
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor.models import ListenSession
from tests.support import hearing
from tests.support.browsing import Simulate, hears, is_behind, listen, press, sign_in
from tests.support.servers import Server
from tests.support.speaker import call

EARLIER, LATER = 440, 660  # Hz
PITCH = 0.02  # how far a tone may be off
SILENCE = 0.005  # seconds


def longest_silence(samples: np.ndarray, rate: int) -> float:
    """Return the longest run of zeros in seconds."""
    sounding = np.flatnonzero(np.abs(samples) > 1e-6)
    edges = np.concatenate(([-1], sounding, [len(samples)]))
    return float(np.diff(edges).max() - 1) / rate


async def test_ten_seconds_back_the_earlier_tone_is_heard_and_live_the_later_one(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    async with call(agents_server, EARLIER) as speaker:
        await listen(page)
        await asyncio.sleep(8)
        speaker.change_to(LATER)
        await asyncio.sleep(2)
        await hears(page, LATER)
        await press(page, "Back 10 seconds")
        await is_behind(page)
        await hears(page, EARLIER)
        await asyncio.sleep(15)  # the server closes a connection that is 10 s behind
        await is_behind(page)
        await expect(page.locator("[data-part=behind]")).to_have_text(
            re.compile(r"^(9|10|11) s behind live$")
        )
        await press(page, "Live")
        await expect(page.locator(".deck")).to_have_attribute("data-audio", "playing")
        await hears(page, LATER)
    session = await ListenSession.objects.aget()
    assert session.dropped == 0


async def test_who_joins_late_hears_at_once_what_was_said_before(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    async with call(agents_server, EARLIER) as speaker:
        await asyncio.sleep(6)
        speaker.change_to(LATER)
        await asyncio.sleep(3)
        await listen(page)
        await press(page, "Back 30 seconds")
        await is_behind(page)
        await hears(page, EARLIER)


async def test_a_catch_up_keeps_the_pitch_and_returns_to_live(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    async with call(agents_server, EARLIER):
        await asyncio.sleep(12)
        await listen(page)
        await press(page, "Back 10 seconds")
        await is_behind(page)
        await press(page, "1.5×")
        samples, rate = await hearing.record(page, 5)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        found = spectrum.argmax() * rate / len(samples)
        assert abs(found / EARLIER - 1) < PITCH, f"heard {found:.1f} Hz"
        assert longest_silence(samples, rate) < SILENCE
        await expect(page.locator(".deck")).to_have_attribute(
            "data-audio", "playing", timeout=30_000
        )
        await expect(page.locator("[data-part=live]")).to_have_attribute("aria-pressed", "true")
        await hears(page, EARLIER)


async def test_the_last_words_of_an_ended_call_are_heard_again(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", str(EARLIER), "--seconds", "9")
    await listen(page)
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "ended", timeout=20_000)
    await press(page, "Back 10 seconds")
    await is_behind(page)
    await hears(page, EARLIER)
    await expect(page.locator(".deck")).to_have_attribute("data-audio", "ended", timeout=20_000)
