// The live list as a value.
import assert from "node:assert/strict";
import { test } from "node:test";

import { elapsed, emptyList, isOpen, mediaOf, reduce } from "../../static/js/state.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const iso = (ms) => new Date(ms).toISOString();

function tap(id, changes = {}) {
  return {
    id,
    call_id: `call-${id}`,
    control_id: "c",
    agent: "receptionist",
    caller: "+15550100",
    caller_name: "",
    direction: "both",
    codec: "PCMU",
    transport: "ws",
    state: "tapping",
    transitions: 1,
    media: true,
    silent_since: null,
    requested_at: iso(NOW - 60_000),
    started_at: iso(NOW - 50_000),
    stop_requested_at: null,
    ended_at: null,
    reason: "",
    end_reason: "",
    listeners: 0,
    ...changes,
  };
}

const ended = (id, changes = {}) =>
  tap(id, { state: "finished", transitions: 2, media: false, ended_at: iso(NOW), ...changes });

/** Play events on a list, all at one time. */
function play(events, { state = emptyList(), now = NOW } = {}) {
  return events.reduce((list, event) => reduce(list, event, now), state);
}

const snapshot = (...taps) => ({ type: "snapshot", now: iso(NOW), taps });
const change = (value) => ({ type: "tap", tap: value });
const ids = (list) => [...list.taps.keys()];

test("a snapshot makes the list live and sets the clock", () => {
  const list = play([{ type: "snapshot", now: iso(NOW + 5000), taps: [tap("a")] }]);
  assert.equal(list.link, "live");
  assert.equal(list.offset, 5000);
  assert.deepEqual(ids(list), ["a"]);
});

test("the reducer changes nothing it was given", () => {
  const before = play([snapshot(tap("a"), tap("b"))]);
  const copy = structuredClone(before);
  play([change(ended("a")), { type: "meters", levels: { b: [-20, -10] }, packets: { b: {} } }], { state: before });
  play([{ type: "tick", held: new Set() }], { state: before, now: NOW + 1e9 });
  assert.deepEqual(before, copy);
});

test("rows are oldest first, and a new call comes last", () => {
  const list = play([
    snapshot(tap("new", { requested_at: iso(NOW - 10) }), tap("old", { requested_at: iso(NOW - 900_000) })),
    change(tap("newest", { requested_at: iso(NOW) })),
  ]);
  assert.deepEqual(ids(list), ["old", "new", "newest"]);
});

test("a change of a known tap moves no row", () => {
  const list = play([
    snapshot(tap("a", { requested_at: iso(NOW - 3) }), tap("b", { requested_at: iso(NOW - 2) })),
    change(ended("a")),
    change(tap("b", { listeners: 3 })),
  ]);
  assert.deepEqual(ids(list), ["a", "b"]);
  assert.equal(list.taps.get("b").listeners, 3);
});

test("of two messages about a tap the last one wins", () => {
  const list = play([snapshot(), change(tap("a", { state: "requested" })), change(tap("a"))]);
  assert.equal(list.taps.get("a").state, "tapping");
});

test("an ended tap stays 20 seconds, then leaves", () => {
  const list = play([snapshot(tap("a")), change(ended("a"))]);
  const tick = { type: "tick", held: new Set() };
  assert.deepEqual(ids(play([tick], { state: list, now: NOW + 19_999 })), ["a"]);
  assert.deepEqual(ids(play([tick], { state: list, now: NOW + 20_000 })), []);
});

test("later news of an ended tap does not keep it longer", () => {
  let list = play([snapshot(tap("a")), change(ended("a"))]);
  list = play([change(ended("a", { listeners: 1 }))], { state: list, now: NOW + 15_000 });
  assert.deepEqual(ids(play([{ type: "tick", held: new Set() }], { state: list, now: NOW + 20_000 })), []);
});

test("a held row stays until it is let go or dismissed", () => {
  const list = play([snapshot(tap("a")), change(ended("a"))]);
  const later = { state: list, now: NOW + 60_000 };
  assert.deepEqual(ids(play([{ type: "tick", held: new Set(["a"]) }], later)), ["a"]);
  assert.deepEqual(ids(play([{ type: "dismiss", id: "a" }], later)), []);
});

for (const was of ["finished", "failed", "lost"]) {
  for (const now of ["requested", "tapping"]) {
    test(`a ${was} tap is not ${now} again by a stale event`, () => {
      const before = play([snapshot(tap("a")), change(ended("a", { state: was }))]);
      const transitions = now === "tapping" ? 1 : 0;
      assert.equal(play([change(tap("a", { state: now, transitions }))], { state: before }), before);
    });
  }
}

for (const was of ["failed", "lost"]) {
  test(`a late finish corrects ${was}`, () => {
    const list = play([snapshot(tap("a")), change(ended("a", { state: was })), change(ended("a"))]);
    assert.equal(list.taps.get("a").state, "finished");
  });
}

test("a lost tap whose media comes back is live again, and stays", () => {
  const list = play([snapshot(tap("a")), change(ended("a", { state: "lost" })), change(tap("a", { transitions: 3 }))]);
  assert.equal(list.taps.get("a").state, "tapping");
  assert.deepEqual(ids(play([{ type: "tick", held: new Set() }], { state: list, now: NOW + 60_000 })), ["a"]);
});

test("a lost tap that had left the list comes back to its place", () => {
  const tick = { type: "tick", held: new Set() };
  let list = play([snapshot(tap("a"), tap("b", { requested_at: iso(NOW) })), change(ended("a", { state: "lost" }))]);
  list = play([tick], { state: list, now: NOW + 20_000 });
  assert.deepEqual(ids(list), ["b"]);
  assert.deepEqual(ids(play([change(tap("a", { transitions: 3 })), tick], { state: list })), ["a", "b"]);
});

test("a silent tap goes below all others with the next tick, and back when it is heard", () => {
  const tick = { type: "tick", held: new Set() };
  const silent = tap("a", { silent_since: iso(NOW) });
  let list = play([snapshot(tap("a"), tap("b"), tap("c")), change(silent)]);
  assert.deepEqual(ids(list), ["a", "b", "c"]);
  list = play([tick], { state: list });
  assert.deepEqual(ids(list), ["b", "c", "a"]);
  assert.deepEqual(ids(play([change(tap("d")), tick], { state: list })), ["b", "c", "d", "a"]);
  assert.deepEqual(ids(play([change(tap("a")), tick], { state: list })), ["a", "b", "c"]);
  assert.deepEqual(ids(play([snapshot(silent, tap("b"))])), ["b", "a"]);
});

test("a tap that a snapshot brings back to life stays", () => {
  const list = play([snapshot(tap("a")), change(ended("a")), snapshot(tap("a"))]);
  assert.equal(list.taps.get("a").state, "tapping");
  assert.deepEqual(ids(play([{ type: "tick", held: new Set() }], { state: list, now: NOW + 1e6 })), ["a"]);
});

test("a tap unknown here that ended long ago is no news", () => {
  const list = play([snapshot(), change(ended("old", { ended_at: iso(NOW - 60_000) }))]);
  assert.deepEqual(ids(list), []);
  assert.deepEqual(ids(play([change(ended("new"))], { state: list })), ["new"]);
});

test("a tap missing from the next snapshot ended while the link was down", () => {
  const list = play([snapshot(tap("a"), tap("b")), { type: "link", link: "reconnecting", code: 1006 }, snapshot(tap("b"))]);
  assert.equal(list.taps.get("a").state, "finished");
  assert.equal(list.taps.get("b").state, "tapping");
  assert.deepEqual([...list.leaving.keys()], ["a"]);
});

test("a tick with nothing to do gives the same list", () => {
  const list = play([snapshot(tap("a"))]);
  assert.equal(reduce(list, { type: "tick", held: new Set() }, NOW), list);
});

test("an unknown message is let pass", () => {
  const list = play([snapshot(tap("a"))]);
  assert.equal(reduce(list, { type: "from the future" }, NOW), list);
  assert.equal(reduce(list, { type: "alive" }, NOW), list);
});

test("nobody new listens to a tap that was asked to stop, nor to one that has ended", () => {
  assert.ok(isOpen(tap("a")));
  assert.ok(!isOpen(tap("a", { stop_requested_at: iso(NOW) })));
  assert.ok(!isOpen(ended("a")));
});

test("media: live, stalled, late and never heard of", () => {
  const list = play([
    snapshot(tap("a"), tap("b"), tap("c")),
    { type: "meters", levels: { a: [-20, -10], b: null } },
  ]);
  const media = (id, at) => mediaOf(list, list.taps.get(id), at);
  assert.equal(media("a", NOW + 100), "live");
  assert.equal(media("b", NOW + 100), "stalled");
  assert.equal(media("c", NOW + 100), "none");
  assert.equal(media("a", NOW + 2001), "none");
});

test("batches of several ingest processes add up", () => {
  const list = play([
    snapshot(tap("a"), tap("b")),
    { type: "meters", levels: { a: [-20, -10] } },
    { type: "meters", levels: { b: [-30, -12] } },
  ]);
  assert.equal(mediaOf(list, tap("a"), NOW), "live");
  assert.equal(list.levels.get("b").rms, -30);
});

test("packets come with some batches only, and stay until the link or the call goes", () => {
  const counted = { type: "meters", levels: { a: [-20, -10] }, packets: { a: { received: 50 } } };
  let list = play([snapshot(tap("a", { transport: "rtp" }), tap("b")), counted]);
  list = play([{ type: "meters", levels: { a: [-20, -10], b: [-30, -20] } }], { state: list });
  assert.deepEqual(list.packets.get("a").figures, { received: 50 });
  assert.equal(list.packets.get("b"), undefined);
  const lost = play([{ type: "link", link: "reconnecting", code: 1006 }], { state: list });
  assert.equal(lost.packets.size, 0);
  const over = play([change(ended("a")), { type: "dismiss", id: "a" }], { state: list });
  assert.equal(over.packets.size, 0);
});

test("no level survives the loss of the link, nor the end of the call", () => {
  const meters = { type: "meters", levels: { a: [-20, -10] } };
  const lost = play([snapshot(tap("a")), meters, { type: "link", link: "reconnecting", code: 1006 }]);
  assert.equal(mediaOf(lost, lost.taps.get("a"), NOW), "none");
  const over = play([snapshot(tap("a")), meters, change(ended("a"))]);
  assert.equal(mediaOf(over, over.taps.get("a"), NOW), "none");
});

test("a second connecting is a reconnection", () => {
  const first = play([{ type: "link", link: "connecting", code: 0 }]);
  assert.equal(first.link, "connecting");
  const again = play([{ type: "link", link: "reconnecting", code: 1012 }, { type: "link", link: "connecting", code: 0 }], { state: first });
  assert.equal(again.link, "reconnecting");
  assert.equal(again.code, 1012);
});

test("durations tick from the start, or from the request before it", () => {
  assert.equal(elapsed(tap("a"), NOW), 50_000);
  assert.equal(elapsed(tap("a", { state: "requested", started_at: null }), NOW), 60_000);
  assert.equal(elapsed(ended("a"), NOW + 1e6), 50_000);
  assert.equal(elapsed(tap("a", { started_at: iso(NOW + 900) }), NOW), 0);
  assert.equal(elapsed({ ...tap("a"), state: "finished" }, NOW), null);
});
