"""The two sides of a call, tapped apart, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support import hearing
from tests.support.browsing import listen, sign_in
from tests.support.servers import RtpTaps, Server
from tests.support.talk import open_tap

CALLER, AGENT = 440, 880  # Hz
ABSENT = -40  # dB


@pytest_asyncio.fixture(loop_scope="session")
async def speaking(
    page: Page,
    agents_server: Server,
    rtp_taps: RtpTaps,
    ffmpeg: Callable[..., None],
    alice: User,
) -> Page:
    """The page of the live list, while a call is tapped whose sides hold different tones."""
    await sign_in(page, agents_server)
    for direction, hz in (("speak", CALLER), ("listen", AGENT)):
        opened = await open_tap(agent="Receptionist", direction=direction, transport="rtp")
        ffmpeg(f"sine=frequency={hz}:sample_rate=8000:samples_per_frame=160", opened.uri)
    return page


async def test_both_sides_are_one_row_the_caller_heard_left_and_the_agent_right(
    speaking: Page,
) -> None:
    row = speaking.locator("[data-call][data-state=tapping]")
    await expect(row).to_have_count(1)
    await expect(row.locator("[data-part=side]")).to_have_text(["Caller", "Agent"])
    await listen(speaking)
    (left, right), rate = await hearing.record_sides(speaking, 2)
    hearing.assert_tone(left, rate, CALLER)
    hearing.assert_tone(right, rate, AGENT)
    assert hearing.share(left, rate, AGENT) < ABSENT
    assert hearing.share(right, rate, CALLER) < ABSENT


async def test_in_mono_both_sides_are_heard_in_both_ears(speaking: Page) -> None:
    await expect(speaking.locator("[data-part=side]")).to_have_count(2)
    await listen(speaking)
    await speaking.get_by_role("button", name="More").click()
    await speaking.get_by_label("Mono").check()
    await speaking.wait_for_timeout(200)  # the sides glide to the middle in 0.1 s
    sides, rate = await hearing.record_sides(speaking, 2)
    for side in sides:
        assert hearing.share(side, rate, CALLER) > -6
        assert hearing.share(side, rate, AGENT) > -6
