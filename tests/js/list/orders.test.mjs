// What may be asked of SignalWire about a call, and what is said of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { canPause, canStart, canStop, isPaused, orderWords, refusalWords } from "../../../static/js/list/orders.js";
import { call, endedCall, NOW, pausedAt } from "../support/taps.mjs";

/** @type {import("../../../static/js/ui/tap-words.js").OrderWords} */
const WORDS = {
  underWay: { start: "Starting", stop: "Stopping" },
  errors: { start: { busy: "Not started: busy" }, stop: { busy: "Not stopped: busy" } },
  refusals: { too_many: "Too many", failed: "It failed" },
};

test("a call that is tapped can be stopped and not started", () => {
  assert.deepEqual([canStart(call("a")), canStop(call("a"))], [false, true]);
});

test("a call whose tap has ended can be started and not stopped", () => {
  assert.deepEqual([canStart(endedCall("a")), canStop(endedCall("a"))], [true, false]);
});

test("a call that was never tapped can be started and not stopped", () => {
  const untapped = call("a", { state: "untapped" });
  assert.deepEqual([canStart(untapped), canStop(untapped)], [true, false]);
});

test("a call that goes on can be paused, until it is or is over", () => {
  const [going, paused] = [call("a"), call("a", { pause: pausedAt(NOW) })];
  assert.deepEqual([going, paused, endedCall("a")].map(canPause), [true, false, false]);
  assert.deepEqual([going, paused, endedCall("a", { pause: pausedAt(NOW) })].map(isPaused), [false, true, false]);
});

test("a call that is over cannot be started", () => {
  assert.equal(canStart(endedCall("a", { gone: true })), false);
});

test("a call that SignalWire is asked about cannot be started again, but one whose start failed can", () => {
  assert.equal(canStart(endedCall("a", { order: { kind: "stop", error: "" } })), false);
  assert.equal(canStart(endedCall("a", { order: { kind: "start", error: "busy" } })), true);
});

/** @type {[order: import("../../../static/js/wire/messages.js").Order | null, words: string][]} */
const SAID = [
  [null, ""],
  [{ kind: "start", error: "" }, "Starting"],
  [{ kind: "stop", error: "" }, "Stopping"],
  [{ kind: "start", error: "busy" }, "Not started: busy"],
  [{ kind: "stop", error: "busy" }, "Not stopped: busy"],
  [{ kind: "stop", error: "from_a_newer_server" }, "from_a_newer_server"],
];

for (const [order, words] of SAID) {
  test(`of the order ${JSON.stringify(order)} is said: ${words || "nothing"}`, () => {
    assert.equal(orderWords(endedCall("a", { order }), WORDS), words);
  });
}

test("a server of an older release says nothing of orders", () => {
  const older = /** @type {import("../../../static/js/wire/messages.js").Call} */ (JSON.parse('{"legs":[]}'));
  assert.equal(orderWords(older, WORDS), "");
});

test("a refusal that the page does not know is told as a failure", () => {
  assert.equal(refusalWords("too_many", WORDS), "Too many");
  assert.equal(refusalWords("from_a_newer_server", WORDS), "It failed");
});
