// What the list says of conditions.
import assert from "node:assert/strict";
import { test } from "node:test";

import { conditionReason, conditionWords, urgencyOf, urgentNews } from "../../../static/js/list/attention.js";
import { clockTime } from "../../../static/js/ui/words.js";
import { call, endedCall, iso, NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").Condition} Condition */

/**
 * A condition that has held for 42 s.
 * @param {string} kind
 * @param {Partial<Condition>} [changes]
 * @returns {Condition}
 */
function condition(kind, changes = {}) {
  return { kind, leg: null, severity: 60, since: iso(NOW - 42_000), note: "", ...changes };
}

/** @type {[words: string, kind: string, changes?: Partial<Condition>][]} */
const WORDS = [
  ["The agent asks for help", "help"],
  ["Asks for help: the caller is upset", "help", { note: "the caller is upset" }],
  ["The caller’s side sends packets but no sound", "one_way", { leg: "speak" }],
  ["The agent’s side sends packets but no sound", "one_way", { leg: "listen" }],
  ["Packets arrive but no sound", "one_way", { leg: "both" }],
  ["Nobody has spoken for 0:42", "dead_air"],
  ["The agent has been silent for 0:42", "one_side_silent", { leg: "listen" }],
  ["One side has been silent for 0:42", "one_side_silent"],
  ["The caller is too loud and distorted", "clipping", { leg: "speak" }],
  ["The sound is too loud and distorted", "clipping", { leg: "both" }],
  ["Both sides speak at once", "talk_over"],
  ["A long call", "long_call"],
  ["The caller asks for a person", "wants_person"],
  ["The language model fails", "llm_error"],
  ["The tool get_weather keeps failing", "tool_fails", { note: "get_weather" }],
  ["A tool keeps failing", "tool_fails"],
  ["A watched phrase was said", "phrase"],
  ["On hold for 0:42", "long_hold"],
  ["The agent answers slowly", "slow_answers"],
  ["The caller keeps interrupting", "barge_ins"],
  ["Needs attention: bad mood", "bad_mood"],
];

for (const [words, kind, changes] of WORDS) {
  test(`${kind} of ${changes?.leg ?? "the call"} says "${words}"`, () => {
    assert.equal(conditionWords(condition(kind, changes), NOW), words);
  });

  test(`${kind} of ${changes?.leg ?? "the call"}${changes?.note ? " with a note" : ""} is explained, with the time`, () => {
    const explained = conditionReason(condition(kind, changes));
    assert.ok(explained.includes(`ince ${clockTime(iso(NOW - 42_000))}`), explained);
    assert.match(explained, /^[A-Z].*\.$/);
  });
}

test("a condition that began in the future, by a wrong clock, has held for no time", () => {
  assert.equal(conditionWords(condition("dead_air", { since: iso(NOW + 900) }), NOW), "Nobody has spoken for 0:00");
});

test("the severity has three steps", () => {
  const urgency = (/** @type {number} */ severity) => urgencyOf(condition("x", { severity }));
  assert.deepEqual([100, 80, 60, 50, 40, 10].map(urgency), ["alarm", "alarm", "warning", "warning", "notice", "notice"]);
});

const DEAD = call("a", { attention: [condition("dead_air")], caller_name: "Ann Lee" });
const HELP = call("b", { attention: [condition("help", { severity: 100 }), condition("one_way", { severity: 80 })] });
const TOLD = new Set(["a dead_air null"]);

test("an urgent condition is told once, with the call and the words", () => {
  const first = urgentNews([DEAD], new Set(), NOW);
  assert.equal(first.words, "Receptionist · Ann Lee: Nobody has spoken for 0:42");
  assert.equal(urgentNews([DEAD], first.told, NOW + 1000).words, "");
});

test("a condition that comes back is told again", () => {
  const gone = urgentNews([call("a")], TOLD, NOW);
  assert.equal(gone.words, "");
  assert.notEqual(urgentNews([DEAD], gone.told, NOW).words, "");
});

test("several calls are told in one sentence, and each once", () => {
  const { words, told } = urgentNews([DEAD, HELP], new Set(), NOW);
  assert.equal(words, "2 calls need attention: Receptionist · Ann Lee; Receptionist · +15550100");
  assert.equal(told.size, 3);
});

test("of a call with several conditions the most severe is told", () => {
  assert.equal(urgentNews([DEAD, HELP], TOLD, NOW).words, "Receptionist · +15550100: The agent asks for help");
});

test("a call that is not tapped is told of, too", () => {
  const untapped = call("a", { state: "untapped", attention: [condition("help", { severity: 100 })] });
  assert.notEqual(urgentNews([untapped], new Set(), NOW).words, "");
});

test("what is not urgent, and what is over, is not told", () => {
  const notice = call("a", { attention: [condition("clipping", { severity: 40 })] });
  const over = endedCall("b", { attention: [condition("help", { severity: 100 })] });
  assert.deepEqual(urgentNews([notice, over], new Set(), NOW), { words: "", told: new Set() });
});
