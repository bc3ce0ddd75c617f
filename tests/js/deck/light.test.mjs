// The audio light never says "playing" while nothing is heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { idleFacts } from "../../../static/js/deck/facts.js";
import { audioLight, mixedLight } from "../../../static/js/deck/light.js";
import { tap } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/deck/facts.js").Facts} Facts */
/** @typedef {import("../../../static/js/deck/light.js").Light} Light */

const NOW = 100_000;

/** The facts when all is well: connected, Frames flow, the worklet renders speech. @type {Facts} */
const WELL = {
  ...idleFacts(tap("t1")),
  on: true,
  link: "open",
  everOpen: true,
  playing: true,
  reportAt: NOW - 100,
  startedAt: NOW - 5000,
  frameAt: NOW - 30,
};

/** A call whose newest Frame is heard; the server's clock is this one. @type {Partial<Facts>} */
const LATE = { reportAt: NOW, position: 800, positionPlayed: 800, exchanges: [{ offset: 0, took: 0 }] };

/** @type {[state: Light["state"], changes: Partial<Facts>][]} */
const LIGHTS = [
  ["idle", { on: false }],
  ["playing", {}],
  ["playing", { quietSince: NOW - 900 }],
  ["silent", { quietSince: NOW - 1100 }],
  ["connecting", { link: "connecting", everOpen: false, playing: false }],
  ["reconnecting", { link: "connecting", playing: false }],
  ["reconnecting", { link: "waiting", code: 1012 }],
  ["reconnecting", { link: "waiting", code: 1006, blocked: true }],
  ["behind", { ...LATE, receivedMs: 100_000 - 3100 }],
  ["playing", { ...LATE, receivedMs: 100_000 - 2900 }],
  ["behind", { ...LATE, receivedMs: 0.5, quietSince: 1 }], // that it is old matters more than that it is quiet
  ["buffering", { playing: false }],
  ["buffering", { playing: false, frameAt: 0 }],
  ["buffering", { reportAt: NOW - 1100 }], // the worklet stopped reporting
  ["stalled", { playing: false, stalled: true }],
  ["playing", { stalled: true }], // what is buffered is still heard
  ["blocked", { blocked: true, playing: false }],
  ["ended", { over: true, link: "closed", code: 1000, drained: true }],
  ["playing", { over: true, link: "closed", code: 1000 }], // the last words
  ["ended", { over: true, playing: false }],
  ["refused", { link: "closed", code: 4403, playing: false }],
  ["refused", { link: "waiting", code: 4429, playing: false }],
  ["failed", { failure: "no device" }],
  ["failed", { playing: false, reportAt: 0 }], // Frames arrive, but nothing plays them
];

for (const [state, changes] of LIGHTS) {
  test(`${state}: ${JSON.stringify(changes)}`, () => {
    assert.equal(audioLight({ ...WELL, ...changes }, NOW).state, state);
  });
}

test("with too many connections the light says what to do, and that the page tries again", () => {
  const { words, detail } = audioLight({ ...WELL, link: "waiting", code: 4429, playing: false }, NOW);
  assert.equal(words, "Not connected");
  assert.match(detail, /as many calls as one account may.* Stop one of them.* tries again by itself\.$/);
});

test("playing needs a worklet that rendered samples in the last second, whatever else is known", () => {
  /** @type {Facts["link"][]} */
  const links = ["connecting", "open", "waiting", "closed"];
  const flags = [true, false];
  let tried = 0;
  for (const link of links) for (const over of flags) for (const drained of flags)
    for (const blocked of flags) for (const stalled of flags) for (const everOpen of flags)
      for (const heard of [{ playing: false }, { reportAt: NOW - 1000 }]) {
        const facts = { ...WELL, link, over, drained, blocked, stalled, everOpen, ...heard };
        assert.ok(!["playing", "silent", "behind"].includes(audioLight(facts, NOW).state), JSON.stringify(facts));
        tried++;
      }
  assert.equal(tried, 256);
});

test("a refusal says why", () => {
  const why = (/** @type {number} */ code) => audioLight({ ...WELL, link: "closed", code }, NOW).detail;
  assert.match(why(4401), /signed out/);
  assert.match(why(4403), /not allowed/);
  assert.match(why(4404), /no longer be heard/);
  assert.match(why(4410), /your access was changed/);
  assert.match(why(4999), /4999/);
});

/** @type {[standing: import("../../../static/js/audio/mixer.js").Standing, state: Light["state"], detail: RegExp][]} */
const STANDINGS = [
  ["heard", "playing", /^$/],
  ["ducked", "playing", /^Quieter while another call is in solo\.$/],
  ["muted", "muted", /You muted this call/],
  ["zero", "muted", /volume is at zero/],
  ["held back", "muted", /another call alone/],
];

for (const [standing, state, detail] of STANDINGS) {
  test(`a call that plays and is ${standing} is shown as ${state}`, () => {
    const light = mixedLight(audioLight(WELL, NOW), standing);
    assert.equal(light.state, state);
    assert.match(light.detail, detail);
  });
}

test("of a muted call that is not heard anyway, the light says why", () => {
  const stalled = audioLight({ ...WELL, playing: false, stalled: true }, NOW);
  assert.deepEqual(mixedLight(stalled, "muted"), stalled);
});

test("the light says how late audio is that arrives in bursts", () => {
  const { detail } = audioLight({ ...WELL, burstSeconds: 2 }, NOW);
  assert.equal(detail, "The audio arrives 2.0 s at a time, so you hear it that much later.");
});
