// When audio arrives: what the page learns from it, and that all of it is heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrivals } from "../../../static/js/audio/arrivals.js";
import { PlayingPage } from "../support/playing-page.mjs";
import { seeded } from "../support/sounds.mjs";

const FRAME_MS = 60;

/**
 * Frames of a call of some seconds, each of which arrives a little later than it was said.
 * @param {number} seconds
 * @param {(n: number) => number} late ms, of Frame n
 */
function arrivalsOf(seconds, late) {
  const arrivals = new Arrivals();
  for (let n = 0; n * FRAME_MS < seconds * 1000; n++) {
    arrivals.arrived(n * FRAME_MS, (n + 1) * FRAME_MS, n * FRAME_MS + late(n), n * FRAME_MS);
  }
  return arrivals;
}

test("before anything is known of the network, 100 ms are held", () => {
  assert.equal(new Arrivals().targetMs, 100);
  assert.equal(arrivalsOf(2, () => 0).targetMs, 100);
});

test("audio that arrives evenly is held for 60 ms after three seconds", () => {
  assert.equal(arrivalsOf(4, () => 0).targetMs, 60);
});

test("a network that makes audio late by up to 50 ms has it held a little longer", () => {
  const random = seeded(3);
  const { targetMs } = arrivalsOf(10, () => 50 * random());
  assert.ok(targetMs >= 60 && targetMs <= 85, `${targetMs} ms`);
});

test("what was late once is not waited for", () => {
  assert.equal(arrivalsOf(20, (n) => (n === 200 ? 400 : 0)).targetMs, 60);
});

test("what is late again within 24 s is waited for, and is forgotten two minutes later", () => {
  const twice = (/** @type {number} */ n) => (n === 200 || n === 600 ? 400 : 0);
  assert.equal(arrivalsOf(38, twice).targetMs, 425);
  assert.equal(arrivalsOf(156, twice).targetMs, 60);
});

test("what is late again every 20 to 50 s is waited for all the time, and not only after each", () => {
  for (const every of [20, 30, 40, 50]) {
    const frames = Math.round((every * 1000) / FRAME_MS);
    for (let seconds = 5 * every; seconds < 6 * every; seconds++) {
      const { targetMs } = arrivalsOf(seconds, (n) => (n % frames === 200 ? 400 : 0));
      assert.equal(targetMs, 425, `${seconds} s, every ${every} s`);
    }
  }
});

test("no more than eight seconds are held", () => {
  const arrivals = new Arrivals();
  for (let n = 0; n < 1000; n++) arrivals.arrived(n * FRAME_MS, (n + 1) * FRAME_MS, Math.ceil(n / 200) * 200 * FRAME_MS, n * FRAME_MS);
  assert.equal(arrivals.targetMs, 8000);
});

test("when the newest sample was received is told as if it had not been late", () => {
  const arrivals = new Arrivals();
  for (let n = 0; n < 100; n++) {
    const received = (n + 1) * FRAME_MS + (n === 99 ? 70 : 5);
    arrivals.arrived(n * FRAME_MS, (n + 1) * FRAME_MS, received + 10, received);
  }
  assert.equal(arrivals.newestMs, 100 * FRAME_MS + 5);
});

test("how long audio is on the way does not depend on the clocks' drift or on what is late", () => {
  const random = seeded(5);
  const arrivals = new Arrivals();
  for (let n = 0; n < 10_000; n++) {
    const sent = (n + 1) * FRAME_MS * 1.0002; // a sender that is too slow by 200 ppm
    arrivals.arrived(n * FRAME_MS, (n + 1) * FRAME_MS, sent + 30 + 80 * random(), sent + 5);
  }
  assert.ok(Math.abs(arrivals.onTheWayMs - FRAME_MS - 25) < 5, `${arrivals.onTheWayMs} ms`);
});

for (const length of [1, 1.5, 2, 2.5, 3, 5]) {
  test(`all audio is heard that arrives ${length} s at a time, once the page has learned that`, () => {
    const page = new PlayingPage();
    page.burst(length, 20);
    const { drops } = page.player;
    page.burst(length, 40);
    assert.ok(page.share(40) >= 0.99, `heard ${page.share(40)}`);
    assert.equal(page.player.drops, drops, "no more jumps");
    assert.ok(page.behind <= length + 1, `${page.behind} s behind`);
  });
}

test("a connection that stalls again and again is live after each stall", () => {
  const page = new PlayingPage();
  const stall = () => {
    page.pass(2);
    page.receive(2);
    page.steady(5);
  };
  for (let n = 0; n < 8; n++) {
    stall();
    assert.ok(page.behind <= 0.9, `${page.behind} s behind`);
  }
  assert.equal(page.arrivals.burstSeconds, 0);
});

test("when the bursts have ended, one jump shortens the delay again", () => {
  const page = new PlayingPage();
  page.burst(2, 30);
  const { drops } = page.player;
  page.steady(120);
  assert.equal(page.player.drops, drops + 1);
  assert.ok(page.behind <= 0.3, `${page.behind} s behind`);
  assert.ok(page.share(120) >= 0.99);
});

test("after one stall the page is live again at once", () => {
  const page = new PlayingPage();
  page.steady(5);
  page.pass(2);
  page.receive(2);
  page.steady(5);
  assert.equal(page.player.drops, 1);
  assert.ok(page.behind <= 0.3, `${page.behind} s behind`);
});

test("a sender that pauses and then goes on in real time is waited for no longer", () => {
  const arrivals = new Arrivals();
  for (let n = 0; n < 1000; n++) {
    const now = n * FRAME_MS + Math.floor(n / 50) * 3000;
    arrivals.arrived(n * FRAME_MS, (n + 1) * FRAME_MS, now, now);
  }
  assert.equal(arrivals.targetMs, 60);
  assert.equal(arrivals.burstSeconds, 0);
});

test("the length of bursts is told in tenths of a second", () => {
  const page = new PlayingPage();
  page.burst(1.8, 30, 0);
  assert.equal(page.arrivals.burstSeconds, 1.8);
});

test("audio that is late by less than half a second makes no bursts", () => {
  assert.equal(arrivalsOf(20, (n) => (n % 20 ? 0 : 400)).burstSeconds, 0);
});
