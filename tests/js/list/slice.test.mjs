// How much work a frame of the screen does.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Slice } from "../../../static/js/list/slice.js";

/**
 * How many of 100 steps a slice takes.
 * @param {{took?: number, later?: number}} [step] ms that each takes now, and when the frame is drawn
 */
function steps({ took = 0, later = 0 } = {}) {
  let now = 1000;
  let count = 0;
  for (const slice = new Slice(() => now); count < 100 && slice.next(later); count++) now += took;
  return count;
}

test("a slice takes steps for 8 ms, however long one takes", () => {
  assert.deepEqual([1, 2, 4].map((took) => steps({ took })), [8, 4, 2]);
});

test("steps that take no time are all taken", () => {
  assert.equal(steps(), 100);
});

test("what a step costs later counts too", () => {
  assert.equal(steps({ later: 1 }), 8);
  assert.equal(steps({ took: 1, later: 1 }), 4);
});

test("a step that takes longer than a slice is taken, and only that", () => {
  assert.equal(steps({ took: 50 }), 1);
  assert.equal(steps({ later: 50 }), 1);
});

test("the first step is taken even if time was lost before it", () => {
  let now = 0;
  const slice = new Slice(() => now);
  now = 50;
  assert.deepEqual([slice.next(), slice.next()], [true, false]);
});
