// The geometry of a deck's waveform.
import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../../static/js/audio/history.js";
import {
  gapsIn, indexAt, marksIn, playbackOf, stepped, stripOf, target, targetAt, xOf,
} from "../../../static/js/deck/waveform.js";

const RATE = 8000;
const WIDTH = 600;
const SECONDS = 60;

/**
 * @param {number[]} ranges from, to, from, to, in seconds; the last one ends at the live edge
 */
function sound(...ranges) {
  const held = [];
  for (let n = 0; n < ranges.length; n += 2) {
    held.push({ from: ranges[n] * RATE, to: ranges[n + 1] * RATE, seam: false });
  }
  return { held, end: ranges[ranges.length - 1] * RATE, rate: RATE };
}

test("live, the waveform ends at the live edge", () => {
  const call = sound(0, 300);
  const strip = stripOf(call, WIDTH, SECONDS, call.end);
  assert.equal(xOf(strip, call.end), WIDTH);
  assert.equal(indexAt(strip, 0), 240 * RATE);
});

test("a step back within the waveform leaves it at the live edge", () => {
  const call = sound(0, 300);
  assert.equal(xOf(stripOf(call, WIDTH, SECONDS, 270 * RATE), call.end), WIDTH);
});

test("further back, a quarter of the waveform is before the head", () => {
  const call = sound(0, 300);
  const strip = stripOf(call, WIDTH, SECONDS, 100 * RATE);
  assert.ok(Math.abs(xOf(strip, 100 * RATE) - WIDTH / 4) <= 1);
});

test("as the head plays on to live, the waveform never jumps", () => {
  const call = sound(0, 300);
  let before = stripOf(call, WIDTH, SECONDS, 100 * RATE).from;
  for (let head = 100 * RATE; head <= call.end; head += 800) {
    const { from, step } = stripOf(call, WIDTH, SECONDS, head);
    assert.ok(from - before >= 0 && from - before <= 800 + step, `${from - before} at ${head}`);
    before = from;
  }
});

test("the waveform begins at a whole column, however many samples have come", () => {
  for (const end of [480_000, 480_001, 487_123]) {
    const strip = stripOf({ held: [], end, rate: RATE }, 601, 47, end);
    assert.equal(strip.from % strip.step, 0);
    assert.ok(Math.abs(xOf(strip, end) - 601) <= 1);
  }
});

test("a place and its index are one another's inverse", () => {
  const strip = stripOf(sound(0, 300), 777, SECONDS, 300 * RATE);
  for (const x of [0, 1, 388.5, 777]) assert.ok(Math.abs(xOf(strip, indexAt(strip, x)) - x) < 0.01);
});

test("a click plays from there", () => {
  const call = sound(0, 300);
  const strip = stripOf(call, WIDTH, SECONDS, call.end);
  assert.deepEqual(targetAt(call, strip, 300), { index: 270 * RATE, live: false });
});

for (const [what, x, wanted] of /** @type {const} */ ([
  ["before the oldest audio plays from there", -500, { index: 280 * RATE, live: false }],
  ["at the right edge is live", WIDTH, { index: 300 * RATE, live: true }],
  ["beyond the right edge is live", WIDTH + 200, { index: 300 * RATE, live: true }],
  ["within a second of live is live", WIDTH - 5, { index: 300 * RATE, live: true }],
])) {
  test(`a drag that ends ${what}`, () => {
    const call = sound(280, 300);
    assert.deepEqual(targetAt(call, stripOf(call, WIDTH, SECONDS, call.end), x), wanted);
  });
}

test("a step back is clamped to what is held, and one forward to live", () => {
  const call = sound(20, 60);
  assert.deepEqual(stepped(call, call.end, -10), { index: 50 * RATE, live: false });
  assert.deepEqual(stepped(call, call.end, -30), { index: 30 * RATE, live: false });
  assert.deepEqual(stepped(call, 30 * RATE, -30), { index: 20 * RATE, live: false });
  assert.deepEqual(stepped(call, 50 * RATE, 10), { index: 60 * RATE, live: true });
});

test("a target in a gap is what follows the gap", () => {
  const call = sound(0, 20, 30, 60);
  assert.deepEqual(target(call, 25 * RATE), { index: 30 * RATE, live: false });
  assert.deepEqual(target(call, 19 * RATE), { index: 19 * RATE, live: false });
});

test("where nothing is held, every target is live", () => {
  assert.deepEqual(target({ held: [], end: 0, rate: RATE }, -5), { index: 0, live: true });
});

test("gaps are shown as wide as they are, and those out of sight are not", () => {
  const call = sound(0, 10, 20, 250, 256, 280, 280, 300);
  const strip = stripOf(call, WIDTH, SECONDS, call.end);
  assert.deepEqual(gapsIn(call, strip), [{ x: 100, width: 60 }, { x: 400, width: 0 }]);
});

test("marks stand where they happened; those too close to click share a place", () => {
  const call = sound(0, 300);
  const strip = stripOf(call, WIDTH, SECONDS, call.end);
  const at = (/** @type {number} */ seconds, /** @type {string} */ name) => ({ index: seconds * RATE, name });
  const marks = [at(290, "help"), at(100, "old"), at(250, "dead air"), at(251, "long"), at(400, "later")];
  const places = marksIn(marks, strip).map((place) => [place.x, place.marks.map(({ name }) => name)]);
  assert.deepEqual(places, [[100, ["dead air", "long"]], [500, ["help"]]]);
});

test("marks keep sharing a place while they move out of sight", () => {
  const marks = [0, 1, 2, 3].map((n) => ({ index: n * 1.5 * RATE }));
  const counts = new Set();
  for (let end = 60; end < 64; end += 0.1) {
    const call = { held: [], end: end * RATE, rate: RATE };
    const places = marksIn(marks, stripOf(call, WIDTH, SECONDS, call.end));
    if (places.length === 2) counts.add(places[0].marks.length);
  }
  assert.deepEqual([...counts], [2]);
});

test("the listener is live, behind, or catching up and live in so many seconds", () => {
  const call = sound(0, 300);
  const head = 270 * RATE;
  assert.deepEqual(playbackOf(call, { head: 299.8 * RATE, live: true, speed: 1 }), {
    state: "live",
    behind: 0.2,
    liveIn: 0,
  });
  assert.deepEqual(playbackOf(call, { head, live: false, speed: 1 }), { state: "behind", behind: 30, liveIn: null });
  const catching = { state: "catching up", behind: 30, liveIn: 60 };
  assert.deepEqual(playbackOf(call, { head, live: false, speed: 1.5 }), catching);
});

test("a History is a sound", () => {
  const history = new History();
  history.put({ pcm: new Int16Array(10 * RATE), position: 0, flags: 0, receivedAt: 0n });
  assert.deepEqual(stepped(history, history.end, -4), { index: 6 * RATE, live: false });
});
