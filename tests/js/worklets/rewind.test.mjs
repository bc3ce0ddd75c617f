// The player on the audio thread while the listener goes back, and catches up.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Bench, RATE } from "../support/audio-thread.mjs";
import { pitchOf } from "../support/sounds.mjs";

const DEVICE = 48_000;

/** The longest run of zeros in seconds. @param {number[]} signal */
function longestSilence(signal) {
  let [longest, run] = [0, 0];
  for (const value of signal) {
    run = value === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest / DEVICE;
}

/** @param {number[]} signal */
function pitch(signal) {
  return pitchOf(Float32Array.from(signal), DEVICE);
}

/** @param {number} hz */
function sine(hz) {
  return (/** @type {number} */ n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / RATE);
}

/** Go elsewhere, where so many seconds of a tone are. @param {Bench} bench @param {{number?: number, position: number, hz: number, seconds: number}} where */
function go(bench, { number = 1, position, hz, seconds }) {
  bench.send({ type: "seek", number });
  bench.position = position;
  bench.wave = sine(hz);
  bench.push(seconds * RATE);
}

test("what is pushed after a seek is heard next, without silence", () => {
  const bench = new Bench();
  bench.stream(2);
  bench.send({ type: "pace", speed: 1, follow: false });
  const before = bench.out.length;
  go(bench, { position: 100_000, hz: 660, seconds: 3 });
  bench.play(2);
  const after = bench.out.slice(before);
  assert.ok(Math.abs(pitch(after.slice(DEVICE / 10)) / 660 - 1) < 0.01);
  assert.ok(longestSilence(after) < 0.005, `silent for ${longestSilence(after)} s`);
  assert.equal(bench.last.underruns, 0);
  assert.ok(Math.abs(bench.played - 100_000 - 2 * RATE) < 0.05 * RATE, `at ${bench.played}`);
});

test("reports name a seek only when what it leads to is heard", () => {
  const bench = new Bench();
  bench.stream(2);
  assert.equal(bench.last.seek, 0);
  bench.send({ type: "seek", number: 7 });
  bench.play(0.25);
  assert.equal(bench.last.seek, -1);
  bench.push(RATE);
  bench.play(0.3);
  assert.equal(bench.last.seek, 7);
});

test("of several seeks, the last one counts", () => {
  const bench = new Bench();
  bench.send({ type: "pace", speed: 1, follow: false });
  bench.stream(2);
  go(bench, { number: 1, position: 100_000, hz: 660, seconds: 1 });
  go(bench, { number: 2, position: 300_000, hz: 880, seconds: 1 });
  bench.play(0.5);
  assert.equal(bench.last.seek, 2);
  assert.ok(bench.played > 300_000);
});

test("a seek is heard even if nothing was heard before", () => {
  const bench = new Bench();
  go(bench, { position: 5000, hz: 440, seconds: 1 });
  bench.play(0.5);
  assert.equal(bench.last.playing, true);
  assert.ok(Math.abs(pitch(bench.out.slice(DEVICE / 10)) / 440 - 1) < 0.01);
});

test("who does not follow the call is never taken to live", () => {
  const bench = new Bench();
  bench.send({ type: "pace", speed: 1, follow: false });
  for (let chunk = 0; chunk < 50; chunk++) bench.push(); // three seconds at once
  bench.play(1);
  assert.equal(bench.last.drops, 0);
  bench.send({ type: "pace", speed: 1, follow: true });
  bench.play(0.3);
  assert.equal(bench.last.drops, 1);
});

for (const speed of [1.25, 1.5, 2]) {
  test(`at ${speed}× the pitch is kept, the place moves ${speed} times as fast, and nothing is silent`, () => {
    const bench = new Bench();
    bench.send({ type: "pace", speed, follow: false });
    bench.push(10 * RATE);
    bench.play(4.02); // the sixteenth report is at 4.01
    assert.ok(Math.abs(pitch(bench.out.slice(DEVICE / 10)) / 440 - 1) < 0.02, `${pitch(bench.out)} Hz`);
    assert.ok(Math.abs(bench.played / (4.01 * speed * RATE) - 1) < 0.02, `at ${bench.played}`);
    assert.ok(longestSilence(bench.out.slice(DEVICE / 10)) < 0.005);
  });
}

test("a catch-up that has reached live audio does not run dry", () => {
  const bench = new Bench();
  bench.send({ type: "pace", speed: 2, follow: false });
  bench.push(2 * RATE);
  bench.stream(6);
  assert.equal(bench.last.underruns, 0);
  assert.ok(bench.last.bufferedSamples < 0.3 * RATE, `${bench.last.bufferedSamples} samples left`);
});

test("a seek takes back that the call ends here", () => {
  const bench = new Bench();
  bench.stream(1);
  bench.send({ type: "end" });
  go(bench, { position: 0, hz: 440, seconds: 1 });
  bench.play(0.9);
  assert.equal(bench.last.ended, false);
  bench.send({ type: "end" });
  bench.play(0.5);
  assert.equal(bench.last.ended, true);
});

for (const speed of [1, 2]) {
  test(`who is behind live hears the call at ${speed}× at once, however long live audio has to wait`, () => {
    const bench = new Bench();
    bench.send({ type: "target", seconds: 8 });
    bench.send({ type: "pace", speed, follow: false });
    go(bench, { position: 5000, hz: 440, seconds: 1 });
    bench.play(0.01);
    for (let n = 0; n < 8; n++) {
      bench.push(speed * 0.5 * RATE); // the page keeps the player supplied
      bench.play(0.5);
    }
    assert.ok(longestSilence(bench.out) < 0.02, `silent for ${longestSilence(bench.out)} s`);
    assert.ok(Math.abs((bench.played - 5000) / (4 * speed * RATE) - 1) < 0.05, `at ${bench.played}`);
  });
}

test("who goes live in a pause of the call hears the audio that leads there once", () => {
  const bench = new Bench();
  bench.wave = () => 0;
  bench.send({ type: "target", seconds: 1 });
  bench.send({ type: "pace", speed: 1, follow: false });
  bench.push(4 * RATE);
  bench.play(2);
  bench.send({ type: "seek", number: 1 });
  bench.send({ type: "pace", speed: 1, follow: true });
  bench.position = 50_000;
  bench.push(1.06 * RATE);
  const places = [];
  for (let n = 0; n < 20; n++) {
    bench.play(0.06);
    bench.push(0.06 * RATE);
    places.push(bench.player.lastPlace);
  }
  assert.deepEqual(places.toSorted((a, b) => a - b), places, "the player went back");
  assert.equal(bench.player.drops, 0);
});
