// What is said in a call, as windows of lines that replace one another.
import assert from "node:assert/strict";
import { test } from "node:test";

import { countAfter, EMPTY, indexAt, nearestTo, startOf, withAll, withWindow } from "../../../static/js/words/transcript.js";
import { at, said, toolUse } from "../support/said.mjs";
import { NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/words/transcript.js").Transcript} Transcript */

const HELLO = said(0, "Front desk, hello.");
const ASKS = said(4, "I have an appointment.", { side: "caller" });
const ANSWERS = said(5, "No problem.");
const THREE = withAll(EMPTY, [HELLO, ASKS, ANSWERS]);

/** @param {Transcript} transcript */
function texts({ lines }) {
  return lines.map(({ text }) => text);
}

/** @param {Transcript} transcript */
function keys({ lines }) {
  return lines.map(({ key }) => key);
}

/**
 * @param {Transcript} known
 * @param {number} from seconds
 * @param {number} until
 * @param {import("../support/said.mjs").SaidLine[]} lines
 */
function replaced(known, from, until, ...lines) {
  return withWindow(known, { from: at(from), until: at(until), lines });
}

test("a window at the end appends its lines", () => {
  assert.deepEqual(texts(replaced(THREE, 6, 7, said(6, "Thursday?"))), [...texts(THREE), "Thursday?"]);
});

test("a window replaces all lines between its ends, both included, and no other", () => {
  const next = replaced(THREE, 4, 5, said(4.5, "Corrected."));
  assert.deepEqual(texts(next), ["Front desk, hello.", "Corrected."]);
});

test("an empty window takes lines away", () => {
  assert.deepEqual(texts(replaced(THREE, 4, 4)), ["Front desk, hello.", "No problem."]);
});

test("a window may be between, or before, all that is known", () => {
  assert.deepEqual(texts(replaced(THREE, 1, 2, said(1, "Between."))), ["Front desk, hello.", "Between.", "I have an appointment.", "No problem."]);
  assert.deepEqual(texts(replaced(THREE, -2, -1, said(-1, "Before.")))[0], "Before.");
});

test("windows are cut between microseconds", () => {
  const micro = withAll(EMPTY, [
    { ...HELLO, at: "2026-03-01T12:00:00.000100+00:00" },
    { ...ASKS, at: "2026-03-01T12:00:00.000200+00:00" },
  ]);
  const [edge] = ["2026-03-01T12:00:00.000200+00:00"];
  assert.deepEqual(texts(withWindow(micro, { from: edge, until: edge, lines: [] })), ["Front desk, hello."]);
});

test("a line that is told again keeps its key, so that the page keeps its element", () => {
  const next = replaced(THREE, 4, 6, ASKS, ANSWERS, said(6, "Thursday?"));
  assert.deepEqual(keys(next).slice(0, 3), keys(THREE));
  assert.equal(new Set(keys(next)).size, 4);
});

test("a line that grows keeps its key, also when it ends at another time", () => {
  const partial = withAll(EMPTY, [HELLO, said(2, "I have", { side: "caller", partial: true })]);
  const grown = replaced(partial, 2, 3, said(3, "I have an appointment", { side: "caller", partial: true }));
  const whole = replaced(grown, 3, 4, ASKS);
  assert.deepEqual([keys(grown), keys(whole)], [keys(partial), keys(partial)]);
});

test("what another side says is not the end of a line that grew", () => {
  const partial = withAll(EMPTY, [said(2, "I have", { side: "caller", partial: true })]);
  assert.notDeepEqual(keys(replaced(partial, 2, 3, said(3, "Yes?"))), keys(partial));
});

test("no key is given twice, though lines are the same word for word", () => {
  const again = withAll(EMPTY, [said(1, "Yes."), said(1, "Yes."), said(1, "Ye", { partial: true })]);
  const next = replaced(again, 1, 1, said(1, "Ye"), said(1, "Yes."), said(1, "Yes."), said(1, "Yes."));
  assert.equal(new Set(keys(next)).size, 4);
  const grown = replaced(again, 1, 1, said(1, "Yes, I"), said(1, "Yes, you"));
  assert.equal(new Set(keys(grown)).size, 2);
});

test("the record of a call replaces everything", () => {
  const record = [said(0, "Front desk, hello.", { recorded: true }), said(4, "I had an appointment.", { side: "caller", recorded: true })];
  assert.deepEqual(texts(withAll(THREE, record)), ["Front desk, hello.", "I had an appointment."]);
});

test("an agent's line is heard from its time on, and a caller's before it, as long as it takes to say", () => {
  assert.equal(startOf(THREE.lines, 0), NOW);
  const began = startOf(THREE.lines, 1);
  assert.ok(began > NOW + 2000 && began < NOW + 3000, `${began - NOW}`);
});

test("a caller's line does not begin before the line that it follows", () => {
  const long = withAll(EMPTY, [HELLO, said(1, "I have an appointment on Tuesday at ten, and I have to move it.", { side: "caller" })]);
  assert.equal(startOf(long.lines, 1), NOW);
});

test("the line that is heard at a time is the last one that has begun", () => {
  const found = [-1, 0, 2, 3, 4, 5, 99].map((seconds) => indexAt(THREE.lines, NOW + seconds * 1000));
  assert.deepEqual(found, [-1, 0, 0, 1, 1, 2, 2]);
  assert.equal(indexAt([], NOW), -1);
});

test("the lines after a moment are counted", () => {
  assert.deepEqual([-1, 0, 4, 5].map((seconds) => countAfter(THREE.lines, NOW + seconds * 1000)), [3, 2, 1, 0]);
});

test("the line nearest to a moment is one of caller or agent, and the earlier of two that are as near", () => {
  const { lines } = withAll(EMPTY, [said(0, "Hello."), toolUse(3, "look_up"), said(4, "Yes."), said(8, "Bye.")]);
  const found = [-5, 1, 2, 3, 6, 7, 99].map((seconds) => nearestTo(lines, NOW + seconds * 1000)?.text);
  assert.deepEqual(found, ["Hello.", "Hello.", "Hello.", "Yes.", "Yes.", "Bye.", "Bye."]);
  assert.equal(nearestTo([], NOW), undefined);
});
