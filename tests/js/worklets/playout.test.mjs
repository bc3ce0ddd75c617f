// How the player keeps its delay: by a trim of its rate, in silence, and by catching up.
import assert from "node:assert/strict";
import { test } from "node:test";

import { RATE } from "../support/audio-thread.mjs";
import { PlayingPage } from "../support/playing-page.mjs";
import { seeded } from "../support/sounds.mjs";

const DEVICE = 48000;
const HZ = 440;
const tone = (/** @type {number} */ n) => 0.5 * Math.sin((2 * Math.PI * HZ * n) / RATE);
/** What a second sample of the tone may differ by at most, on the device. */
const SLOPE = (2 * Math.PI * HZ * 0.5) / DEVICE;

/**
 * A page on an even network, whose target is what the test says.
 * @param {number} ms
 * @param {import("../support/playing-page.mjs").Wave} wave
 */
function heldFor(ms, wave) {
  const page = new PlayingPage({ wave });
  page.arrivals.arrived = () => {};
  page.arrivals.targetMs = ms;
  page.steady(3);
  return page;
}

/** The frequency in each 25 ms, from how the phase moves. @param {number[]} signal */
function pitches(signal) {
  const hop = 0.025 * DEVICE;
  /** @type {number[]} */
  const found = [];
  let before = NaN;
  for (let from = 0; from + 2 * hop <= signal.length; from += hop) {
    let [re, im] = [0, 0];
    for (let n = 0; n < 2 * hop; n++) {
      const value = signal[from + n] * (0.5 - 0.5 * Math.cos((Math.PI * n) / hop));
      const phase = (2 * Math.PI * HZ * (from + n)) / DEVICE;
      re += value * Math.cos(phase);
      im -= value * Math.sin(phase);
    }
    const phase = Math.atan2(im, re);
    const moved = phase - before;
    if (from > 0) found.push(HZ + ((moved - 2 * Math.PI * Math.round(moved / (2 * Math.PI))) * DEVICE) / hop / 2 / Math.PI);
    before = phase;
  }
  return found;
}

const steepest = (/** @type {number[]} */ signal) =>
  signal.slice(1).reduce((most, value, n) => Math.max(most, Math.abs(value - signal[n])), 0);

for (const { from, to } of [
  { from: 140, to: 40 },
  { from: 40, to: 140 },
]) {
  test(`from ${from} to ${to} ms the pitch changes by 2 % at most, without a step or a click`, () => {
    const page = heldFor(from, tone);
    page.out.length = 0;
    page.steady(1);
    page.arrivals.targetMs = to;
    page.steady(12);
    assert.ok(Math.abs(page.delay - to) < 12, `${page.delay} ms`);
    assert.equal(page.last.underruns, 0);
    const heard = pitches(page.out);
    assert.ok(heard.every((hz) => Math.abs(hz / HZ - 1) < 0.0205), `${Math.min(...heard)} to ${Math.max(...heard)} Hz`);
    assert.ok(heard.some((hz) => Math.abs(hz / HZ - 1) > 0.015), "the trim is used");
    // In half a second from nothing to 2 %, so 0.1 % in 25 ms.
    assert.ok(steepest(heard) < 0.0015 * HZ, `steps of ${steepest(heard)} Hz`);
    assert.ok(steepest(page.out) < 1.025 * SLOPE, `step of ${steepest(page.out)}`);
  });
}

test("a clock that drifts is followed without a pause", () => {
  for (const drift of [200e-6, -200e-6]) {
    const page = new PlayingPage({ drift });
    page.steady(10);
    for (let n = 0; n < 18; n++) {
      page.steady(5);
      assert.ok(Math.abs(page.delay - 60) < 10, `${page.delay} ms`);
    }
    assert.equal(page.last.underruns, 0);
  }
});

test("with up to 100 ms of jitter, less than half a percent is missing", () => {
  const random = seeded(11);
  const page = new PlayingPage();
  page.jitter(60, () => 0.1 * random());
  assert.ok(page.share(59) > 0.995, `${page.share(59)}`);
  assert.ok(page.delay < 150, `${page.delay} ms`);
});

test("where nobody speaks, what is too late is left out at once", () => {
  const page = heldFor(140, () => 0);
  page.arrivals.targetMs = 40;
  page.steady(0.3);
  assert.ok(Math.abs(page.delay - 40) < 20, `${page.delay} ms`);
});

test("where nobody speaks, a longer delay is had at once", () => {
  const page = heldFor(40, () => 0);
  page.arrivals.targetMs = 140;
  page.steady(0.5);
  assert.ok(Math.abs(page.delay - 140) < 35, `${page.delay} ms`);
});

test("no speech is left out for the sake of the delay", () => {
  const page = heldFor(140, tone);
  page.arrivals.targetMs = 40;
  page.steady(0.3);
  assert.ok(page.delay > 125, `${page.delay} ms`);
});

test("the stop of 40 ms in a plosive is not left out", () => {
  const page = heldFor(140, (n) => (n % (RATE / 5) < 0.16 * RATE ? tone(n) : 0));
  page.arrivals.targetMs = 40;
  page.steady(0.5);
  assert.ok(page.delay > 125, `${page.delay} ms`);
});

test("where silence was left out, the next word begins as sharply as it was spoken", () => {
  const word = 2.9 * RATE; // it waits in the ring when the silence before it is left out
  const page = heldFor(240, (n) => (n < word ? 0 : 0.5));
  page.arrivals.targetMs = 40;
  page.out.length = 0;
  page.steady(0.6);
  assert.ok(page.delay < 100, `${page.delay} ms`);
  const between = page.out.filter((value) => value > 0.05 && value < 0.45).length;
  assert.ok(between < 0.001 * DEVICE, `${between} samples while it begins`);
});

test("silence is repeated in stretches of 100 ms, because shorter ones would hum", () => {
  const page = heldFor(40, (n) => (n < 3 * RATE ? tone(n) : 0));
  page.arrivals.targetMs = 440;
  let repeats = 0;
  let before = page.player.lastPlace;
  for (let n = 0; n < 300; n++) {
    if (n % 20 === 0) page.receive(0.06);
    page.pass(0.003);
    if (page.player.lastPlace < before) repeats++;
    before = page.player.lastPlace;
  }
  assert.ok(Math.abs(page.delay - 440) < 35, `${page.delay} ms`);
  assert.ok(repeats > 0 && repeats <= 5, `${repeats} times`);
});

test("after a stall of just under a second, live audio is caught up within two, and all of it is heard", () => {
  const page = heldFor(40, tone);
  page.pass(0.9);
  page.receive(0.9);
  page.out.length = 0;
  page.steady(2);
  assert.ok(page.delay < 70, `${page.delay} ms`);
  assert.equal(page.last.drops, 0);
  // Faster, but with the same pitch.
  const heard = pitches(page.out.slice(0.1 * DEVICE));
  const close = heard.filter((hz) => Math.abs(hz / HZ - 1) < 0.03).length / heard.length;
  assert.ok(close > 0.95, `${close}`);
});
