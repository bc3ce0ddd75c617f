// Finding words in a transcript.
import assert from "node:assert/strict";
import { test } from "node:test";

import { keptIndex, matchesIn, steppedIndex } from "../../../static/js/words/find.js";
import { EMPTY, withAll } from "../../../static/js/words/transcript.js";
import { said, toolUse } from "../support/said.mjs";

const { lines } = withAll(EMPTY, [
  said(0, "Buenos días, days and DAYS."),
  toolUse(1, "look_up_day", { arguments: '{"day": "Monday"}', result: "today" }),
  said(2, "Straße, İstanbul, 🎧 day"),
]);

/** @param {string} query */
function found(query) {
  return matchesIn(lines, query).map(({ key, field, from, to }) => {
    const line = lines.find((one) => one.key === key);
    const text = field === "text" ? line?.text : line?.tool?.[field];
    return `${field}:${text?.slice(from, to)}`;
  });
}

test("capitals and accents make no difference", () => {
  assert.deepEqual(found("dias"), ["text:días"]);
  assert.deepEqual(found("DÍAS"), ["text:días"]);
  assert.deepEqual(found("days"), ["text:days", "text:DAYS"]);
});

test("a tool is found by its name, and by what it was given and what it answered", () => {
  assert.deepEqual(found("day"), ["text:day", "text:DAY", "text:day", "arguments:day", "arguments:day", "result:day", "text:day"]);
});

test("places are right behind letters that change their length", () => {
  assert.deepEqual(found("istanbul"), ["text:İstanbul"]);
});

test("an empty query finds nothing", () => {
  assert.deepEqual(matchesIn(lines, "  "), []);
});

test("the newest hit is shown first, and a hit stays shown when others come", () => {
  const matches = matchesIn(lines, "days");
  assert.equal(keptIndex(matches, undefined), 1);
  assert.equal(keptIndex(matches, matches[0]), 0);
  assert.equal(keptIndex([], matches[0]), -1);
});

test("hits are gone through round and round", () => {
  const matches = matchesIn(lines, "days");
  assert.deepEqual([steppedIndex(matches, 1, 1), steppedIndex(matches, 0, -1), steppedIndex([], -1, 1)], [0, 1, -1]);
});
