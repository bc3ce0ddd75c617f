// A deck plays a call: one leg, or the two sides beside each other.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { changed, EMPTY_DESK, joined, mixOf } from "../../../static/js/audio/mixer.js";
import { AudioOutput } from "../../../static/js/audio/output.js";
import { Deck } from "../../../static/js/deck/deck.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { FakeContext, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { leg, NAMES } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/deck/deck.js").PlayedLeg} PlayedLeg */

const SPEAK = leg("speak", { direction: "speak" });
const LISTEN = leg("listen", { direction: "listen" });
const BOTH = leg("both");
const SIDES = { speak: "Caller", listen: "Agent" };

beforeEach(install);
afterEach(uninstall);

/** A deck that listens to these legs, let in by the server. @param {PlayedLeg[]} legs */
async function listening(...legs) {
  const output = new AudioOutput("/w.js");
  const listenUrlOf = (/** @type {string} */ id) => `/listen/${id}`;
  const deck = new Deck(NAMES, new Scope(), { listenUrlOf, output, sides: SIDES });
  deck.listen(legs);
  for (const socket of FakeSocket.opened) letIn(socket);
  await pass(60);
  return deck;
}

/** @param {FakeSocket} socket */
function letIn(socket) {
  socket.accept();
  socket.say(hello());
}

/** The legs whose sockets are open. */
function played() {
  return FakeSocket.opened.filter((socket) => !socket.closedByUs).map((socket) => socket.url.split("/").pop());
}

/** Let the newest nodes of these ears report that they play. @param {number[]} which */
async function play(...which) {
  for (const index of which) {
    FakeSocket.opened[index].receive(frame(0));
    FakeNode.made[index].report({ positionPlayed: 100 });
  }
  await pass(20);
}

test("the two sides of a call are heard left and right", async () => {
  await listening(SPEAK, LISTEN);
  assert.deepEqual(played(), ["speak", "listen"]);
  assert.deepEqual(FakeContext.panners.map(({ pan }) => pan.value), [-1, 1]);
});

test("mono brings both sides to the middle, and back", async () => {
  const deck = await listening(SPEAK, LISTEN);
  deck.setMix(mixOf(changed(joined(EMPTY_DESK, "d"), "d", { mono: true }), "d"));
  assert.deepEqual(FakeContext.panners.map(({ pan }) => pan.value), [0, 0]);
  deck.setMix(mixOf(joined(EMPTY_DESK, "d"), "d"));
  assert.deepEqual(FakeContext.panners.map(({ pan }) => pan.value), [-1, 1]);
});

test("a side that is tapped later joins", async () => {
  const deck = await listening(SPEAK);
  deck.play([SPEAK, LISTEN]);
  assert.deepEqual(played(), ["speak", "listen"]);
  assert.equal(deck.ears.length, 2);
});

test("both sides together give way to the two apart, because nobody must be heard twice", async () => {
  const deck = await listening(BOTH);
  deck.play([SPEAK, LISTEN]);
  assert.deepEqual(played(), ["speak", "listen"]);
});

test("a leg that takes no more listeners is heard to its end", async () => {
  const deck = await listening(SPEAK, LISTEN);
  deck.play([LISTEN]);
  deck.play([]);
  assert.deepEqual(played(), ["speak", "listen"]);
});

test("monitoring that begins again is heard without a click", async () => {
  const deck = await listening(BOTH);
  FakeSocket.opened[0].say({ type: "end", reason: "finished" });
  await pass(1500);
  assert.equal(deck.light.state, "ended");
  deck.play([leg("again")]);
  assert.deepEqual(played(), ["again"]);
});

test("a deck that was stopped plays nothing that comes later", async () => {
  const deck = await listening(SPEAK);
  deck.stop();
  deck.play([SPEAK, LISTEN]);
  assert.deepEqual(played(), []);
  assert.equal(deck.light.state, "idle");
});

test("a call is heard if one side is, and the light names the other", async () => {
  const deck = await listening(SPEAK, LISTEN);
  await play(0);
  FakeSocket.opened[1].say({ type: "state", state: "tapping", stalled: true });
  assert.equal(deck.light.state, "playing");
  assert.match(deck.light.detail, /Agent: No audio from the call/);
});

test("a side that is turned off does not make the call look heard", async () => {
  const deck = await listening(SPEAK, LISTEN);
  await play(0);
  FakeSocket.opened[1].say({ type: "state", state: "tapping", stalled: true });
  const agentAlone = changed(joined(EMPTY_DESK, "d"), "d", { balance: 1 });
  deck.setMix(mixOf(agentAlone, "d"));
  assert.equal(deck.light.state, "stalled");
});

test("a call of which no side is heard is not live", async () => {
  const deck = await listening(SPEAK, LISTEN);
  for (const socket of FakeSocket.opened) socket.say({ type: "state", state: "tapping", stalled: true });
  assert.equal(deck.light.state, "stalled");
});

test("trying again asks only for what was refused", async () => {
  const deck = await listening(SPEAK, LISTEN);
  FakeSocket.opened[1].end(4403);
  await pass(100);
  deck.retry();
  assert.deepEqual(FakeSocket.opened.map((socket) => socket.url.split("/").pop()), ["speak", "listen", "listen"]);
});
