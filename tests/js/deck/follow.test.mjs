// Which call is put on a deck when the one that it plays has ended.
import assert from "node:assert/strict";
import { test } from "node:test";

import { followedOf, nextCall } from "../../../static/js/deck/follow.js";
import { call, endedCall, iso, NOW } from "../support/taps.mjs";

/** A call of an agent that was asked for `ago` ms before now. @param {string} id @param {string} agent @param {number} ago */
const asked = (id, agent, ago) => call(id, { agent, requested_at: iso(NOW - ago) });

const ENDED = endedCall("9", { agent: "sales" });
const LISTED = [asked("1", "sales", 50_000), asked("2", "sales", 10_000), asked("3", "support", 5000)];

/** The id of the next call. @param {import("../../../static/js/deck/follow.js").Followed} followed */
const next = (followed, taken = new Set(["9"]), listed = LISTED) =>
  nextCall(listed, { followed, call: ENDED }, taken)?.id ?? null;

test("a deck that follows nobody gets no call", () => {
  assert.equal(next(""), null);
});

test("a deck that follows its agent gets that agent's newest call", () => {
  assert.equal(next("agent"), "2");
});

test("a deck that follows the list gets its newest call", () => {
  assert.equal(next("list"), "3");
});

test("a call that plays on a deck is not taken twice", () => {
  assert.equal(next("agent", new Set(["9", "2"])), "1");
  assert.equal(next("agent", new Set(["9", "2", "1"])), null);
});

test("a call that is not tapped is not next until it is", () => {
  assert.equal(next("list", new Set(), [call("4", { state: "untapped" })]), null);
});

test("a call that has ended or is being stopped is not next", () => {
  const stopping = call("4", { agent: "sales" }, { stop_requested_at: iso(NOW) });
  assert.equal(next("agent", new Set(), [endedCall("5", { agent: "sales" }), stopping]), null);
});

test("of calls that were asked for at once the later row is newer", () => {
  assert.equal(next("agent", new Set(), [asked("10", "sales", 0), asked("11", "sales", 0)]), "11");
});

test("the menu's values are read, and all others mean nobody", () => {
  assert.deepEqual(["agent", "list", "", "nonsense"].map(followedOf), ["agent", "list", "", ""]);
});
