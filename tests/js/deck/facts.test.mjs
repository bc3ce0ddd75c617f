// What each event makes of a deck's facts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { delay, idleFacts, isFinished, isFlowing, isSounding, reduce } from "../../../static/js/deck/facts.js";
import { exchanged } from "../../../static/js/wire/clock.js";
import { tap } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/deck/facts.js").Facts} Facts */
/** @typedef {import("../../../static/js/deck/facts.js").EarEvent} EarEvent */
/** @typedef {import("../../../static/js/audio/messages.js").Report} Report */

const IDLE = idleFacts(tap("t1"));
const LISTENING = reduce(IDLE, { type: "listen", at: 1000 });
/** @type {Facts} */
const PLAYING = { ...LISTENING, link: "open", everOpen: true, playing: true, reportAt: 5000, frameAt: 5000, positionPlayed: 800 };

/** @type {Report} */
const REPORT = {
  type: "report", playing: true, ended: false, bufferedSamples: 1600, positionPlayed: 1600, seek: 0,
  underruns: 2, drops: 0, droppedSamples: 0, rms: 0.1,
};

/**
 * @param {Partial<Report>} changes
 * @returns {EarEvent}
 */
function report(changes = {}) {
  return { type: "report", at: 5100, report: { ...REPORT, ...changes }, blocked: false, burstSeconds: 0, latency: 0.02 };
}

/** @type {[does: string, before: Facts, event: EarEvent, changed: Partial<Facts>][]} */
const TABLE = [
  ["listening begins", IDLE, { type: "listen", at: 7 }, { on: true, startedAt: 7 }],
  ["listening again forgets why it failed", { ...LISTENING, failure: "no" }, { type: "listen", at: 7 }, { failure: "", startedAt: 7 }],
  [
    "the hello names the tap, its rate and whether it is stalled", LISTENING,
    { type: "hello", tap: tap("t2"), rate: 16000, stalled: true },
    { everOpen: true, tap: tap("t2"), rate: 16000, stalled: true },
  ],
  [
    "an answer tells the server's time", PLAYING, { type: "clock", at: 5100, sent: 5000, now: 9050 },
    { exchanges: [{ offset: 4000, took: 100 }] },
  ],
  ["a state message says that the audio stalled", PLAYING, { type: "state", stalled: true }, { stalled: true }],
  [
    "a frame moves the position", PLAYING, { type: "frame", at: 5060, position: 480, receivedMs: 9 },
    { frameAt: 5060, position: 480, receivedMs: 9 },
  ],
  ["a call that ends is heard to its last word", PLAYING, { type: "end", at: 5100, outcome: "done" }, { over: true, outcome: "done" }],
  [
    "a call that ends in silence is drained at once", { ...PLAYING, playing: false }, { type: "end", at: 5100, outcome: "" },
    { over: true, drained: true, positionPlayed: null },
  ],
  [
    "at the end of a call, a worklet that stopped reporting counts as silent", PLAYING, { type: "end", at: 6000, outcome: "" },
    { over: true, drained: true, positionPlayed: null },
  ],
  ["an output that stops running plays nothing", PLAYING, { type: "output", running: false, blocked: true }, { blocked: true, playing: false }],
  [
    "an output that stops after the call's end drains the deck", { ...PLAYING, over: true },
    { type: "output", running: false, blocked: true }, { blocked: true, playing: false, drained: true, positionPlayed: null },
  ],
  ["an output that runs again is not blocked", { ...PLAYING, blocked: true }, { type: "output", running: true, blocked: false }, { blocked: false }],
  [
    "a report says what is played, and how loud", PLAYING, report(),
    { reportAt: 5100, positionPlayed: 1600, level: -20, underruns: 2, latency: 0.02 },
  ],
  [
    "a quiet report begins the silence", PLAYING, report({ rms: 0.0001 }),
    { reportAt: 5100, positionPlayed: 1600, level: -80, quietSince: 5100, underruns: 2, latency: 0.02 },
  ],
  [
    "a second quiet report does not begin it again", { ...PLAYING, quietSince: 4000 }, report({ rms: 0.0001 }),
    { reportAt: 5100, positionPlayed: 1600, level: -80, underruns: 2, latency: 0.02 },
  ],
  [
    "the worklet's end drains the deck", { ...PLAYING, over: true }, report({ playing: false, ended: true }),
    { playing: false, reportAt: 5100, positionPlayed: null, quietSince: 5100, underruns: 2, latency: 0.02, drained: true },
  ],
  ["a lost connection waits", PLAYING, { type: "link", at: 5100, phase: "waiting", code: 1006 }, { link: "waiting", code: 1006 }],
  [
    "a refused connection finishes the deck", PLAYING, { type: "link", at: 5100, phase: "closed", code: 4403 },
    { link: "closed", code: 4403, positionPlayed: null },
  ],
  [
    "a connection that was closed as done ends the call", PLAYING, { type: "link", at: 5100, phase: "closed", code: 1000 },
    { link: "closed", code: 1000, over: true },
  ],
  ["a failure finishes the deck", PLAYING, { type: "failure", why: "no device" }, { failure: "no device", playing: false, positionPlayed: null }],
];

for (const [does, before, event, changed] of TABLE) {
  test(does, () => assert.deepEqual(reduce(before, event), { ...before, ...changed }));
}

test("a deck is finished by a failure, a drained end or a refusal, and only while it is on", () => {
  /** @type {Partial<Facts>[]} */
  const endings = [{ failure: "no" }, { drained: true }, { link: "closed" }];
  assert.deepEqual(endings.map((ending) => isFinished({ ...LISTENING, ...ending })), [true, true, true]);
  assert.deepEqual(endings.map((ending) => isFinished({ ...IDLE, ...ending })), [false, false, false]);
  assert.equal(isFinished({ ...PLAYING, link: "closed", over: true }), false);
});

test("a report and a Frame count for one second", () => {
  assert.deepEqual([isSounding(PLAYING, 5999), isSounding(PLAYING, 6000)], [true, false]);
  assert.deepEqual([isFlowing(PLAYING, 5999), isFlowing(PLAYING, 6000)], [true, false]);
});

/** What is known of the server's clock after an answer at once. @param {number} offset ms */
const clock = (offset) => exchanged([], { sent: 0, now: offset }, 0);

test("the delay is the age of the sample that was heard at the report, even where positions wrap", () => {
  /** @type {Facts} */
  const facts = { ...PLAYING, receivedMs: 100_000, position: 400, positionPlayed: 2 ** 32 - 400, latency: 0.05 };
  assert.equal(delay({ ...facts, exchanges: clock(95_200) }, 5100), 350);
  assert.equal(delay({ ...facts, exchanges: clock(95_200) }, 5900), 350);
  assert.equal(delay({ ...facts, exchanges: clock(95_200) }, 6000), null);
});

test("no delay is shown before the server has told its time", () => {
  assert.equal(delay({ ...PLAYING, receivedMs: 100_000 }, 5100), null);
});

test("the delay is not shortened by a clock that is behind the newest Frame", () => {
  /** @type {Facts} */
  const facts = { ...PLAYING, receivedMs: 100_000, position: 9600, positionPlayed: 1600, frameAt: 4900 };
  assert.equal(delay({ ...facts, exchanges: clock(94_700) }, 5100), 1100);
  assert.equal(delay({ ...facts, exchanges: clock(95_300) }, 5100), 1300);
});
