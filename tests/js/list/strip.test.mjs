// The strip: one bar a second.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  addSecond, advance, BARS, bars, bytesOf, emptyStrip, filledStrip, talk,
} from "../../../static/js/list/strip.js";
import { fraction } from "../../../static/js/ui/meter.js";

/** @typedef {import("../../../static/js/list/strip.js").Strip} Strip */

const SECOND = 1_772_366_400; // Unix time
const [QUIET, LOUD, SPEECH] = [1, 127, 255];

/** @type {{bytes: {byte: number, audio: boolean, spoken: boolean, db: number | null}[], text: string}} */
const sample = JSON.parse(readFileSync(new URL("../../wire/strip-sample.json", import.meta.url), "utf8"));

/** A strip whose newest second is SECOND. @param {number[]} bytes */
function strip(...bytes) {
  return filledStrip(Uint8Array.from(bytes), SECOND + 1);
}

/**
 * The newest bytes of a strip.
 * @param {Strip} of
 * @param {number} count
 */
function newest(of, count) {
  return [...of.bytes].slice(-count);
}

for (const { byte, audio, spoken, db } of sample.bytes) {
  test(`byte ${byte} is ${audio ? `${db} dBFS` : "no audio"}${spoken ? ", spoken" : ""}`, () => {
    const [bar] = bars(strip(byte)).slice(-1);
    assert.deepEqual(bar, { audio, spoken, height: db === null ? 0 : fraction(db) });
  });
}

test("base64 carries the bytes", () => {
  assert.deepEqual([...bytesOf(sample.text)], sample.bytes.map(({ byte }) => byte));
  assert.deepEqual([...bytesOf("")], []);
});

test("a strip has 60 bars, the newest last, however much the server has kept", () => {
  assert.equal(bars(emptyStrip()).length, BARS);
  const few = strip(QUIET, LOUD);
  assert.deepEqual(newest(few, 3), [0, QUIET, LOUD]);
  const many = strip(...Array.from({ length: 90 }, (_, n) => n + 1));
  assert.deepEqual([many.bytes.length, many.bytes[0], many.bytes[BARS - 1]], [BARS, 31, 90]);
});

test("each second moves the strip by one bar", () => {
  const next = addSecond(strip(QUIET, LOUD), SECOND + 1, SPEECH);
  assert.deepEqual(newest(next, 3), [QUIET, LOUD, SPEECH]);
  assert.equal(next.end, SECOND + 2);
});

test("the first second may be any", () => {
  const first = addSecond(emptyStrip(), SECOND, LOUD);
  assert.deepEqual([newest(first, 2), first.end], [[0, LOUD], SECOND + 1]);
});

test("seconds that were skipped had no audio", () => {
  assert.deepEqual(newest(addSecond(strip(LOUD), SECOND + 3, SPEECH), 4), [LOUD, 0, 0, SPEECH]);
  assert.deepEqual(newest(addSecond(strip(LOUD), SECOND + 5000, SPEECH), 60), [...Array(59).fill(0), SPEECH]);
});

test("of two messages about a second the one with audio counts", () => {
  const taken = addSecond(addSecond(strip(QUIET), SECOND + 1, 0), SECOND + 1, LOUD);
  assert.deepEqual([newest(taken, 2), taken.end], [[QUIET, LOUD], SECOND + 2]);
  assert.equal(addSecond(taken, SECOND + 1, 0), taken);
  assert.equal(addSecond(taken, SECOND + 1, LOUD), taken);
});

test("news about an older second come too late", () => {
  const known = strip(QUIET, LOUD);
  assert.equal(addSecond(known, SECOND - 1, SPEECH), known);
});

test("a strip moves on where nothing is sent", () => {
  const known = strip(LOUD);
  assert.equal(advance(known, SECOND + 1), known);
  assert.equal(advance(known, SECOND), known);
  assert.deepEqual(newest(advance(known, SECOND + 3), 3), [LOUD, 0, 0]);
});

test("a strip that was given stays as it is", () => {
  const known = strip(QUIET, 0);
  const copy = structuredClone(known);
  for (const second of [SECOND, SECOND + 1, SECOND + 9]) addSecond(known, second, SPEECH);
  advance(known, SECOND + 9);
  assert.deepEqual(known, copy);
});

test("the strip in numbers says how long somebody spoke", () => {
  assert.deepEqual(talk(emptyStrip()), { seconds: 0, spoken: 0 });
  assert.deepEqual(talk(strip(QUIET, SPEECH, 0, SPEECH)), { seconds: 3, spoken: 2 });
});
