// Audio that arrives in bursts: what the page learns about it, and that all of it is heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Bursts } from "../../../static/js/audio/bursts.js";
import { BLOCK, newPlayer } from "../support/audio-thread.mjs";

const RATE = 8000;
const DEVICE = 48000;
const CHUNK = 480; // 60 ms

/** The page and its worklet while a call arrives. */
class Page {
  bursts = new Bursts();
  end = newPlayer(DEVICE, { inputRate: RATE, targetMs: 200 });
  player = this.end.player;
  position = 0;
  seconds = 0;
  blocks = 0;
  said = 0;
  /** Was there sound in each block? @type {boolean[]} */
  heard = [];

  /** Receive so much audio at once, in Frames of 60 ms. @param {number} seconds */
  receive(seconds) {
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

  /** @param {number} seconds */
  pass(seconds) {
    this.seconds += seconds;
    for (; this.blocks < (this.seconds * DEVICE) / BLOCK; this.blocks++) {
      const out = new Float32Array(BLOCK);
      this.player.process([], [[out]]);
      this.heard.push(out.some((value) => value !== 0));
    }
  }

  /**
   * Receive bursts of one length for some seconds, each a little early or late.
   * @param {number} length
   * @param {number} seconds
   */
  burst(length, seconds, jitter = 0.08) {
    for (let n = 0; n * length < seconds; n++) {
      const late = n % 3 === 1 ? jitter : 0;
      const before = n % 3 === 2 ? jitter : 0;
      this.pass(length + late - before);
      this.receive(length);
    }
  }

  /** @param {number} seconds */
  steady(seconds) {
    for (let n = 0; n < seconds / 0.06; n++) {
      this.receive(0.06);
      this.pass(0.06);
    }
  }

  /** The share of the last seconds in which something was heard. @param {number} seconds */
  share(seconds) {
    const last = this.heard.slice(-Math.floor((seconds * DEVICE) / BLOCK));
    return last.filter(Boolean).length / last.length;
  }

  get behind() {
    const { reports } = this.end.port;
    return (this.position - (reports[reports.length - 1].positionPlayed ?? 0)) / RATE;
  }
}

for (const length of [1, 1.5, 2, 2.5, 3, 5]) {
  test(`all audio is heard that arrives ${length} s at a time, once the page has learned that`, () => {
    const page = new Page();
    page.burst(length, 20);
    const { drops } = page.player;
    page.burst(length, 40);
    assert.ok(page.share(40) >= 0.99, `heard ${page.share(40)}`);
    assert.equal(page.player.drops, drops, "no more jumps");
    assert.ok(page.behind <= length + 1, `${page.behind} s behind`);
  });
}

test("the player waits for a connection that stalls again and again", () => {
  const page = new Page();
  const stall = () => {
    page.pass(2);
    page.receive(2);
    page.steady(5);
  };
  for (let n = 0; n < 3; n++) stall();
  const { drops } = page.player;
  for (let n = 0; n < 5; n++) stall();
  assert.ok(page.share(35) >= 0.99, `heard ${page.share(35)}`);
  assert.equal(page.player.drops, drops);
});

test("when the bursts end, one jump shortens the delay again", () => {
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
  page.receive(2);
  page.steady(5);
  assert.equal(page.player.drops, 1);
  assert.ok(page.behind <= 0.3, `${page.behind} s behind`);
});

test("a sender that pauses and then goes on in real time makes no bursts", () => {
  const bursts = new Bursts();
  for (let now = 0; now < 60_000; now += 60) {
    if (now % 6000 < 3000) bursts.arrived(0.06, now);
  }
  assert.equal(bursts.seconds, 0);
});

test("a burst counts once a second one arrives, and is forgotten half a minute later", () => {
  const bursts = new Bursts();
  for (let n = 0; n < 30; n++) bursts.arrived(0.06, 10_000);
  assert.equal(bursts.seconds, 0);
  for (let n = 0; n < 30; n++) bursts.arrived(0.06, 14_000);
  assert.equal(bursts.seconds, 1.8);
  for (let now = 15_000; now < 45_000; now += 60) bursts.arrived(0.06, now);
  assert.equal(bursts.seconds, 0);
});
