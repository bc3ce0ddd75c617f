// Lines of a transcript as plain text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { plainText, tookWords } from "../../../static/js/words/line-words.js";
import { EMPTY, withAll } from "../../../static/js/words/transcript.js";
import { said, toolUse } from "../support/said.mjs";

/** @param {import("../support/said.mjs").SaidLine[]} lines without their times */
function copied(...lines) {
  return plainText(withAll(EMPTY, lines).lines).split("\n").map((line) => line.replace(/^\d+:00:0\d(\s[AP]M)? /, ""));
}

test("each line is copied with its time, and with who said it", () => {
  const [line] = withAll(EMPTY, [said(5, "Hello.")]).lines;
  assert.match(plainText([line]), /^\d+:00:05(\s[AP]M)? Agent: Hello\.$/);
  assert.deepEqual(copied(said(0, "Yes?", { side: "caller" }), said(1, "On hold", { side: "note" })), ["Caller: Yes?", "On hold"]);
});

test("what was interrupted says so", () => {
  assert.deepEqual(copied(said(0, "We are open from", { interrupted: true })), ["Agent: We are open from (interrupted)"]);
});

test("a tool is copied with what it was given, how long it took, and what came of it", () => {
  const given = '{\n  "day": "Monday"\n}';
  assert.deepEqual(copied(toolUse(0, "look_up", { arguments: given, result: "closed", milliseconds: 412 })), ['Tool: look_up({ "day": "Monday" }) (412 ms) → closed']);
  assert.deepEqual(copied(toolUse(0, "look_up", { error: "timed out" })), ["Tool: look_up() → failed: timed out"]);
});

test("a text of several lines is copied in one", () => {
  assert.deepEqual(copied(said(0, "One.\nTwo.")), ["Agent: One. Two."]);
});

test("below a second, durations are in milliseconds", () => {
  assert.deepEqual([0.412, 0.9994, 0.9996, 1.24].map(tookWords), ["412 ms", "999 ms", "1.0 s", "1.2 s"]);
});
