// The events of a deck's call.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { History } from "../../../static/js/audio/history.js";
import { momentsOf, Timeline } from "../../../static/js/deck/timeline.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { Flag } from "../../../static/js/wire/frame.js";

/** @typedef {import("../../../static/js/wire/messages.js").TimelineEntry} TimelineEntry */

const RATE = 8000;
const BEGAN = Date.parse("2026-03-01T12:00:00Z");

/** @type {TimelineEntry} */
const ENTRY = { at: "2026-03-01T12:00:05Z", direction: "speak", state: "tapping", title: "Live", words: "media connected" };

let scope = new Scope();
let answer = async () => Response.json({ entries: [ENTRY] });

beforeEach(() => {
  scope = new Scope();
  answer = async () => Response.json({ entries: [ENTRY] });
  mock.method(globalThis, "fetch", () => answer());
});

afterEach(() => mock.restoreAll());

function asked() {
  return /** @type {import("node:test").Mock<typeof fetch>} */ (globalThis.fetch).mock.callCount();
}

test("the events are asked for when the call changed, at most once in two seconds", async () => {
  const timeline = new Timeline("/calls/1/timeline", scope);
  await timeline.update(3, 1000);
  assert.deepEqual(timeline.entries, [ENTRY]);
  await timeline.update(3, 9000);
  assert.equal(asked(), 1);
  await timeline.update(4, 10_000);
  await timeline.update(5, 11_000);
  assert.equal(asked(), 2);
  await timeline.update(5, 12_000);
  assert.equal(asked(), 3);
});

test("after a refusal the known events stay, and the next request waits", async () => {
  const timeline = new Timeline("/calls/1/timeline", scope);
  await timeline.update(3, 0);
  answer = async () => Response.json({ error: "You may not see calls." }, { status: 403 });
  await timeline.update(4, 5000);
  assert.deepEqual(timeline.entries, [ENTRY]);
  await timeline.update(4, 20_000);
  assert.equal(asked(), 2);
  await timeline.update(4, 36_000);
  assert.equal(asked(), 3);
});

/** A leg of ten seconds, whose audio stopped for so many ms after five. @param {number} ms */
function paused(ms) {
  const history = new History();
  for (let second = 0; second < 10; second++) {
    const late = second < 5 ? 0 : ms;
    const receivedAt = BigInt((BEGAN + 1000 * (second + 1) + late) * 1000);
    const flags = second === 5 && ms ? Flag.GAP : 0;
    history.put({ pcm: new Int16Array(RATE), position: second * RATE, flags, receivedAt });
  }
  return history;
}

test("a gap in the audio is a moment among the events, and says for how long nothing came", () => {
  const moments = momentsOf([ENTRY], [{ side: "Both", history: paused(40_000) }], () => "");
  assert.deepEqual(moments.map(({ title }) => title), ["No audio for 40 seconds", "Live"]);
  assert.ok(Math.abs(moments[0].ms - BEGAN - 5000) < 2);
});

test("a gap that nobody would look for is none", () => {
  assert.deepEqual(momentsOf([], [{ side: "Both", history: paused(0) }], () => ""), []);
});

test("of two legs, each event names its side", () => {
  const legs = [{ side: "Caller", history: paused(9000) }, { side: "Agent", history: paused(0) }];
  const moments = momentsOf([ENTRY], legs, (direction) => ({ speak: "Caller" })[direction] ?? "");
  assert.deepEqual(moments.map(({ words }) => words), ["Caller", "Caller · media connected"]);
});
