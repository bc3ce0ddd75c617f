// The strips of all legs.
import assert from "node:assert/strict";
import { test } from "node:test";

import { addBars, advanceAll, stripsOf } from "../../../static/js/list/strips.js";
import { call } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/list/strips.js").Strips} Strips */

const SECOND = 1_772_366_400; // Unix time
/** @type {Strips} */
const NONE = new Map();

/** @param {number[]} bytes */
function packed(...bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/**
 * A call whose leg "a-both" has a strip, of which the newest second is the one before SECOND.
 * @param {number[]} bytes
 */
function striped(...bytes) {
  return call("a", {}, { strip: { end: SECOND - 1, bytes: packed(...bytes) } });
}

/**
 * @param {Record<string, null>} levels
 * @param {number} second
 * @param {number[]} bytes
 * @returns {import("../../../static/js/wire/messages.js").Meters}
 */
function meters(levels, second, ...bytes) {
  return { type: "meters", levels, second, bars: packed(...bytes) };
}

/**
 * The newest bytes of a leg's strip.
 * @param {Strips} strips
 * @param {string} id
 * @param {number} count
 */
function newest(strips, id, count) {
  return [...(strips.get(id)?.bytes ?? [])].slice(-count);
}

test("a snapshot brings strips, and a leg without one keeps what the page has", () => {
  const strips = stripsOf(NONE, [striped(7, 9)]);
  assert.deepEqual(newest(strips, "a-both", 3), [0, 7, 9]);
  assert.deepEqual(newest(stripsOf(strips, [call("a")]), "a-both", 3), [0, 7, 9]);
});

test("bars are those of the levels, in their order", () => {
  const strips = addBars(stripsOf(NONE, [striped(7)]), meters({ z: null, "a-both": null }, SECOND, 1, 2));
  assert.deepEqual([newest(strips, "z", 2), newest(strips, "a-both", 2)], [[0, 1], [7, 2]]);
});

test("a batch of meters without bars changes no strip", () => {
  const strips = stripsOf(NONE, [striped(7)]);
  assert.equal(addBars(strips, { type: "meters", levels: { "a-both": null } }), strips);
});

test("strips move on where no bars come, but not before these are late", () => {
  const strips = stripsOf(NONE, [striped(7)]);
  assert.equal(advanceAll(strips, (SECOND + 3) * 1000), strips);
  const moved = advanceAll(strips, (SECOND + 5) * 1000);
  assert.deepEqual(newest(moved, "a-both", 3), [7, 0, 0]);
  assert.deepEqual(newest(addBars(moved, meters({ "a-both": null }, SECOND + 1, 5)), "a-both", 3), [7, 0, 5]);
});
