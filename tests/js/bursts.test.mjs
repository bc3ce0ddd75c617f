// Audio that arrives in bursts: what is learned of it, and that all of it is heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { audioLight } from "../../static/js/light.js";
import { Bursts } from "../../static/js/bursts.js";

const RATE = 8000;
const DEVICE = 48000;
const BLOCK = 128;
const CHUNK = 480; // 60 ms

let Processor;
globalThis.AudioWorkletProcessor = class {
  constructor() {
    this.port = { postMessage: (message) => Object.assign((this.last ??= {}), message) };
  }
};
globalThis.registerProcessor = (_name, type) => (Processor = type);
globalThis.sampleRate = DEVICE;
await import("../../static/js/worklets/player.js");

/** The page and its worklet while a call arrives. */
class Page {
  bursts = new Bursts();
  player = new Processor({ processorOptions: { inputRate: RATE, targetMs: 200 } });
  position = 0;
  seconds = 0;
  blocks = 0;
  said = 0;
  heard = []; // of each block: was there sound?

  /** So much audio comes at once, in frames of 60 ms. */
  come(seconds) {
    for (let left = Math.round(seconds * RATE); left > 0; left -= CHUNK) {
      const pcm = new Int16Array(Math.min(left, CHUNK)).fill(8000);
      this.bursts.arrived(pcm.length / RATE, this.seconds * 1000);
      if (this.bursts.seconds !== this.said) {
        this.said = this.bursts.seconds;
        this.player.receive({ type: "bursts", seconds: this.said });
      }
      this.player.receive({ type: "push", pcm, position: this.position, flags: 0 });
      this.position += pcm.length;
    }
  }

  pass(seconds) {
    this.seconds += seconds;
    for (; this.blocks < (this.seconds * DEVICE) / BLOCK; this.blocks++) {
      const out = new Float32Array(BLOCK);
      this.player.process([], [[out]]);
      this.heard.push(out.some((value) => value !== 0));
    }
  }

  /** Bursts of a length for a time, each a little early or late. */
  burst(length, seconds, jitter = 0.08) {
    for (let n = 0; n * length < seconds; n++) {
      const late = n % 3 === 1 ? jitter : 0;
      const before = n % 3 === 2 ? jitter : 0;
      this.pass(length + late - before);
      this.come(length);
    }
  }

  steady(seconds) {
    for (let n = 0; n < seconds / 0.06; n++) {
      this.come(0.06);
      this.pass(0.06);
    }
  }

  /** Share of the last seconds in which something was heard. */
  share(seconds) {
    const last = this.heard.slice(-Math.floor((seconds * DEVICE) / BLOCK));
    return last.filter(Boolean).length / last.length;
  }

  get behind() {
    return (this.position - this.player.last.positionPlayed) / RATE;
  }
}

for (const length of [1, 1.5, 2, 2.5, 3, 5]) {
  test(`audio that comes ${length} s at a time is all heard, once that is learned`, () => {
    const page = new Page();
    page.burst(length, 20);
    const { drops } = page.player;
    page.burst(length, 40);
    assert.ok(page.share(40) >= 0.99, `heard ${page.share(40)}`);
    assert.equal(page.player.drops, drops, "no more jumps");
    assert.ok(page.behind <= length + 1, `${page.behind} s behind`);
  });
}

test("a connection that stalls again and again is waited for", () => {
  const page = new Page();
  const stall = () => {
    page.pass(2);
    page.come(2);
    page.steady(5);
  };
  for (let n = 0; n < 3; n++) stall();
  const { drops } = page.player;
  for (let n = 0; n < 5; n++) stall();
  assert.ok(page.share(35) >= 0.99, `heard ${page.share(35)}`);
  assert.equal(page.player.drops, drops);
});

test("when the bursts are over the delay goes down again, in one jump", () => {
  const page = new Page();
  page.burst(2, 30);
  const { drops } = page.player;
  page.steady(30);
  assert.equal(page.player.drops, drops + 1);
  assert.ok(page.behind <= 0.3, `${page.behind} s behind`);
  assert.ok(page.share(30) >= 0.99);
});

test("after one stall the page is live again at once", () => {
  const page = new Page();
  page.steady(5);
  page.pass(2);
  page.come(2);
  page.steady(5);
  assert.equal(page.player.drops, 1);
  assert.ok(page.behind <= 0.3, `${page.behind} s behind`);
});

test("a sender that pauses, and goes on where it was, makes no bursts", () => {
  const bursts = new Bursts();
  for (let now = 0; now < 60_000; now += 60) {
    if (now % 6000 < 3000) bursts.arrived(0.06, now);
  }
  assert.equal(bursts.seconds, 0);
});

test("a burst is learned when it comes again, and forgotten half a minute later", () => {
  const bursts = new Bursts();
  for (let n = 0; n < 30; n++) bursts.arrived(0.06, 10_000);
  assert.equal(bursts.seconds, 0);
  for (let n = 0; n < 30; n++) bursts.arrived(0.06, 14_000);
  assert.equal(bursts.seconds, 1.8);
  for (let now = 15_000; now < 45_000; now += 60) bursts.arrived(0.06, now);
  assert.equal(bursts.seconds, 0);
});

test("the light says that the audio comes in bursts", () => {
  const facts = { on: true, link: "open", playing: true, reportAt: 1000, burstSeconds: 2, volume: 1 };
  assert.deepEqual(audioLight(facts, 1100), {
    state: "playing",
    words: "Playing",
    detail: "The audio arrives 2.0 s at a time, so you hear it that much later.",
  });
});
