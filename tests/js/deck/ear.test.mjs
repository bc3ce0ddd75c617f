// An ear whose sound is taken away, comes late, or never comes.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Ear } from "../../../static/js/deck/ear.js";
import { delay } from "../../../static/js/deck/facts.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { AudioOutput, ClockWatch } from "../../../static/js/audio/output.js";
import { beFirefox, click, FakeContext, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { tap } from "../support/taps.mjs";

const HEARD = { listenUrl: "/listen/t1", outcomes: {}, voice: { gain: 1, pan: 0, automaticGain: true }, onBuild: () => {} };

beforeEach(install);
afterEach(uninstall);

/** @param {Partial<import("../../../static/js/deck/ear.js").EarOptions>} [options] */
function newEar(options = {}, scope = new Scope()) {
  const output = new AudioOutput("/w.js");
  return new Ear(tap("t1"), scope, { ...HEARD, output, ...options });
}

/** A call, and the ear that hears it. */
class Call {
  position = 0;
  played = -1;
  scope = new Scope();
  ear = newEar({}, this.scope);

  /** Stop, so that the next listening has an ear of its own. */
  stop() {
    const { output } = this.ear;
    this.scope.dispose();
    this.scope = new Scope();
    this.ear = newEar({ output }, this.scope);
  }

  async listen() {
    this.ear.listen();
    this.socket.accept();
    this.socket.say(hello());
    await pass(60);
  }

  /** The newest connection. */
  get socket() {
    return FakeSocket.opened[FakeSocket.opened.length - 1];
  }

  /**
   * Let Frames arrive. A context that runs plays them and reports it 200 ms later.
   * @param {number} ms
   */
  async go(ms) {
    await pass(ms, (at) => {
      if (at % 60 === 0) {
        this.socket.receive(frame(this.position));
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

test("when the sound is taken away for a minute, the ear stays connected and says how to go on", async () => {
  const call = new Call();
  await call.listen();
  await call.go(3000);
  assert.equal(call.ear.light.state, "playing");
  const context = FakeContext.made[0];
  context.become("interrupted");
  for (let second = 0; second < 60; second++) {
    await call.go(1020);
    // The server closes the connection when the newest ack is ten seconds old.
    assert.ok(call.position - call.socket.acked <= 1.5 * 8000, `no ack for ${second} s`);
  }
  assert.deepEqual([call.ear.light.state, call.ear.light.words], ["blocked", "Sound is paused"]);
  assert.equal(delay(call.ear.facts, performance.now()), null);
  const before = FakeNode.made[0].pushed.length;
  call.ear.output.unlock();
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
  assert.equal(FakeSocket.opened.length, 1);
  const pushed = FakeNode.made[0].pushed.slice(before);
  assert.ok(pushed[0] > 60 * 8000, "it goes on with live audio");
});

test("what is buffered when the sound is taken away is not played a minute later", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1800);
  FakeContext.made[0].become("suspended");
  await call.go(600);
  const { messages } = FakeNode.made[0];
  const since = messages.slice(messages.findLastIndex((one) => one.type === "push") + 1);
  assert.deepEqual(since, [{ type: "configure", rate: 8000 }]);
});

test("a worklet that stops reporting does not count as playing", async () => {
  const call = new Call();
  await call.listen();
  await call.go(3000);
  FakeNode.made[0].report = () => {}; // it stops reporting, though its context runs
  await call.go(6000);
  assert.ok(call.position - call.socket.acked <= 1.5 * 8000);
  assert.equal(delay(call.ear.facts, performance.now()), null);
});

test("a call that ends while the sound is paused is shown as ended", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].become("suspended");
  call.socket.say({ type: "end", reason: "finished" });
  assert.equal(call.ear.light.state, "ended");
  assert.equal(call.socket.closedByUs, true);
});

for (const [reason, detail] of [["failed", "It could not be tapped."], ["the caller hung up", "the caller hung up"]]) {
  test(`a call that ends because "${reason}" reads "${detail}"`, async () => {
    const ear = newEar({ outcomes: { failed: "It could not be tapped." } });
    ear.listen();
    FakeSocket.opened.at(-1)?.say({ type: "end", reason });
    assert.equal(ear.light.detail, detail);
  });
}

test("a call that ends for a reason without words reads what its state means", () => {
  const ear = newEar({ outcomes: { lost: "No more audio arrived." } });
  ear.listen();
  FakeSocket.opened.at(-1)?.say({ type: "state", state: "lost", stalled: false });
  FakeSocket.opened.at(-1)?.say({ type: "end", reason: "no more media came" });
  assert.equal(ear.light.detail, "No more audio arrived.");
});

test("nothing stays open when the sound is taken away during the call's last words", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  call.socket.say({ type: "end", reason: "finished" });
  assert.equal(call.ear.light.state, "playing");
  FakeContext.made[0].become("suspended");
  assert.equal(call.ear.light.state, "ended");
  assert.equal(call.socket.closedByUs, true);
});

for (const [suspend, resume] of [[200, 0], [1000, 0], [0, 300], [300, 300]]) {
  for (const pause of [80, 140, 200]) {
    test(`Listen ${pause} ms after Stop plays: suspend takes ${suspend} ms, resume ${resume} ms`, async () => {
      const call = new Call();
      await call.listen();
      await call.go(1200);
      FakeContext.delays = { suspend, resume };
      call.stop();
      await pass(pause);
      const states = new Set();
      call.ear.addEventListener("change", () => states.add(call.ear.light.state));
      await call.listen();
      await call.go(2400);
      assert.equal(call.ear.light.state, "playing");
      assert.ok(!states.has("blocked"), [...states].join());
      assert.equal(FakeContext.made.length, 1);
    });
  }

  test(`Stop after Listen lets the device sleep: suspend takes ${suspend} ms, resume ${resume} ms`, async () => {
    FakeContext.delays = { suspend, resume };
    const call = new Call();
    await call.listen();
    call.stop();
    await pass(4000);
    assert.equal(FakeContext.made[0].state, "suspended");
  });
}

test("the light says that the browser holds the sound back until a click", async () => {
  FakeContext.delays = { suspend: 0, resume: 1e9 };
  const call = new Call();
  await call.listen();
  await call.go(480);
  assert.equal(call.ear.light.state, "buffering");
  await call.go(1200);
  assert.equal(call.ear.light.state, "blocked");
  FakeContext.delays.resume = 0;
  call.ear.output.unlock();
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
});

test("the ear waits for a device that takes two seconds to open after a click", async () => {
  click();
  FakeContext.delays.resume = 2000;
  const call = new Call();
  await call.listen();
  const states = new Set();
  call.ear.addEventListener("change", () => states.add(call.ear.light.state));
  await call.go(3600);
  assert.equal(call.ear.light.state, "playing");
  assert.ok(!states.has("blocked"));
});

test("a context that does not run after a click means no sound device, and the next click tries again", async () => {
  click();
  FakeContext.delays.resume = 1e9;
  const call = new Call();
  await call.listen();
  await call.go(4200);
  assert.equal(call.ear.light.state, "failed");
  assert.match(call.ear.light.detail, /^No sound device/);
  FakeContext.delays.resume = 0;
  await call.listen();
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
});

test("sound that was taken away stays paused if a click does not bring it back", async () => {
  click();
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].become("interrupted");
  FakeContext.delays.resume = 1e9;
  call.ear.output.unlock();
  await call.go(6000);
  assert.equal(call.ear.light.state, "blocked");
});

test("a context that reports an error is not used again", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].dispatchEvent(new Event("error"));
  assert.match(call.ear.light.detail, /^The sound device stopped working/);
  await call.listen();
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
  assert.equal(FakeContext.made.length, 2);
});

test("a context that says that it runs while its clock stands still is replaced", async () => {
  const call = new Call();
  await call.listen();
  await call.go(1200);
  FakeContext.made[0].clockStands = true;
  await call.go(1800);
  assert.equal(FakeContext.made.length, 1);
  await call.go(3000);
  assert.deepEqual(FakeContext.made.map((context) => context.closed), [true, false]);
  assert.equal(call.ear.light.state, "playing");
  assert.equal(FakeSocket.opened.length, 1);
});

test("if the second context is dead as well, the light says so, and a click tries a third", async () => {
  const call = new Call();
  await call.listen();
  FakeContext.made[0].clockStands = true;
  await call.go(2400);
  FakeContext.made[1].clockStands = true;
  await call.go(3000);
  assert.equal(FakeContext.made.length, 2);
  assert.equal(call.ear.light.state, "failed");
  assert.match(call.ear.light.detail, /^The sound device takes no audio/);
  await call.listen();
  await call.go(1200);
  assert.equal(FakeContext.made.length, 3);
  assert.equal(call.ear.light.state, "playing");
});

test("the latency of the device is read once in five seconds", async () => {
  const call = new Call();
  await call.listen();
  await call.go(15_000);
  const [context] = FakeContext.made;
  assert.ok(context.latencyReads >= 3 && context.latencyReads <= 4, `read ${context.latencyReads} times`);
  assert.equal(call.ear.facts.latency, 0.04);
});

test("Firefox is never asked for the latency of the device, which can stop its page for good", async () => {
  beFirefox();
  const call = new Call();
  await call.listen();
  await call.go(15_000);
  assert.equal(FakeContext.made[0].latencyReads, 0);
  assert.equal(call.ear.facts.latency, 0);
});

test("a context does not count as dead because the page was frozen", async () => {
  const watch = new ClockWatch();
  watch.look(5, 1000);
  assert.ok(watch.look(5, 61_000) < 2000);
  assert.equal(watch.look(5.1, 61_060), 0);
});

const gone = async () => {
  throw new Error("AbortError");
};

test("a page that was opened before an update can still listen", async () => {
  const call = new Call();
  call.ear.output.prepare();
  await pass(100);
  FakeContext.module = gone;
  await call.listen();
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
  assert.equal(FakeContext.made.length, 1);
});

test("a page that is ready lets the device sleep until somebody listens", async () => {
  const ear = newEar();
  ear.output.prepare();
  await pass(100);
  FakeContext.made[0].become("running"); // a context runs by itself where no click is needed
  await pass(100);
  assert.equal(FakeContext.made[0].state, "suspended");
  assert.equal(ear.light.state, "idle");
});

/** @type {[what: string, answer: () => Promise<{status: number}>, words: string][]} */
const MISSING = [
  ["is gone", async () => ({ status: 404 }), "Earshot was updated. Reload the page."],
  ["cannot be reached", gone, "The player could not be loaded. Check your connection and try again."],
];

for (const [what, answer, words] of MISSING) {
  test(`the light says that the player ${what}`, async (context) => {
    FakeContext.module = gone;
    context.mock.method(globalThis, "fetch", answer);
    const call = new Call();
    call.ear.output.prepare();
    await pass(100);
    assert.equal(call.ear.light.state, "idle");
    await call.listen();
    await pass(100);
    assert.deepEqual([call.ear.light.state, call.ear.light.detail], ["failed", words]);
    FakeContext.module = async () => {};
    await call.listen();
    await call.go(1200);
    assert.equal(call.ear.light.state, "playing");
  });
}

test("the ear passes on the server's build", async () => {
  /** @type {string[]} */
  const builds = [];
  const ear = newEar({ onBuild: (build) => builds.push(build) });
  ear.listen();
  FakeSocket.opened[0].accept();
  FakeSocket.opened[0].say(hello({ build: "b2" }));
  assert.deepEqual(builds, ["b2"]);
});

test("audio that arrives after the message of a stall does not end the stall", async () => {
  const call = new Call();
  await call.listen();
  call.socket.say({ type: "state", state: "tapping", stalled: true });
  call.socket.receive(frame(0));
  assert.equal(call.ear.light.state, "stalled");
  await pass(8000); // a keepalive is due within twelve seconds
  assert.equal(call.ear.light.state, "stalled");
  call.socket.say({ type: "state", state: "tapping", stalled: false });
  await call.go(1200);
  assert.equal(call.ear.light.state, "playing");
});

test("the ear asks for the server's time when it is let in, then each 10 s, and shows the delay", async () => {
  const call = new Call();
  await call.listen();
  const questions = () => call.socket.sent.filter((message) => message.type === "clock");
  assert.equal(questions().length, 1);
  const { sent } = questions()[0];
  call.socket.say({ type: "clock", sent, now: (sent + performance.now()) / 2 }); // the server has the page's clock
  await call.go(1200);
  // What is played is 200 ms older than the newest Frame, which takes no time here, and the device takes 40.
  assert.equal(Math.round(Number(delay(call.ear.facts, performance.now()))), 240);
  await call.go(9000);
  assert.equal(questions().length, 2);
  call.socket.end(1006);
  await pass(1000);
  call.socket.accept();
  call.socket.say(hello());
  assert.equal(questions().length, 1, "a new connection is asked at once");
});
