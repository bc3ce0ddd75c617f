"""Records the sound that a page plays, and finds its tone."""

from __future__ import annotations

import base64
import time

import numpy as np
from playwright.async_api import Page

from tests.support.waiting import PATIENCE

#: The player changes the pitch by up to 2 % to keep its delay.
TRIM = 0.025
# A page tells the document when it has an AudioContext (static/js/audio/output.js). The recorder
# hears the sum of all decks, behind their volumes.
ATTACH = """
const make = async (context) => {
  window.recorded = [];
  window.recordedRate = context.sampleRate;
  await context.audioWorklet.addModule("/static/test-recorder.js");
  const stereo = {channelCount: 2, channelCountMode: "explicit"};
  const node = new AudioWorkletNode(context, "test-recorder", stereo);
  node.port.onmessage = (message) => window.recorded.push(message.data);
  node.connect(context.destination);
  return node;
};
const recorders = new Map();
document.addEventListener("earshot:audio", async (event) => {
  const {context, output} = event.detail;
  if (!recorders.has(context)) recorders.set(context, make(context));
  // A server that is being restarted may have none. record() then says that the page plays nothing.
  const recorder = await recorders.get(context).catch(() => null);
  if (recorder) output.connect(recorder);
});
"""

TAKE = """
() => {
  const blocks = window.recorded || [];
  const length = blocks.reduce((sum, [left]) => sum + left.length, 0);
  const all = new Float32Array(2 * length);
  let offset = 0;
  for (const [left, right] of blocks) {
    all.set(left, offset);
    all.set(right, length + offset);
    offset += left.length;
  }
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
    """Record whatever the page plays. Call it before the page is opened."""
    await page.add_init_script(ATTACH)


async def record(page: Page, seconds: float) -> tuple[np.ndarray, int]:
    """Record the next seconds of the page: return samples from -1 to 1, and their rate."""
    sides, rate = await record_sides(page, seconds)
    return sides.mean(axis=0), rate


async def record_sides(page: Page, seconds: float) -> tuple[np.ndarray, int]:
    """Record the next seconds of the page: return the left and the right samples as two rows."""
    # What was before is dropped, because to take a minute of it would stop the page for a second.
    await page.evaluate("() => { window.recorded = []; }")
    pieces: list[np.ndarray] = []
    rate = 0
    until = time.monotonic() + seconds + PATIENCE
    while sum(piece.shape[1] for piece in pieces) < seconds * (rate or 1e9):
        assert time.monotonic() < until, "the page plays nothing"
        await page.wait_for_timeout(100)
        taken = await page.evaluate(TAKE)
        rate = taken["rate"]
        samples = np.frombuffer(base64.b64decode(taken["samples"]), dtype=np.float32)
        pieces.append(samples.reshape(2, -1))
    return np.concatenate(pieces, axis=1)[:, : int(seconds * rate)], rate


async def record_unbroken(
    page: Page, seconds: float, within: float = 40.0
) -> tuple[np.ndarray, int]:
    """Record both sides until there is a stretch in which neither is interrupted, and return that
    one. A side may be silent all the time.

    A busy machine interrupts the sound of a page. If it always does, the last stretch is returned.
    """
    until = time.monotonic() + within
    while True:
        sides, rate = await record_sides(page, seconds)
        shares = [share_heard(side, rate) for side in sides]
        unbroken = any(shares) and all(share in (0, 1) for share in shares)
        if unbroken or time.monotonic() > until:
            return sides, rate


def share_heard(samples: np.ndarray, rate: int) -> float:
    """Return the share of windows of 10 ms that are not silent."""
    window = rate // 100
    windows = samples[: len(samples) // window * window].reshape(-1, window)
    return float(np.mean(np.sqrt(np.mean(windows**2, axis=1)) > 0.003))


def share(samples: np.ndarray, rate: int, hz: float) -> float:
    """Return how loud a tone is beside everything that is heard, in dB."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    near = np.abs(frequencies - hz) < hz * TRIM
    return float(10 * np.log10(spectrum[near].sum() / spectrum.sum() + 1e-12))


def assert_tone(samples: np.ndarray, rate: int, hz: float) -> None:
    """Assert that there is one tone of ``hz`` within 2.5 %, no other tone, and no silence."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    found = frequencies[int(spectrum.argmax())]
    assert abs(found - hz) < hz * TRIM, f"heard {found:.1f} Hz, not {hz:.1f}"
    window = rate // 100  # 10 ms
    levels = [
        float(np.sqrt(np.mean(samples[start : start + window] ** 2)))
        for start in range(0, len(samples) - window, window)
    ]
    silent = sum(level < 10 ** (-50 / 20) for level in levels)
    assert silent == 0, f"{silent} of {len(levels)} windows of 10 ms are silent"
    near = np.abs(frequencies - hz) < hz * TRIM
    share = float(spectrum[near].sum() / spectrum.sum())
    assert share > 0.99, f"only {share:.3f} of the power is the tone"
