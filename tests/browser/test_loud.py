"""How loud the sum of all decks may be, in a real Chromium."""

from __future__ import annotations

import numpy as np
from django.contrib.auth.models import User
from playwright.async_api import Page

from monitor.models import UserSettings
from tests.support import hearing
from tests.support.browsing import Simulate, listen, sign_in
from tests.support.servers import Server

TONE, AMPLITUDE = 440, 0.5  # Hz, and of full scale: what the simulator sends
CEILING = 10 ** (-3 / 20)

KEEP = """
document.addEventListener("earshot:audio", ({detail}) => { window.audio = detail; });
"""
# Full scale, each with its own frequency, into the same node as the decks. They begin in step, so
# that their first quarter of a wave is the loudest there can be. The analyser hears only them.
SIX_TONES = """
() => {
  const {context, output} = window.audio;
  window.unlimited = new AnalyserNode(context, {fftSize: 32768});
  const at = context.currentTime + 0.5;
  for (const frequency of [300, 310, 320, 330, 340, 350]) {
    const tone = new OscillatorNode(context, {frequency});
    tone.connect(output);
    tone.connect(window.unlimited);
    tone.start(at);
  }
}
"""
UNLIMITED_PEAK = """
() => {
  const samples = new Float32Array(32768);
  window.unlimited.getFloatTimeDomainData(samples);
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}
"""


def db(ratio: float) -> float:
    return float(20 * np.log10(ratio))


async def test_one_call_is_as_loud_as_it_was_sent_and_six_loud_ones_do_not_clip(
    page: Page, agents_server: Server, simulate: Simulate, alice: User
) -> None:
    await UserSettings.objects.acreate(user=alice, values={"automatic_gain": False})
    await page.add_init_script(KEEP)
    await sign_in(page, agents_server)
    simulate("--tone", str(TONE), "--seconds", "90")
    await listen(page)
    sides, rate = await hearing.record_unbroken(page, 2)
    samples = sides.mean(axis=0)
    hearing.assert_tone(samples, rate, TONE)
    assert abs(db(samples.std() * np.sqrt(2) / AMPLITUDE)) < 0.1
    await page.evaluate(SIX_TONES)
    sides, rate = await hearing.record_sides(page, 3)
    assert await page.evaluate(UNLIMITED_PEAK) > 4, "these tones would clip"
    assert np.abs(sides).max() <= CEILING + 1e-6
    assert db(np.abs(sides[:, rate:]).max() / CEILING) > -1, "no quieter than they must be"
