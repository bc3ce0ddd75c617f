// The live list as a value.
import assert from "node:assert/strict";
import { test } from "node:test";

import { mediaOfCall } from "../../../static/js/list/calls.js";
import { emptyList, reduce } from "../../../static/js/list/state.js";
import { snapshot } from "../support/messages.mjs";
import { call, endedCall, iso, NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/list/state.js").ListEvent} ListEvent */
/** @typedef {import("../../../static/js/list/state.js").ListState} ListState */
/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */

/**
 * Apply events to a list, all at one time.
 * @param {ListEvent[]} events
 */
function play(events, { state = emptyList(), now = NOW } = {}) {
  return events.reduce((list, event) => reduce(list, event, now), state);
}

/**
 * @param {Call} value
 * @returns {ListEvent}
 */
function change(value) {
  return { type: "call", call: value };
}

/**
 * @param {import("../../../static/js/wire/messages.js").Meters["levels"]} levels
 * @param {import("../../../static/js/wire/messages.js").Meters["packets"]} [packets]
 * @returns {ListEvent}
 */
function meters(levels, packets) {
  return { type: "meters", levels, packets };
}

/** A tick that may remove every row that is due, except those that are held. @param {string[]} held */
function tick(...held) {
  return /** @type {ListEvent} */ ({ type: "tick", held: new Set(held) });
}

/**
 * @param {ListState["link"]} link
 * @param {number} code
 * @returns {ListEvent}
 */
function linked(link, code) {
  return { type: "link", link, code };
}

/** @param {ListState} list */
function ids(list) {
  return [...list.calls.keys()];
}

/**
 * @param {ListState} list
 * @param {string} id
 */
function known(list, id) {
  const found = list.calls.get(id);
  assert.ok(found, `${id} is not in the list`);
  return found;
}

test("a snapshot makes the list live and sets the clock", () => {
  const list = play([{ ...snapshot(call("a")), now: iso(NOW + 5000) }]);
  assert.equal(list.link, "live");
  assert.equal(list.offset, 5000);
  assert.deepEqual(ids(list), ["a"]);
});

test("the reducer changes nothing it was given", () => {
  const before = play([snapshot(call("a"), call("b"))]);
  const copy = structuredClone(before);
  play([change(endedCall("a")), meters({ "b-both": [-20, -10] }, { "b-both": {} })], { state: before });
  play([tick()], { state: before, now: NOW + 1e9 });
  assert.deepEqual(before, copy);
});

test("a change of a known call replaces it", () => {
  const list = play([snapshot(call("a"), call("b")), change(call("b", { listeners: ["alice"] }))]);
  assert.deepEqual(ids(list), ["a", "b"]);
  assert.deepEqual(known(list, "b").listeners, ["alice"]);
});

test("of two messages about a call the last one wins", () => {
  const list = play([snapshot(), change(call("a", { state: "requested" })), change(call("a"))]);
  assert.equal(known(list, "a").state, "tapping");
});

test("an ended call stays 30 seconds, then leaves", () => {
  const list = play([snapshot(call("a")), change(endedCall("a"))]);
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 29_999 })), ["a"]);
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 30_000 })), []);
});

test("later news of an ended call does not keep it longer", () => {
  let list = play([snapshot(call("a")), change(endedCall("a"))]);
  list = play([change(endedCall("a", { listeners: ["alice"] }))], { state: list, now: NOW + 15_000 });
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 30_000 })), []);
});

test("a call that is not tapped stays for as long as it goes on", () => {
  const list = play([snapshot(), change(call("a", { state: "untapped" }))]);
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 3_600_000 })), ["a"]);
  const over = play([change(call("a", { state: "finished", version: 3, legs: [] }))], { state: list });
  assert.deepEqual(ids(play([tick()], { state: over, now: NOW + 30_000 })), []);
});

test("a call whose tap has ended and which goes on does not leave", () => {
  const list = play([snapshot(call("a")), change(call("a", { state: "untapped", version: 3 }))]);
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 60_000 })), ["a"]);
});

test("a held row stays until it is let go or dismissed", () => {
  const list = play([snapshot(call("a")), change(endedCall("a"))]);
  const later = { state: list, now: NOW + 60_000 };
  assert.deepEqual(ids(play([tick("a")], later)), ["a"]);
  assert.deepEqual(ids(play([{ type: "dismiss", id: "a" }], later)), []);
});

for (const was of /** @type {const} */ (["finished", "failed", "lost"])) {
  for (const now of /** @type {const} */ (["requested", "tapping"])) {
    test(`a stale event does not make a ${was} call ${now} again`, () => {
      const before = play([snapshot(call("a")), change(endedCall("a", { state: was }))]);
      const version = now === "tapping" ? 2 : 1;
      assert.equal(play([change(call("a", { state: now, version }))], { state: before }), before);
    });
  }
}

for (const was of /** @type {const} */ (["failed", "lost"])) {
  test(`a late finish corrects ${was}`, () => {
    const list = play([snapshot(call("a")), change(endedCall("a", { state: was })), change(endedCall("a"))]);
    assert.equal(known(list, "a").state, "finished");
  });
}

test("a lost call whose media comes back is live again, and stays", () => {
  const list = play([snapshot(call("a")), change(endedCall("a", { state: "lost" })), change(call("a", { version: 4 }))]);
  assert.equal(known(list, "a").state, "tapping");
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 60_000 })), ["a"]);
});

test("a lost call that had left the list comes back", () => {
  let list = play([snapshot(call("a"), call("b")), change(endedCall("a", { state: "lost" }))]);
  list = play([tick()], { state: list, now: NOW + 30_000 });
  assert.deepEqual(ids(list), ["b"]);
  assert.deepEqual(ids(play([change(call("a", { version: 4 })), tick()], { state: list })), ["b", "a"]);
});

test("an older server, which knows no conditions, is understood", () => {
  const { attention: _, ...old } = call("a");
  const { attention_watched: __, ...rest } = snapshot();
  const message = /** @type {ListEvent} */ (/** @type {unknown} */ ({ ...rest, calls: [old] }));
  const list = play([message]);
  assert.deepEqual([known(list, "a").attention, list.watched], [[], false]);
});

test("a snapshot says whether anybody looks for conditions", () => {
  const list = play([snapshot()]);
  assert.equal(list.watched, true);
  assert.equal(play([{ ...snapshot(), attention_watched: false }], { state: list }).watched, false);
});

test("so does the news that nobody does any more, and that somebody does again", () => {
  const unwatched = play([snapshot(), { type: "attention", watched: false }]);
  assert.equal(unwatched.watched, false);
  assert.equal(play([{ type: "attention", watched: true }], { state: unwatched }).watched, true);
});

test("a call that a snapshot brings back to life stays", () => {
  const list = play([snapshot(call("a")), change(endedCall("a")), snapshot(call("a"))]);
  assert.equal(known(list, "a").state, "tapping");
  assert.deepEqual(ids(play([tick()], { state: list, now: NOW + 1e6 })), ["a"]);
});

test("an unknown call that ended long ago is ignored", () => {
  const list = play([snapshot(), change(endedCall("old", { ended_at: iso(NOW - 60_000) }))]);
  assert.deepEqual(ids(list), []);
  assert.deepEqual(ids(play([change(endedCall("new"))], { state: list })), ["new"]);
});

test("a call missing from the next snapshot ended while the connection was down", () => {
  const list = play([snapshot(call("a"), call("b")), linked("reconnecting", 1006), snapshot(call("b"))]);
  assert.equal(known(list, "a").state, "finished");
  assert.equal(known(list, "b").state, "tapping");
  assert.deepEqual([...list.leaving.keys()], ["a"]);
});

test("a call that its user may not see any more has not ended: it is gone at once", () => {
  const list = play([snapshot(call("a"), call("b")), { type: "other_calls" }, snapshot(call("b"))]);
  assert.deepEqual(ids(list), ["b"]);
  assert.equal(list.link, "live");
});

test("a tick with nothing to do returns the same list", () => {
  const list = play([snapshot(call("a"))]);
  assert.equal(reduce(list, tick(), NOW), list);
});

test("an unknown message changes nothing", () => {
  const list = play([snapshot(call("a"))]);
  const future = /** @type {ListEvent} */ (/** @type {unknown} */ ({ type: "from the future" }));
  assert.equal(reduce(list, future, NOW), list);
  assert.equal(reduce(list, { type: "alive" }, NOW), list);
});

test("batches of several ingest processes add up", () => {
  const list = play([
    snapshot(call("a"), call("b")),
    meters({ "a-both": [-20, -10] }),
    meters({ "b-both": [-30, -12] }),
  ]);
  assert.equal(list.levels.get("a-both")?.rms, -20);
  assert.equal(list.levels.get("b-both")?.rms, -30);
});

test("packet figures stay between the batches that have them, until the connection or the call ends", () => {
  const counted = meters({ "a-both": [-20, -10] }, { "a-both": { received: 50 } });
  let list = play([snapshot(call("a", {}, { transport: "rtp" }), call("b")), counted]);
  list = play([meters({ "a-both": [-20, -10], "b-both": [-30, -20] })], { state: list });
  assert.deepEqual(list.packets.get("a-both")?.figures, { received: 50 });
  assert.equal(list.packets.get("b-both"), undefined);
  const lost = play([linked("reconnecting", 1006)], { state: list });
  assert.equal(lost.packets.size, 0);
  const over = play([change(endedCall("a")), { type: "dismiss", id: "a" }], { state: list });
  assert.equal(over.packets.size, 0);
});

test("levels are dropped when the connection is lost or the call ends", () => {
  const levels = meters({ "a-both": [-20, -10] });
  const lost = play([snapshot(call("a")), levels, linked("reconnecting", 1006)]);
  assert.equal(mediaOfCall(lost.levels, known(lost, "a"), NOW), "none");
  const over = play([snapshot(call("a")), levels, change(endedCall("a"))]);
  assert.equal(mediaOfCall(over.levels, known(over, "a"), NOW), "none");
});

test("bars move the strips that a snapshot brought, and stay while the connection is down", () => {
  const end = NOW / 1000;
  const strip = { end: end - 1, bytes: btoa("\x01\x02") };
  const bars = /** @type {ListEvent} */ ({ type: "meters", levels: { "a-both": null }, second: end, bars: btoa("\x03") });
  const list = play([snapshot(call("a", {}, { strip })), bars, linked("reconnecting", 1006)]);
  const last = () => [...(list.strips.get("a-both")?.bytes ?? [])].slice(-3);
  assert.deepEqual(last(), [1, 2, 3]);
});

test("a strip goes when its call is dismissed", () => {
  const strip = { end: 1, bytes: "" };
  const list = play([snapshot(call("a", {}, { strip })), change(endedCall("a")), { type: "dismiss", id: "a" }]);
  assert.equal(list.strips.size, 0);
});

test("a second connecting is a reconnection", () => {
  const first = play([linked("connecting", 0)]);
  assert.equal(first.link, "connecting");
  const again = play([linked("reconnecting", 1012), linked("connecting", 0)], { state: first });
  assert.equal(again.link, "reconnecting");
  assert.equal(again.code, 1012);
});

/** @param {number} seconds that the caller has talked */
function talkOf(seconds) {
  const party = { seconds, spoke_at: iso(NOW) };
  return { speak: party, listen: { ...party, seconds: 10 }, overlap: 0, overlaps: 0 };
}

test("the newest talk of a call is known, whichever message told it", () => {
  const list = play([snapshot(call("a", { talk: talkOf(1) }), call("b"))]);
  assert.deepEqual([...list.talks], [["a", talkOf(1)]]);
  const told = play([{ type: "talk", calls: { a: talkOf(5), gone: talkOf(3) } }], { state: list });
  assert.deepEqual([...told.talks], [["a", talkOf(5)]]);
  const late = play([change(call("a", { talk: talkOf(3) }))], { state: told });
  assert.deepEqual(late.talks.get("a"), talkOf(5));
});

test("talk changes no row, and goes with its call", () => {
  const list = play([snapshot(call("a"))]);
  const told = play([{ type: "talk", calls: { a: talkOf(5) } }], { state: list });
  assert.equal(told.calls, list.calls);
  const over = play([change(endedCall("a")), { type: "dismiss", id: "a" }], { state: told });
  assert.equal(over.talks.size, 0);
});
