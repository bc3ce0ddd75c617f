// What a listener hears, and is told, while the call is paused.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { Ear } from "../../../static/js/deck/ear.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { Flag } from "../../../static/js/wire/frame.js";
import { EPOCH, FakeContext, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { pausedAt, tap } from "../support/taps.mjs";

const HEARD = { listenUrl: "/listen/t1", outcomes: {}, voice: { gain: 1, pan: 0, automaticGain: true }, onBuild: () => {} };

beforeEach(() => {
  install();
  FakeContext.sounds.clear();
});
afterEach(uninstall);

class Listener {
  position = 0;
  ear = new Ear(tap("t1"), new Scope(), { ...HEARD, output: new AudioOutput("/w.js") });

  async listen() {
    this.ear.listen();
    this.socket.accept();
    this.socket.say(hello());
    this.socket.say({ type: "clock", sent: performance.now(), now: EPOCH + performance.now() });
    await pass(60);
  }

  get socket() {
    return FakeSocket.opened[FakeSocket.opened.length - 1];
  }

  /** A Frame arrives. @param {{ago?: number, flags?: number}} [changes] */
  hear(changes) {
    this.socket.receive(frame(this.position, changes));
    this.position += 480;
  }

  /** Frames arrive for a while, and are heard. @param {number} flags */
  async go(flags = 0) {
    for (let n = 0; n < 10; n++) {
      await pass(60);
      this.hear({ flags });
    }
    FakeNode.made.at(-1)?.report({ positionPlayed: this.position - 1600 });
  }

  /** The server says that the call was paused, some ms ago. */
  pause(ago = 0) {
    const since = EPOCH + performance.now() - ago;
    this.socket.say({ type: "pause", ...pausedAt(since) });
  }

  resume() {
    this.socket.say({ type: "pause", changes: 2, since: null, until: null, by: "" });
  }

  get held() {
    const { history } = this.ear.sound;
    return history.end;
  }
}

async function listening() {
  const listener = new Listener();
  await listener.listen();
  await listener.go();
  return listener;
}

test("a pause is heard as a beep at once, and said on the light", async () => {
  const listener = await listening();
  assert.equal(FakeContext.sounds.size, 0);
  listener.pause();
  assert.equal(FakeContext.sounds.size, 1);
  assert.equal(listener.ear.light.state, "paused");
  assert.match(listener.ear.light.detail, /^Paused by alice at .+ It ends by itself at .+\.$/);
});

test("its end stops the beep, and the call is heard again", async () => {
  const listener = await listening();
  listener.pause();
  await listener.go(Flag.MASKED);
  listener.resume();
  await listener.go();
  assert.equal(FakeContext.sounds.size, 0);
  assert.equal(listener.ear.light.state, "playing");
});

test("a Frame of the pause that still arrives is neither held nor played", async () => {
  const listener = await listening();
  listener.pause(100);
  const [held, pushed] = [listener.held, FakeNode.made[0].pushed.length];
  listener.hear();
  assert.deepEqual([listener.held, FakeNode.made[0].pushed.length], [held, pushed]);
  listener.hear({ flags: Flag.MASKED });
  assert.equal(listener.held, held + 960);
});

test("what arrived since the pause was ordered is silent, also for who goes back", async () => {
  const listener = await listening();
  listener.pause(90);
  const { history } = listener.ear.sound;
  const piece = history.read(history.end - 480, 480);
  assert.ok(piece?.pcm.every((one) => one === 0));
});

test("who hears older audio hears no beep until live audio is reached", async () => {
  const listener = await listening();
  listener.ear.seek(0);
  listener.pause();
  assert.equal(FakeContext.sounds.size, 0);
  listener.ear.goLive();
  assert.equal(FakeContext.sounds.size, 1);
});

test("the beep ends with the listening and with the call", async () => {
  for (const end of [(/** @type {Listener} */ one) => one.ear.scope.dispose(), sayEnd]) {
    const listener = await listening();
    listener.pause();
    end(listener);
    assert.equal(FakeContext.sounds.size, 0);
  }
});

/** @param {Listener} listener */
function sayEnd(listener) {
  listener.socket.say({ type: "end", reason: "finished" });
}

test("the light warns in the last minute", async () => {
  const listener = await listening();
  listener.pause(230_000);
  await listener.go(Flag.MASKED);
  assert.ok(!listener.ear.light.warns);
  listener.pause(290_000);
  assert.ok(listener.ear.light.warns);
  assert.match(listener.ear.light.detail, /It ends by itself in \d+ seconds: everybody then hears the call again\.$/);
});
