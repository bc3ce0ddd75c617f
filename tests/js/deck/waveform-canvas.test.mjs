// What is drawn of a waveform, on a stand-in for a canvas.
import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../../static/js/audio/history.js";
import { stripOf } from "../../../static/js/deck/waveform.js";
import { WaveformCanvas } from "../../../static/js/deck/waveform-canvas.js";

const RATE = 8000;
const COLOURS = { heard: "heard", ahead: "ahead", gap: "gap", head: "head" };

/** Notes every rectangle with its colour. */
class FakeContext {
  canvas = { width: 200, height: 100 };
  fillStyle = "";
  /** @type {{colour: string, x: number, y: number, width: number, height: number}[]} */
  filled = [];

  /** @type {number[]} */
  tops = [];

  /** @param {number[]} matrix */
  setTransform(...matrix) {
    this.tops.push(matrix[5]);
  }

  clearRect() {
    this.filled = [];
  }

  /** @param {[x: number, y: number, width: number, height: number]} place */
  fillRect(...[x, y, width, height]) {
    this.filled.push({ colour: this.fillStyle, x, y, width, height });
  }

  /** @param {string} colour */
  of(colour) {
    return this.filled.filter((one) => one.colour === colour);
  }
}

/**
 * Draw ten seconds of a call, 100 columns wide.
 * @param {History} history
 * @param {number} head
 * @param {History[]} others of the call's other legs
 */
function drawn(history, head, ...others) {
  const context = new FakeContext();
  const real = /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (context));
  new WaveformCanvas(real).draw([history, ...others], stripOf(history, 100, 10, head), head, COLOURS);
  return context;
}

/**
 * @param {History} history
 * @param {number} position
 * @param {number} seconds
 * @param {number} value of every sample
 */
function put(history, position, seconds, value) {
  for (let n = 1; n <= seconds; n++) {
    const receivedAt = BigInt(n * 1_000_000);
    history.put({ pcm: new Int16Array(RATE).fill(value), position: position + (n - 1) * RATE, flags: 0, receivedAt });
  }
}

test("what was heard, what is ahead and the head have their colours", () => {
  const history = new History();
  put(history, 0, 20, 8192);
  const context = drawn(history, 15 * RATE);
  assert.deepEqual(context.of("heard").map(({ x }) => x), Array.from({ length: 50 }, (_, n) => n));
  assert.equal(context.of("ahead").length, 50);
  assert.deepEqual(context.of("head").map(({ x }) => x), [50]);
});

test("live, the head is within the canvas", () => {
  const history = new History();
  put(history, 0, 20, 100);
  assert.deepEqual(drawn(history, history.end).of("head").map(({ x }) => x), [99]);
});

test("silence is a line, a gap is marked, and where nothing is held nothing is drawn", () => {
  const history = new History();
  put(history, 0, 2, 0);
  put(history, 4 * RATE, 2, 0);
  const context = drawn(history, history.end);
  // Peaks are exact to a bin, so the first column of the gap may still be drawn.
  const columns = context.of("heard").map(({ x }) => x).filter((x) => x !== 60);
  assert.deepEqual(columns, Array.from({ length: 40 }, (_, n) => n + (n < 20 ? 40 : 60)));
  assert.ok(context.of("heard").every(({ y, height }) => y === 0.5 && height === 0.01));
  assert.deepEqual(context.of("gap").map(({ x, width }) => [x, width]), [[60, 20]]);
});

test("another leg is drawn below, where it was at the same time", () => {
  const [one, other] = [new History(), new History()];
  put(one, 0, 20, 100);
  put(other, 500_000, 15, 100);
  const context = drawn(one, 20 * RATE, other);
  assert.deepEqual([...new Set(context.tops)], [0, 50]);
  const columns = context.of("heard").map(({ x }) => x);
  assert.deepEqual(columns, [...Array(100).keys(), ...Array(50).keys()]);
});

test("loud peaks fill the height", () => {
  const history = new History();
  const pcm = Int16Array.from({ length: 10 * RATE }, (_, n) => (n % 2 ? 32767 : -32768));
  history.put({ pcm, position: 0, flags: 0, receivedAt: 0n });
  for (const { y, height } of drawn(history, 0).of("ahead")) assert.ok(y < 0.001 && height > 0.999);
});
