// The audio light: never "playing" when nothing is heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { audioLight } from "../../static/js/light.js";
import { fraction, toDb } from "../../static/js/meter.js";
import { callerParts, duration, agentName, spokenDuration } from "../../static/js/words.js";

const NOW = 100_000;

/** Everything well: link up, frames flow, the worklet renders speech. */
const well = {
  on: true,
  failure: "",
  link: "open",
  code: 0,
  retryAt: 0,
  everOpen: true,
  over: false,
  endReason: "",
  drained: false,
  blocked: false,
  stalled: false,
  playing: true,
  reportAt: NOW - 100,
  startedAt: NOW - 5000,
  frameAt: NOW - 30,
  quietSince: 0,
  volume: 1,
};

for (const [state, changes] of [
  ["idle", { on: false }],
  ["playing", {}],
  ["playing", { quietSince: NOW - 900 }],
  ["silent", { quietSince: NOW - 1100 }],
  ["connecting", { link: "connecting", everOpen: false, playing: false }],
  ["reconnecting", { link: "connecting", playing: false }],
  ["reconnecting", { link: "waiting", code: 1012 }],
  ["reconnecting", { link: "waiting", code: 1006, blocked: true }],
  ["buffering", { playing: false }],
  ["buffering", { playing: false, frameAt: 0 }],
  ["buffering", { reportAt: NOW - 1100 }], // the worklet has gone quiet
  ["stalled", { playing: false, stalled: true }],
  ["playing", { stalled: true }], // what is buffered is still heard
  ["blocked", { blocked: true, playing: false }],
  ["ended", { over: true, link: "closed", code: 1000, drained: true }],
  ["playing", { over: true, link: "closed", code: 1000 }], // the last words
  ["ended", { over: true, playing: false }],
  ["refused", { link: "closed", code: 4403, playing: false }],
  ["refused", { link: "waiting", code: 4429, playing: false }],
  ["failed", { failure: "no device" }],
  ["failed", { playing: false, reportAt: 0 }], // frames come, nothing takes them
]) {
  test(`${state}: ${JSON.stringify(changes)}`, () => {
    assert.equal(audioLight({ ...well, ...changes }, NOW).state, state);
  });
}

test("where there is no place the light says what to do, and that the page tries again", () => {
  const { words, detail } = audioLight({ ...well, link: "waiting", code: 4429, playing: false }, NOW);
  assert.equal(words, "Not connected");
  assert.match(detail, /as many calls as one account may.* Stop one of them.* tries again by itself\.$/);
});

test("playing needs a worklet that rendered samples in the last second, whatever else is known", () => {
  const links = ["connecting", "open", "waiting", "closed"];
  const flags = [true, false];
  let tried = 0;
  for (const link of links) for (const over of flags) for (const drained of flags)
    for (const blocked of flags) for (const stalled of flags) for (const everOpen of flags)
      for (const heard of [{ playing: false }, { reportAt: NOW - 1000 }]) {
        const facts = { ...well, link, over, drained, blocked, stalled, everOpen, ...heard };
        assert.ok(!["playing", "silent"].includes(audioLight(facts, NOW).state), JSON.stringify(facts));
        tried++;
      }
  assert.equal(tried, 256);
});

test("a refusal says why", () => {
  const why = (code) => audioLight({ ...well, link: "closed", code }, NOW).detail;
  assert.match(why(4401), /signed out/);
  assert.match(why(4403), /not allowed/);
  assert.match(why(4404), /no longer be heard/);
  assert.match(why(4410), /your access was changed/);
  assert.match(why(4999), /4999/);
});

test("playing at volume zero says so", () => {
  assert.match(audioLight({ ...well, volume: 0 }, NOW).detail, /volume is at zero/);
});

test("meter lengths: −60 dBFS is nothing, 0 is all", () => {
  assert.deepEqual([-96, -60, -30, 0, 3].map(fraction), [0, 0, 0.5, 1, 1]);
  assert.equal(toDb(0), -96);
  assert.equal(toDb(1), 0);
  assert.ok(Math.abs(toDb(0.5) + 6.02) < 0.01);
});

test("durations for eyes and ears", () => {
  assert.equal(duration(0), "0:00");
  assert.equal(duration(187_900), "3:07");
  assert.equal(duration(3_727_000), "1:02:07");
  assert.equal(duration(-5), "0:00");
  assert.equal(spokenDuration(3_727_000), "1 hour 2 minutes 7 seconds");
  assert.equal(spokenDuration(0), "0 seconds");
});

test("names: what is missing is not shown twice", () => {
  assert.deepEqual(callerParts({ caller: "+1555", caller_name: "Ann" }), { name: "Ann", number: "+1555" });
  assert.deepEqual(callerParts({ caller: "+1555", caller_name: "+1555" }), { name: "+1555", number: "" });
  assert.deepEqual(callerParts({ caller: "", caller_name: "" }), { name: "Unknown caller", number: "" });
  assert.equal(agentName("front_desk"), "Front desk");
  assert.equal(agentName(""), "Unnamed agent");
});
