"""A supervisor in a real Chromium: signs in, clicks Listen, and hears."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from playwright.async_api import Page, Playwright, expect

from monitor.models import ListenSession
from tests.support import hearing
from tests.support.browsers import CHROMIUM, FLAGS
from tests.support.browsing import Simulate, hears, listen, sign_in
from tests.support.rtp_talk import Sender
from tests.support.servers import RtpTaps, Server
from tests.support.talk import open_tap, payload

#: Whole packets of 20 ms; by itself ffmpeg makes 44.1 kHz, and 1024 samples at once.
EXACT_SINE = "sine=frequency=440:sample_rate=8000:samples_per_frame=160"


async def test_the_simulators_tone_is_heard_and_no_other(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)
    await hears(page, 440)


async def test_the_same_check_fails_on_a_wrong_tone(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "460", "--seconds", "60")
    await listen(page)
    with pytest.raises(AssertionError, match=r"heard 4[5-7]\d"):
        await hears(page, 440)


def test_the_check_fails_on_a_dropped_frame() -> None:
    rate = 44_100
    samples = np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate) / 2
    hearing.assert_tone(samples, rate, 440)
    samples[rate : rate + rate // 50] = 0
    with pytest.raises(AssertionError, match="silent"):
        hearing.assert_tone(samples, rate, 440)


async def test_an_a_law_call_is_heard(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "600", "--seconds", "60", "--codec", "PCMA")
    await listen(page)
    await hears(page, 600)


async def test_a_call_over_rtp_is_heard(
    page: Page, agents_server: Server, rtp_taps: RtpTaps, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "520", "--seconds", "60", "--transport", "rtp")
    await listen(page)
    await hears(page, 520)


@pytest.mark.parametrize("source", ["sine=frequency=440", EXACT_SINE])
async def test_ffmpeg_is_heard_over_rtp(
    page: Page,
    agents_server: Server,
    rtp_taps: RtpTaps,
    ffmpeg: Callable[..., None],
    alice: User,
    source: str,
) -> None:
    """ffmpeg sends packets of 185 and 186 samples from 44.1 kHz, or exact ones of 20 ms."""
    await sign_in(page, agents_server)
    opened = await open_tap(agent="Receptionist", transport="rtp")
    ffmpeg(source, opened.uri)
    await listen(page)
    await hears(page, 440)
    await expect(page.locator(".deck [data-part=network]")).to_contain_text(
        re.compile(r"RTP: 0 lost, 0 late, jitter \d+\.\d ms")
    )


async def test_the_deck_says_that_packets_are_missing(
    page: Page, agents_server: Server, rtp_taps: RtpTaps, alice: User
) -> None:
    await sign_in(page, agents_server)
    opened = await open_tap(agent="Receptionist", transport="rtp")
    sending = asyncio.create_task(lose_every_tenth(opened.uri))
    await listen(page)
    line = page.locator(".deck [data-losing=true] summary")
    await expect(line).to_have_text(
        re.compile(r"^RTP: \d+ missing in the last 10 s$"), timeout=15_000
    )
    await line.click()
    await expect(page.get_by_text("comes from the carrier")).to_be_visible()
    sending.cancel()


async def lose_every_tenth(uri: str) -> None:
    """Speak over a bad network until cancelled."""
    with Sender(uri) as sender:
        while True:
            await sender.speak([payload(number) for number in range(9)])
            sender.number += 1


async def test_calls_come_and_go_without_a_reload(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await page.clock.install()
    await sign_in(page, agents_server)
    await expect(page.locator("[data-call]")).to_have_count(0)
    await page.evaluate("window.sameDocument = true")
    simulate("--calls", "2", "--seconds", "3")
    await expect(page.locator("[data-call][data-state=tapping]")).to_have_count(2, timeout=15_000)
    await expect(page.locator("[data-call][data-state=finished]")).to_have_count(2, timeout=15_000)
    await page.clock.fast_forward(30_000)
    await expect(page.locator("[data-call]")).to_have_count(0)
    assert await page.evaluate("window.sameDocument")


async def test_stop_listening_stops_the_sound_and_closes_the_session(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)
    await page.locator("[data-action=stop]").first.click()
    await expect(page.locator("[data-audio=playing]")).to_have_count(0)
    session = await ListenSession.objects.afirst()
    for _ in range(100):
        session = await ListenSession.objects.aget()
        if session.ended_at:
            break
        await asyncio.sleep(0.05)
    assert session
    assert (session.username, session.end_reason) == ("alice", "the page left")


async def test_signing_out_in_another_tab_shows_signed_out(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    other = await page.context.new_page()
    await other.goto(agents_server.url + "/")
    await other.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#console")).to_have_attribute("data-state", "signed-out")
    await expect(page.get_by_role("link", name=re.compile("Sign in"))).to_be_visible()


async def test_signing_out_in_another_tab_shows_on_a_page_without_a_socket(
    page: Page, agents_server: Server, alice: User
) -> None:
    await sign_in(page, agents_server)
    await page.goto(agents_server.url + "/password")
    other = await page.context.new_page()
    await other.goto(agents_server.url + "/")
    await other.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("alert")).to_contain_text("You were signed out")
    link = page.get_by_role("alert").get_by_role("link", name="Sign in")
    await expect(link).to_have_attribute("href", "/login?next=/password")


async def test_a_restarted_server_is_found_again_and_heard(
    page: Page, transactional_db: Any, alice: User
) -> None:
    with Server() as server:
        await sign_in(page, server)
        await asyncio.to_thread(server.stop)
        await expect(page.locator("#console")).to_have_attribute("data-state", "reconnecting")
        await asyncio.to_thread(server.start)
        await expect(page.locator("#console")).to_have_attribute(
            "data-state", "live", timeout=20_000
        )


async def test_a_user_who_may_not_listen_sees_the_list_and_why(
    page: Page, agents_server: Server, bob: User
) -> None:
    await open_tap(agent="Receptionist")
    await sign_in(page, agents_server, "bob")
    await expect(page.locator("[data-call]")).to_have_count(1)
    await expect(page.locator("[data-action=listen]")).to_have_count(0)


async def test_it_plays_under_the_default_autoplay_policy(
    playwright: Playwright, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    chromium = await playwright.chromium.launch(
        executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--mute-audio"]
    )
    page = await chromium.new_page()
    await hearing.attach(page)
    await sign_in(page, agents_server)
    simulate("--tone", "440", "--seconds", "60")
    await listen(page)
    await hears(page, 440)
    await chromium.close()
