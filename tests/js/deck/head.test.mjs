// A deck goes back in a call, and returns to live.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { Deck } from "../../../static/js/deck/deck.js";
import { Flag } from "../../../static/js/wire/frame.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { EPOCH, FakeContext, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { leg, NAMES } from "../support/taps.mjs";

const RATE = 8000;
const FRAME = 480;
const SPEAK = leg("speak", { direction: "speak" });
const LISTEN = leg("listen", { direction: "listen" });
const BOTH = leg("both");

beforeEach(install);
afterEach(uninstall);

/** A leg of a call as its server and its device see it. */
class Leg {
  /** @param {number} number of the ear @param {number} start position, at which the leg began */
  constructor(number, start = 0) {
    this.number = number;
    this.position = start;
  }

  get socket() {
    return FakeSocket.opened[this.number];
  }

  get node() {
    return FakeNode.made[this.number];
  }

  letIn() {
    this.socket.accept();
    this.socket.say(hello({ position: this.position - FRAME }));
  }

  /** The server's ring, of what was said before. @param {number} seconds */
  ring(seconds) {
    const count = Math.round((seconds * RATE) / FRAME);
    for (let n = count; n > 0; n--) this.socket.receive(frame((this.position - n * FRAME) >>> 0, { ago: n * 60 }));
  }

  speak(flags = 0) {
    this.socket.receive(frame(this.position >>> 0, { flags }));
    this.position += FRAME;
  }

  /** Report that something is heard. @param {number} position */
  hear(position) {
    this.node.report({ positionPlayed: position >>> 0 });
  }
}

/** A deck on legs that have been live for 30 s. @param {import("../../../static/js/deck/deck.js").PlayedLeg[]} legs */
async function listening(...legs) {
  return listeningFrom(40, ...legs);
}

/**
 * A deck on legs that are so many seconds old.
 * @param {number} seconds
 * @param {import("../../../static/js/deck/deck.js").PlayedLeg[]} legs
 */
async function listeningFrom(seconds, ...legs) {
  const deck = new Deck(NAMES, new Scope(), {
    listenUrlOf: (id) => `/listen/${id}`, output: new AudioOutput("/w.js"),
  });
  deck.listen(legs);
  const heard = legs.map((_, number) => new Leg(number, seconds * RATE + number * 1_000_000));
  await pass(60);
  for (const one of heard) {
    one.letIn();
    one.ring(Math.min(seconds, 30));
  }
  await go(heard, 1200);
  return { deck, legs: heard };
}

/** Let time pass while these legs bring audio. @param {Leg[]} legs @param {number} ms */
async function go(legs, ms) {
  await pass(ms, (at) => {
    if (at % 60 === 0) for (const one of legs) one.speak();
  });
}

/** Seconds by which what was pushed last is behind live. @param {Leg} one */
function pushedBehind(one) {
  return (one.position - Number(one.node.pushed.at(-1))) / RATE;
}

test("who joins asks for the ring, hears live, and holds the ring", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  assert.deepEqual(one.socket.sent[0], { type: "backfill", seconds: 30 });
  assert.deepEqual(one.node.pushed[0], 40 * RATE);
  assert.equal(deck.head.playback.state, "live");
  const { history } = deck.ears[0].sound;
  assert.ok(Math.abs((history.end - history.first) / RATE - 31.2) < 0.1);
});

const LONG_BEFORE = EPOCH - 60_000;

test("a moment from before a call's audio is where that began, if the beginning is held", async () => {
  const { deck } = await listeningFrom(12, BOTH);
  assert.equal(deck.head.placeOf(LONG_BEFORE), 0);
});

test("a moment is nowhere if audio between it and what is held is missing", async () => {
  const { deck } = await listeningFrom(40, BOTH);
  assert.equal(deck.ears[0].sound.history.first, 10 * RATE);
  assert.equal(deck.head.placeOf(LONG_BEFORE), null);
});

test("ten seconds back is heard from there, and live goes on to be held", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  const before = one.node.pushed.length;
  deck.head.step(-10);
  assert.deepEqual(one.node.pace, { speed: 1, follow: false });
  assert.equal(one.node.pushed[before], one.position - 1600 - 10 * RATE);
  one.hear(one.position - 10 * RATE);
  assert.equal(deck.light.state, "behind");
  const end = deck.ears[0].sound.history.end;
  await go([one], 1200);
  assert.equal(deck.ears[0].sound.history.end, end + 1.2 * RATE);
  assert.ok(Math.abs(deck.head.playback.behind - 11.2) < 0.1, `${deck.head.playback.behind} s`);
});

test("while behind, what was received is acknowledged", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  deck.head.step(-20);
  for (let second = 0; second < 15; second++) {
    await go([one], 1020);
    one.hear(one.position - 20 * RATE);
    assert.ok(one.position - one.socket.acked <= 1.5 * RATE);
  }
});

test("the live button leads to the newest audio at once", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  deck.head.step(-20);
  one.hear(one.position - 20 * RATE);
  const before = one.node.pushed.length;
  deck.head.goLive();
  assert.deepEqual(one.node.pace, { speed: 1, follow: true });
  assert.equal(one.node.pushed[before], one.position - 0.16 * RATE); // 100 ms and a Frame
  one.hear(one.position - 1600);
  assert.equal(deck.light.state, "playing");
});

test("a report from before a seek does not move the head", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  deck.head.step(-20);
  one.node.report({ positionPlayed: one.position - 1600, seek: -1 });
  assert.ok(deck.head.playback.behind > 19);
});

test("a catch-up returns to live by itself, at normal speed", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  deck.head.step(-10);
  deck.head.setSpeed(1.5);
  assert.deepEqual(one.node.pace, { speed: 1.5, follow: false });
  one.hear(one.position - 4 * RATE);
  assert.equal(deck.head.playback.state, "catching up");
  assert.ok(Math.abs((deck.head.playback.liveIn ?? 0) - 8) < 0.2);
  one.hear(one.position - 0.3 * RATE);
  assert.equal(deck.head.playback.state, "live");
  assert.deepEqual(one.node.pace, { speed: 1, follow: true });
  await go([one], 300);
  assert.ok(pushedBehind(one) < 0.1);
});

test("both legs are heard from the same moment, whatever their positions", async () => {
  const { deck, legs } = await listening(SPEAK, LISTEN);
  const marks = legs.map((one) => one.node.pushed.length);
  for (const one of legs) one.hear(one.position - 1600);
  deck.head.step(-10);
  const back = legs.map((one, n) => one.position - one.node.pushed[marks[n]]);
  assert.ok(Math.abs(back[0] - 10.2 * RATE) < 10, `${back}`);
  assert.ok(Math.abs(back[0] - back[1]) < FRAME, `${back}`);
});

test("a leg that brought no audio for a while waits for the other, and joins in time", async () => {
  const { deck, legs: [one, other] } = await listening(SPEAK, LISTEN);
  other.socket.say({ type: "state", state: "tapping", stalled: true });
  await go([one], 6000);
  other.socket.say({ type: "state", state: "tapping", stalled: false });
  const stopped = other.position;
  other.speak(Flag.GAP);
  await go([one, other], 3000);
  for (const each of [one, other]) each.hear(each.position - 1600);
  deck.head.step(-12);
  one.hear(one.position - 5 * RATE);
  other.hear(stopped - 1);
  assert.equal(other.node.pushed.at(-1), stopped - 0.2 * RATE, "its next audio came two seconds later");
  one.hear(one.position - 2.9 * RATE);
  other.hear(stopped - 1);
  assert.ok(Number(other.node.pushed.at(-1)) >= stopped);
});

test("two legs that both wait for audio after a gap do not wait for each other", async () => {
  const { deck, legs } = await listening(SPEAK, LISTEN);
  await go([], 5000);
  await go(legs.slice(0, 1), 600);
  await go(legs, 3000);
  for (const one of legs) one.hear(one.position - 1600);
  deck.head.seek({ index: deck.ears[0].sound.history.indexAt(EPOCH + performance.now() - 7000) ?? 0, live: false });
  for (const one of legs) one.node.report({ playing: false, positionPlayed: null });
  await pass(1200);
  const sent = legs.map((one) => one.node.pushed.length);
  for (const one of legs) one.node.report({ playing: false, positionPlayed: null });
  await go(legs, 120);
  assert.ok(legs.some((one, n) => one.node.pushed.length > sent[n] || pushedBehind(one) > 1));
});

test("a leg that joins while the deck is behind does not speak from the future", async () => {
  const { deck, legs: [one] } = await listening(SPEAK);
  one.hear(one.position - 1600);
  deck.head.step(-10);
  one.hear(one.position - 9 * RATE);
  deck.play([SPEAK, LISTEN]);
  const other = new Leg(1, 90 * RATE);
  await pass(60);
  other.letIn();
  await go([one, other], 600);
  one.hear(one.position - 9 * RATE);
  assert.deepEqual(other.node.pushed, []);
  assert.ok(deck.head.playback.behind > 8);
});

test("both legs together hold as much as one", async () => {
  const { deck } = await listening(SPEAK);
  assert.equal(deck.ears[0].sound.history.capacity, 1800 * RATE);
  deck.play([SPEAK, LISTEN]);
  assert.deepEqual(deck.ears.map((ear) => ear.sound.history.capacity), [900 * RATE, 900 * RATE]);
});

test("an ended call is heard again, and ends again", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  one.socket.say({ type: "end", reason: "finished" });
  one.node.report({ positionPlayed: one.position - 1, ended: true });
  assert.equal(deck.light.state, "ended");
  deck.head.step(-5);
  await pass(60);
  assert.equal(FakeNode.made.length, 2);
  const again = FakeNode.made[1];
  assert.equal(again.pushed[0], one.position - 1 - 5 * RATE);
  again.report({ positionPlayed: one.position - 4 * RATE });
  assert.deepEqual([deck.light.state, deck.light.detail], ["behind", "The call has ended. You hear it again."]);
  await pass(20);
  again.report({ positionPlayed: one.position - 1.9 * RATE });
  assert.deepEqual(again.messages.at(-1), { type: "end" });
  again.report({ positionPlayed: one.position - 1, ended: true });
  assert.equal(deck.light.state, "ended");
});

test("who is refused does not go on to hear what is held", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  deck.head.step(-10);
  one.socket.end(4410);
  await pass(100);
  assert.equal(deck.light.state, "refused");
  assert.ok(deck.ears[0].sound.history.isEmpty);
  deck.head.step(-10);
  assert.equal(deck.light.state, "refused");
});

test("after a reconnect the ring closes the hole, and who is behind hears none", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  deck.head.step(-4);
  one.hear(one.position - 4 * RATE);
  one.socket.end(1006);
  await pass(6000);
  const again = new Leg(0, one.position + 6 * RATE);
  Object.defineProperty(again, "socket", { value: FakeSocket.opened.at(-1) });
  again.letIn();
  const asked = again.socket.sent[0];
  assert.ok(asked.type === "backfill" && asked.seconds >= 8 && asked.seconds < 8.2);
  again.hear(one.position - 1);
  again.speak();
  const before = again.node.pushed.length;
  assert.equal(deck.light.state, "behind");
  again.ring(8);
  assert.equal(again.node.pushed[before], one.position, "not the live Frame that came first");
});

test("sound that the browser holds back goes on behind live where it was", async () => {
  const { deck, legs: [one] } = await listening(BOTH);
  one.hear(one.position - 1600);
  deck.head.step(-10);
  const at = one.position - 8 * RATE;
  one.hear(at);
  FakeContext.made[0].become("suspended");
  await go([one], 3000);
  const before = one.node.pushed.length;
  deck.resume();
  await go([one], 120);
  assert.equal(one.node.pushed[before], at);
});

/** For how long an ear's live audio is to wait, as its worklet was told last, in ms. @param {Leg} one */
function wait(one) {
  return one.node.messages.reduce((ms, message) => (message.type === "target" ? message.seconds * 1000 : ms), 0);
}

/**
 * Let a leg bring so much audio at a time, beside one that brings it evenly or has stopped.
 * @param {Leg} gathering
 * @param {Leg[]} others
 * @param {{seconds: number, times: number}} how
 */
async function gather(gathering, others, { seconds, times }) {
  for (let n = 0; n < times; n++) {
    await go(others, seconds * 1000);
    for (let at = 0; at < seconds; at += 0.06) gathering.speak();
    gathering.hear(gathering.position - 1600);
  }
}

test("a leg whose audio stopped is to wait like the other one once it is back", async () => {
  const { legs: [one, other] } = await listening(SPEAK, LISTEN);
  assert.ok(wait(one) < 150, `${wait(one)} ms`);
  await gather(other, [], { seconds: 1.2, times: 12 });
  assert.ok(wait(other) > 1000, `${wait(other)} ms`);
  assert.ok(wait(one) > 1000, `${wait(one)} ms`);
});

test("a leg that brings four seconds at a time does not let go of the other one in between", async () => {
  const { legs: [one, other] } = await listening(SPEAK, LISTEN);
  await gather(other, [one], { seconds: 4.2, times: 6 });
  assert.ok(wait(one) > 3000, `${wait(one)} ms`);
  await go([one], 3600);
  one.hear(one.position - 1600);
  assert.ok(wait(one) > 3000, `${wait(one)} ms`);
});

/**
 * Let a leg of a deck end and come back as another tap of the same direction. Return the new one.
 * @param {Deck} deck
 */
async function comeBack(deck) {
  deck.play([leg("again", { direction: "speak" }), LISTEN]);
  const again = new Leg(2, 90 * RATE);
  await pass(60);
  again.letIn();
  return again;
}

test("a leg that comes back as another tap waits for the other one", async () => {
  const { deck, legs: [one, other] } = await listening(SPEAK, LISTEN);
  await gather(other, [one], { seconds: 1.2, times: 12 });
  const again = await comeBack(deck);
  await gather(other, [again], { seconds: 1.2, times: 2 });
  assert.ok(wait(again) > 1000, `${wait(again)} ms`);
});

test("the other leg waits for a leg that came back as another tap", async () => {
  const { deck, legs: [, other] } = await listening(SPEAK, LISTEN);
  const again = await comeBack(deck);
  await gather(again, [other], { seconds: 1.2, times: 12 });
  assert.ok(wait(other) > 1000, `${wait(other)} ms`);
});
