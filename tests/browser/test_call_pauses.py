"""A supervisor pauses a call, hears a soft beep instead of it, and reads who paused it."""

from __future__ import annotations

import logging
import re

import numpy as np
from django.contrib.auth.models import User
from playwright.async_api import Page, expect

from monitor.models import CallPause
from tests.support import hearing
from tests.support.browsing import Simulate, hears, listen, sign_in
from tests.support.servers import Server
from tests.support.waiting import eventually

logger = logging.getLogger(__name__)

CALL, BEEP = 440, 660  # Hz

#: Note when the order is given and when the beep begins, by the clock of the sound that is heard:
#: at the destination a sample is heard outputLatency later.
STOPWATCH = """
window.pausedAfter = null;
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-order=pause]")) window.orderedAt = performance.now();
}, true);
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  start.apply(this, when);
  const { outputLatency, baseLatency } = this.context;
  window.pausedAfter = performance.now() - window.orderedAt + 1000 * (outputLatency + baseLatency);
};
"""


async def tones(page: Page, seconds: float) -> dict[int, float]:
    """Record the page, and return how loud each of the two tones is beside everything, in dB."""
    samples, rate = await hearing.record(page, seconds)
    if not np.any(samples):
        return dict.fromkeys((CALL, BEEP), -120.0)
    return {hz: hearing.share(samples, rate, hz) for hz in (CALL, BEEP)}


async def hears_beeps_only(page: Page) -> None:
    async def look() -> bool:
        heard = await tones(page, 2.5)
        return heard[BEEP] > -1 and heard[CALL] < -40

    await eventually(look)


async def test_a_paused_call_is_a_soft_beep_until_it_is_resumed(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await sign_in(page, agents_server)
    simulate("--tone", str(CALL), "--seconds", "90")
    await listen(page)
    await hears(page, CALL)
    deck, row = page.locator(".deck"), page.locator("[data-call]")
    await deck.get_by_role("button", name="Pause", exact=True).click()
    await expect(deck).to_have_attribute("data-audio", "paused")
    await expect(deck.locator("[data-part=words]")).to_have_text("Paused")
    told = re.compile(r"^Paused by alice at .+ It ends by itself at .+\.$")
    await expect(deck.locator("[data-part=detail]")).to_have_text(told)
    await expect(row.locator("[data-part=state]")).to_have_text("Paused")
    await hears_beeps_only(page)
    await deck.get_by_role("button", name="Back 10 seconds").click()
    assert (await tones(page, 2))[CALL] > -1  # of before the pause
    await deck.locator("[data-part=live]").click()
    await hears_beeps_only(page)
    await deck.get_by_role("button", name="End the pause").click()
    await expect(deck).to_have_attribute("data-audio", "playing")
    await hears(page, CALL)
    pause = await CallPause.objects.aget()
    assert (pause.username, pause.ended_by) == ("alice", "alice")


async def test_the_beep_is_heard_soon_after_the_click(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    """script/bench's machine is quiet, and a test's is not: the bound is loose."""
    await page.add_init_script(STOPWATCH)
    await sign_in(page, agents_server)
    simulate("--tone", str(CALL), "--seconds", "60")
    await listen(page)
    taken: list[float] = []
    for _ in range(5):
        await page.evaluate("window.pausedAfter = null")
        await page.locator(".deck [data-order=pause]").click()
        taken.append(await eventually(lambda: page.evaluate("window.pausedAfter")))
        await page.locator(".deck [data-order=resume]").click()
        await expect(page.locator(".deck")).to_have_attribute("data-audio", "playing")
    logger.info("from the click to the beep at the ear: %s ms", [round(one) for one in taken])
    assert min(taken) < 2000
