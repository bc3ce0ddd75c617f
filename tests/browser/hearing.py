"""Ears for a browser: record what a page plays, and say which tone it is."""

from __future__ import annotations

import base64
import time

import numpy as np
from playwright.async_api import Page

PATIENCE = 10.0  # seconds more than what is recorded takes

# A deck tells the document when it starts (static/js/player.js); the recorder
# hangs on its output, behind the volume.
ATTACH = """
document.addEventListener("earshot:audio", async (event) => {
  const {context, output} = event.detail;
  window.recorded = [];
  window.recordedRate = context.sampleRate;
  await context.audioWorklet.addModule("/static/test-recorder.js");
  const node = new AudioWorkletNode(context, "test-recorder", {channelCount: 1});
  node.port.onmessage = (message) => window.recorded.push(message.data);
  output.connect(node);
  node.connect(context.destination);
});
"""

TAKE = """
() => {
  const blocks = window.recorded || [];
  const all = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let offset = 0;
  for (const block of blocks) { all.set(block, offset); offset += block.length; }
  window.recorded = [];
  const bytes = new Uint8Array(all.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return {rate: window.recordedRate || 0, samples: btoa(text)};
}
"""


async def attach(page: Page) -> None:
    """Record from now on whatever the page plays. Before the page is opened."""
    await page.add_init_script(ATTACH)


async def record(page: Page, seconds: float) -> tuple[np.ndarray, int]:
    """The next seconds that the page plays: samples from -1 to 1, and their rate."""
    await page.evaluate(TAKE)  # what was before
    pieces: list[np.ndarray] = []
    rate = 0
    until = time.monotonic() + seconds + PATIENCE
    while sum(map(len, pieces)) < seconds * (rate or 1e9):
        assert time.monotonic() < until, "the page plays nothing"
        await page.wait_for_timeout(100)
        taken = await page.evaluate(TAKE)
        rate = taken["rate"]
        pieces.append(np.frombuffer(base64.b64decode(taken["samples"]), dtype=np.float32))
    return np.concatenate(pieces)[: int(seconds * rate)], rate


def assert_tone(samples: np.ndarray, rate: int, hz: float) -> None:
    """One tone of ``hz``, within 1 %, no other, and no silence in it."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    found = frequencies[int(spectrum.argmax())]
    assert abs(found - hz) < hz / 100, f"heard {found:.1f} Hz, not {hz:.1f}"
    window = rate // 100  # 10 ms
    levels = [
        float(np.sqrt(np.mean(samples[start : start + window] ** 2)))
        for start in range(0, len(samples) - window, window)
    ]
    silent = sum(level < 10 ** (-50 / 20) for level in levels)
    assert silent == 0, f"{silent} of {len(levels)} windows of 10 ms are silent"
    near = np.abs(frequencies - hz) < hz / 100
    share = float(spectrum[near].sum() / spectrum.sum())
    assert share > 0.99, f"only {share:.3f} of the power is the tone"
