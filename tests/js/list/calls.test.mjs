// What the pages conclude from a call and its legs.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  activeLegs, elapsed, endedUnseen, isStale, mediaOf, mediaOfCall, playedLegs, silentSince,
} from "../../../static/js/list/calls.js";
import { call, endedCall, iso, leg, NOW } from "../support/taps.mjs";

const SPEAK = leg("s", { direction: "speak" });
const LISTEN = leg("l", { direction: "listen" });
const BOTH = leg("b");
const OVER = leg("o", { state: "finished", media: false, ended_at: iso(NOW) });

/** @param {number} at @returns {import("../../../static/js/list/calls.js").Level} */
function level(at, stalled = false) {
  return { rms: -20, peak: -10, stalled, at };
}

test("the legs that go on are both sides, the caller's and the agent's, in this order", () => {
  const found = activeLegs(call("a", { legs: [LISTEN, OVER, SPEAK, BOTH] }));
  assert.deepEqual(found, [BOTH, SPEAK, LISTEN]);
});

test("of two legs with one direction the newer one counts", () => {
  const newer = leg("newer", { direction: "speak" });
  assert.deepEqual(activeLegs(call("a", { legs: [SPEAK, newer] })), [newer]);
});

test("a new listener hears the two sides apart, or else both together, or else the one that there is", () => {
  assert.deepEqual(playedLegs(call("a", { legs: [SPEAK, LISTEN, BOTH] })), [SPEAK, LISTEN]);
  assert.deepEqual(playedLegs(call("a", { legs: [LISTEN, BOTH] })), [BOTH]);
  assert.deepEqual(playedLegs(call("a", { legs: [OVER, LISTEN] })), [LISTEN]);
});

test("no new listener may hear a leg that was asked to stop or has ended", () => {
  const stopping = leg("s", { direction: "speak", stop_requested_at: iso(NOW) });
  assert.deepEqual(playedLegs(call("a", { legs: [stopping, LISTEN] })), [LISTEN]);
  assert.deepEqual(playedLegs(call("a", { legs: [stopping] })), []);
  assert.deepEqual(playedLegs(endedCall("a")), []);
});

test("a description is stale if its version is lower than that of the known one", () => {
  assert.ok(isStale(call("a", { version: 5 }), call("a", { version: 4 })));
  assert.ok(!isStale(call("a", { version: 5 }), call("a", { version: 5 })));
  assert.ok(!isStale(undefined, call("a")));
});

test("media is live or stalled as the meters say, and none where they are late or missing", () => {
  const levels = new Map([["s", level(NOW)], ["l", level(NOW, true)]]);
  assert.equal(mediaOf(levels, SPEAK, NOW + 100), "live");
  assert.equal(mediaOf(levels, LISTEN, NOW + 100), "stalled");
  assert.equal(mediaOf(levels, BOTH, NOW + 100), "none");
  assert.equal(mediaOf(levels, SPEAK, NOW + 2001), "none");
});

test("a call's media is live if that of one leg is", () => {
  const levels = new Map([["s", level(NOW)], ["l", level(NOW, true)]]);
  assert.equal(mediaOfCall(levels, call("a", { legs: [LISTEN, SPEAK] }), NOW), "live");
  assert.equal(mediaOfCall(levels, call("a", { legs: [LISTEN] }), NOW), "stalled");
  assert.equal(mediaOfCall(levels, call("a", { legs: [BOTH] }), NOW), "none");
});

test("a call is silent when all of its live legs are, since the last of them fell silent", () => {
  const silent = leg("s", { silent_since: iso(NOW - 5000) });
  const later = leg("l", { silent_since: iso(NOW - 1000) });
  assert.equal(silentSince(call("a", { legs: [later, silent, OVER] })), later.silent_since);
  assert.equal(silentSince(call("a", { legs: [silent, BOTH] })), null);
  assert.equal(silentSince(endedCall("a")), null);
});

test("a duration counts from the start, or from the request until there is one", () => {
  assert.equal(elapsed(call("a"), NOW), 50_000);
  assert.equal(elapsed(call("a", { state: "requested", started_at: null }), NOW), 60_000);
  assert.equal(elapsed(endedCall("a"), NOW + 1e6), 50_000);
  assert.equal(elapsed(call("a", { started_at: iso(NOW + 900) }), NOW), 0);
  assert.equal(elapsed({ ...call("a"), over: true }, NOW), null);
});

test("of a call whose end was missed no leg goes on, and any later description is newer", () => {
  const gone = endedUnseen(call("a", { version: 7, legs: [SPEAK, OVER] }));
  assert.equal(gone.over, true);
  assert.deepEqual(gone.legs.map(({ state }) => state), ["finished", "finished"]);
  assert.ok(!isStale(gone, call("a", { version: 8 })));
});
