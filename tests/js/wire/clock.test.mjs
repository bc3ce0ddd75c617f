// The server's clock, estimated from questions and answers.
import assert from "node:assert/strict";
import { test } from "node:test";

import { exchanged, offsetOf } from "../../../static/js/wire/clock.js";

const OFFSET = 1_000_000; // ms by which the server's clock is ahead

/**
 * Ask at `sent`; the question takes `there` ms, and the answer `back` ms.
 * @param {readonly import("../../../static/js/wire/clock.js").Exchange[]} known
 * @param {{sent: number, there: number, back: number}} times
 */
function ask(known, { sent, there, back }) {
  return exchanged(known, { sent, now: sent + there + OFFSET }, sent + there + back);
}

/** @type {ReturnType<typeof ask>} */
const NONE = [];

test("nothing is known before the first answer", () => {
  assert.equal(offsetOf(NONE), null);
});

test("an answer that takes as long in both directions gives the exact offset", () => {
  assert.equal(offsetOf(ask(NONE, { sent: 5, there: 40, back: 40 })), OFFSET);
});

test("the error is half of the time that the answer took, at most", () => {
  const error = Number(offsetOf(ask(NONE, { sent: 5, there: 0, back: 300 }))) - OFFSET;
  assert.equal(Math.abs(error), 150);
});

test("the fastest answer counts, whenever it came", () => {
  const fast = ask(NONE, { sent: 0, there: 5, back: 5 });
  const slow = ask(fast, { sent: 10_000, there: 0, back: 900 });
  assert.equal(offsetOf(slow), OFFSET);
});

test("of more than eight answers the oldest are forgotten, because clocks drift", () => {
  let known = ask(NONE, { sent: 0, there: 1, back: 0 });
  for (let n = 1; n <= 8; n++) known = ask(known, { sent: n * 10_000, there: 20, back: 20 });
  assert.equal(known.length, 8);
  assert.equal(offsetOf(known), OFFSET);
});

test("an answer to a question that nobody asked is ignored", () => {
  const known = ask(NONE, { sent: 0, there: 5, back: 5 });
  assert.equal(exchanged(known, { sent: 900, now: 1 }, 100), known);
  assert.equal(exchanged(known, { sent: Number.NaN, now: 1 }, 100), known);
});
