"""The two sides of a call, tapped apart, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest_asyncio
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from tests.support import hearing
from tests.support.browsing import listen, sign_in
from tests.support.servers import RtpTaps, Server
from tests.support.talk import open_tap

CALLER, AGENT = 440, 880  # Hz
QUIET, LOUD = -40, -10  # dBFS
FFMPEGS = -21  # dBFS of the tones that ffmpeg makes
ABSENT = -40  # dB


@pytest_asyncio.fixture(loop_scope="session")
async def speaking(
    page: Page,
    agents_server: Server,
    rtp_taps: RtpTaps,
    ffmpeg: Callable[..., None],
    alice: User,
) -> Page:
    """The page of the live list, while a call is tapped whose sides hold different tones.

    The caller is quiet, and the agent is loud.
    """
    await sign_in(page, agents_server)
    for direction, hz, dbfs in (("speak", CALLER, QUIET), ("listen", AGENT, LOUD)):
        opened = await open_tap(agent="Receptionist", direction=direction, transport="rtp")
        tone = f"sine=frequency={hz}:sample_rate=8000:samples_per_frame=160"
        ffmpeg(f"{tone},volume={dbfs - FFMPEGS}dB", opened.uri)
    return page


async def test_both_sides_are_one_row_the_caller_heard_left_and_the_agent_right(
    speaking: Page,
) -> None:
    row = speaking.locator("[data-call][data-state=tapping]")
    await expect(row).to_have_count(1)
    await expect(row.locator("[data-part=side]")).to_have_text(["Caller", "Agent"])
    await listen(speaking)
    (left, right), rate = await hearing.record_unbroken(speaking, 2)
    hearing.assert_tone(left, rate, CALLER)
    hearing.assert_tone(right, rate, AGENT)
    assert hearing.share(left, rate, AGENT) < ABSENT
    assert hearing.share(right, rate, CALLER) < ABSENT


async def test_the_caller_is_heard_as_well_as_the_agent_until_that_is_switched_off(
    speaking: Page,
) -> None:
    await expect(speaking.locator("[data-part=side]")).to_have_count(2)
    await listen(speaking)
    await speaking.wait_for_timeout(2000)  # in which the automatic gain has done its work
    assert abs(await agent_over_caller(speaking)) < 6
    await speaking.get_by_role("button", name="Settings").click()
    await speaking.get_by_label("Even out how loud voices are").uncheck()
    await speaking.wait_for_timeout(500)  # what is played until then was on its way
    assert abs(await agent_over_caller(speaking) - (LOUD - QUIET)) < 1


async def agent_over_caller(page: Page) -> float:
    """Return how much louder the agent is heard than the caller, in dB."""
    (left, right), _ = await hearing.record_sides(page, 1)
    return float(20 * np.log10(right.std() / left.std()))


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
