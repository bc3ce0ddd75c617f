/** What a deck says of who talks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { talkWords } from "../../../static/js/deck/talk.js";
import { iso, NOW } from "../support/taps.mjs";

const SECOND = 1000;

/**
 * A call in which both parties spoke just now.
 * @param {{caller?: number, agent?: number, callerAt?: number, agentAt?: number, overlap?: number, overlaps?: number}} [told] seconds, and ms since each spoke
 */
function talk({ caller = 30, agent = 10, callerAt = 0, agentAt = 0, overlap = 0, overlaps = 0 } = {}) {
  const speak = { seconds: caller, spoke_at: iso(NOW - callerAt) };
  return { speak, listen: { seconds: agent, spoke_at: iso(NOW - agentAt) }, overlap, overlaps };
}

/** @param {Parameters<typeof talk>[0]} [told] */
function said(told) {
  return talkWords({ talk: talk(told), serverNow: NOW })?.words;
}

test("each party has its share of what was said", () => {
  assert.equal(said(), "Caller 75% · Agent 25%");
  assert.equal(talkWords({ talk: talk(), serverNow: NOW })?.share, 0.75);
});

test("shares make a whole, however they are rounded", () => {
  assert.equal(said({ caller: 125, agent: 75.1 }), "Caller 62% · Agent 38%");
});

test("parties that are exchanged have exchanged shares", () => {
  assert.equal(said({ caller: 10, agent: 30 }), "Caller 25% · Agent 75%");
});

test("it says how often and for how long both talked at once", () => {
  assert.equal(said({ overlap: 4.2, overlaps: 3 }), "Caller 75% · Agent 25% · both at once 3 times, 4 s");
  assert.equal(said({ overlap: 75, overlaps: 1 }), "Caller 75% · Agent 25% · both at once 1 time, 1:15");
});

test("it names a party that has been silent for 20 s", () => {
  assert.equal(said({ agentAt: 19 * SECOND }), "Caller 75% · Agent 25%");
  assert.equal(said({ agentAt: 75 * SECOND }), "Caller 75% · Agent 25% · agent silent for 1:15");
  assert.equal(said({ callerAt: 20 * SECOND }), "Caller 75% · Agent 25% · caller silent for 0:20");
});

test("where both are silent, it says for how long nobody has spoken", () => {
  assert.equal(said({ callerAt: 40 * SECOND, agentAt: 25 * SECOND }), "Caller 75% · Agent 25% · both silent for 0:25");
});

test("nobody is called silent while the page is out of date, or when the call is over", () => {
  const words = talkWords({ talk: talk({ agentAt: 75 * SECOND }), serverNow: null })?.words;
  assert.equal(words, "Caller 75% · Agent 25%");
});

test("nothing is said of a call whose parties are not tapped apart", () => {
  assert.equal(talkWords({ talk: null, serverNow: NOW }), null);
});

test("nothing is said before anybody has talked", () => {
  assert.equal(talkWords({ talk: talk({ caller: 0, agent: 0 }), serverNow: NOW }), null);
});
