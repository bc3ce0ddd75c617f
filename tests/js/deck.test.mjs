// A deck whose sound is taken away, comes late, or never comes.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Deck } from "../../static/js/deck.js";
import { FakeContext, FakeNode, FakeSocket, TAP, frame, install, pass, uninstall } from "./fakes.mjs";

beforeEach(install);
afterEach(uninstall);

function newDeck() {
  return new Deck({ listenUrl: "/listen/", workletUrl: "/w.js", volume: 1 });
}

/** A call as it goes on, and the deck that hears it. */
class Call {
  position = 0;
  played = -1;
  deck = newDeck();

  async listen() {
    this.deck.listen(TAP);
    this.socket = FakeSocket.opened.at(-1);
    this.socket.onopen();
    this.socket.say({ type: "hello", tap: TAP, rate: 8000, stalled: false });
    await pass(60);
  }

  /** Frames come; a context that runs plays them and reports, 200 ms later. */
  async go(ms) {
    await pass(ms, (at) => {
      if (at % 60 === 0) {
        this.socket.say(frame(this.position));
        this.position += 480;
      }
      const node = FakeNode.made.at(-1);
      if (at % 240 === 0 && node?.context.state === "running" && !node.context.clockStands) {
        this.played = this.position - 1600;
        node.report({ positionPlayed: this.played });
      }
    });
  }
}

test("a page whose sound is taken away for a minute keeps its link and says how to go on", async () => {
  const call = new Call();
  await call.listen();
  await call.go(3000);
  assert.equal(call.deck.light.state, "playing");
  const context = FakeContext.made[0];
  context.become("interrupted");
  for (let second = 0; second < 60; second++) {
    await call.go(1020);
    // The server closes the link when the newest ack is ten seconds old.
    assert.ok(call.position - call.socket.acks.at(-1) <= 1.5 * 8000, `no ack for ${second} s`);
  }
  assert.deepEqual([call.deck.light.state, call.deck.light.words], ["blocked", "Sound is paused"]);
  assert.equal(call.deck.delay(Date.now()), null);
  const before = FakeNode.made[0].pushed.length;
  call.deck.resume();
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
  assert.equal(FakeSocket.opened.length, 1);
  const pushed = FakeNode.made[0].pushed.slice(before);
  assert.ok(pushed[0] > 60 * 8000, "it goes on where the call is by then");
});

test("what is buffered when the sound is taken away is not played a minute later", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].become("suspended");
  await call.go(600);
  const since = FakeNode.made[0].messages.slice(FakeNode.made[0].messages.findLastIndex((one) => one.type === "push") + 1);
  assert.deepEqual(since, [{ type: "configure", rate: 8000 }]);
});

test("a worklet that reports no more is not taken to play", async () => {
  const call = new Call();
  await call.listen();
  await call.go(3000);
  FakeNode.made[0].report = () => {}; // it says no more, and its context runs
  await call.go(6000);
  assert.ok(call.position - call.socket.acks.at(-1) <= 1.5 * 8000);
  assert.equal(call.deck.delay(Date.now()), null);
});

test("a call that ends while the sound is paused has ended", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].become("suspended");
  call.socket.say({ type: "end", reason: "finished" });
  assert.equal(call.deck.light.state, "ended");
  assert.equal(call.socket.closedByUs, true);
});

test("a sound that is taken away while the last words play leaves nothing open", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  call.socket.say({ type: "end", reason: "finished" });
  assert.equal(call.deck.light.state, "playing");
  FakeContext.made[0].become("suspended");
  assert.equal(call.deck.light.state, "ended");
  assert.equal(call.socket.closedByUs, true);
});
