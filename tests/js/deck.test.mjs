// A deck whose sound is taken away, comes late, or never comes.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Deck } from "../../static/js/deck.js";
import { ClockWatch } from "../../static/js/output.js";
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
  await call.go(1800);
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

for (const [suspend, resume] of [[200, 0], [1000, 0], [0, 300], [300, 300]]) {
  for (const pause of [80, 140, 200]) {
    test(`Listen ${pause} ms after Stop plays: suspend takes ${suspend} ms, resume ${resume} ms`, async () => {
      const call = new Call();
      await call.listen();
      await call.go(1200);
      FakeContext.delays = { suspend, resume };
      call.deck.stop();
      await pass(pause);
      const states = new Set();
      call.deck.addEventListener("change", () => states.add(call.deck.light.state));
      await call.listen();
      await call.go(2400);
      assert.equal(call.deck.light.state, "playing");
      assert.ok(!states.has("blocked"), [...states].join());
      assert.equal(FakeContext.made.length, 1);
    });
  }

  test(`Stop after Listen lets the device sleep: suspend takes ${suspend} ms, resume ${resume} ms`, async () => {
    FakeContext.delays = { suspend, resume };
    const call = new Call();
    await call.listen();
    call.deck.stop();
    await pass(4000);
    assert.equal(FakeContext.made[0].state, "suspended");
  });
}

test("a browser that waits for a click is said to hold the sound back", async () => {
  FakeContext.delays = { suspend: 0, resume: 1e9 };
  const call = new Call();
  await call.listen();
  await call.go(480);
  assert.equal(call.deck.light.state, "buffering");
  await call.go(1200);
  assert.equal(call.deck.light.state, "blocked");
  FakeContext.delays.resume = 0;
  call.deck.resume();
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
});

test("a device that takes two seconds to open after a click is waited for", async () => {
  navigator.userActivation = { isActive: true };
  FakeContext.delays.resume = 2000;
  const call = new Call();
  await call.listen();
  const states = new Set();
  call.deck.addEventListener("change", () => states.add(call.deck.light.state));
  await call.go(3600);
  assert.equal(call.deck.light.state, "playing");
  assert.ok(!states.has("blocked"));
});

test("where a click does not make the context run there is no sound device; with one the next click plays", async () => {
  navigator.userActivation = { isActive: true };
  FakeContext.delays.resume = 1e9;
  const call = new Call();
  await call.listen();
  await call.go(4200);
  assert.equal(call.deck.light.state, "failed");
  assert.match(call.deck.light.detail, /^No sound device/);
  FakeContext.delays.resume = 0;
  await call.listen();
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
});

test("a sound that was taken away and does not come back at a click stays paused", async () => {
  navigator.userActivation = { isActive: true };
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].become("interrupted");
  FakeContext.delays.resume = 1e9;
  call.deck.resume();
  await call.go(6000);
  assert.equal(call.deck.light.state, "blocked");
});

test("a context that reports an error is not used again", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].dispatchEvent(new Event("error"));
  assert.match(call.deck.light.detail, /^The sound device stopped working/);
  await call.listen();
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
  assert.equal(FakeContext.made.length, 2);
});

test("a context whose clock stands still while it says that it runs is replaced", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].clockStands = true;
  await call.go(1800);
  assert.equal(FakeContext.made.length, 1);
  await call.go(3000);
  assert.deepEqual(FakeContext.made.map((context) => context.closed), [true, false]);
  assert.equal(call.deck.light.state, "playing");
  assert.equal(FakeSocket.opened.length, 1);
});

test("where the second context is dead as well the page says so, and a click tries a third", async () => {
  const call = new Call();
  await call.listen();
  FakeContext.made[0].clockStands = true;
  await call.go(2400);
  FakeContext.made.at(-1).clockStands = true;
  await call.go(3000);
  assert.equal(FakeContext.made.length, 2);
  assert.equal(call.deck.light.state, "failed");
  assert.match(call.deck.light.detail, /^The sound device takes no audio/);
  await call.listen();
  await call.go(1200);
  assert.equal(FakeContext.made.length, 3);
  assert.equal(call.deck.light.state, "playing");
});

test("a page that was frozen does not take its context for dead", async () => {
  const watch = new ClockWatch();
  watch.look(5, 1000);
  assert.ok(watch.look(5, 61_000) < 2000);
  assert.equal(watch.look(5.1, 61_060), 0);
});

const gone = async () => {
  throw new Error("AbortError");
};

test("a page that was open before an update still listens", async () => {
  const call = new Call();
  call.deck.prepare();
  await pass(100);
  FakeContext.module = gone;
  await call.listen();
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
  assert.equal(FakeContext.made.length, 1);
});

test("a page that is ready lets the device sleep until somebody listens", async () => {
  const deck = newDeck();
  deck.prepare();
  await pass(100);
  FakeContext.made[0].become("running"); // where no click is needed, it runs by itself
  await pass(100);
  assert.equal(FakeContext.made[0].state, "suspended");
  assert.equal(deck.light.state, "idle");
});

for (const [what, answer, words] of [
  ["is gone", async () => ({ status: 404 }), "Earshot was updated. Reload the page."],
  ["cannot be reached", gone, "The player could not be loaded. Check your connection and try again."],
]) {
  test(`a player that ${what} is told as that`, async (context) => {
    FakeContext.module = gone;
    context.mock.method(globalThis, "fetch", answer);
    const call = new Call();
    call.deck.prepare();
    await pass(100);
    assert.equal(call.deck.light.state, "idle");
    await call.listen();
    await pass(100);
    assert.deepEqual([call.deck.light.state, call.deck.light.detail], ["failed", words]);
    FakeContext.module = async () => {};
    await call.listen();
    await call.go(1200);
    assert.equal(call.deck.light.state, "playing");
  });
}

test("the deck says which build the server has", async () => {
  const builds = [];
  const options = { listenUrl: "/listen/", workletUrl: "/w.js", volume: 1 };
  const deck = new Deck({ ...options, onBuild: (build) => builds.push(build) });
  deck.listen(TAP);
  FakeSocket.opened[0].onopen();
  FakeSocket.opened[0].say({ type: "hello", build: "b2", tap: TAP, rate: 8000, stalled: false });
  assert.deepEqual(builds, ["b2"]);
});

test("the last audio before a stall does not take back the word of it", async () => {
  const call = new Call();
  await call.listen();
  call.socket.say({ type: "state", state: "tapping", stalled: true });
  call.socket.say(frame(0));
  assert.equal(call.deck.light.state, "stalled");
  await pass(8000); // a sign of life is due within twelve seconds
  assert.equal(call.deck.light.state, "stalled");
  call.socket.say({ type: "state", state: "tapping", stalled: false });
  await call.go(1200);
  assert.equal(call.deck.light.state, "playing");
});
