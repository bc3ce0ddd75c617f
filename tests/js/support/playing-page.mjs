// A page and its player's worklet while a call arrives, on one clock that tests move on.
import { Arrivals } from "../../../static/js/audio/arrivals.js";
import { BLOCK, newPlayer, RATE } from "./audio-thread.mjs";

const DEVICE = 48000;
const CHUNK = 480; // 60 ms

/** @typedef {(n: number) => number} Wave sample n of the call, 1 is full scale */

export class PlayingPage {
  arrivals = new Arrivals();
  end = newPlayer(DEVICE, { inputRate: RATE });
  player = this.end.player;
  position = 0;
  seconds = 0;
  blocks = 0;
  held = 0;
  /** Was there sound in each block? @type {boolean[]} */
  heard = [];
  /** @type {number[]} */
  out = [];

  /** @param {{wave?: Wave, drift?: number}} [options] drift: by how much the device's clock is too fast, 1e-6 is 1 ppm */
  constructor({ wave = () => 0.25, drift = 0 } = {}) {
    this.wave = wave;
    this.device = DEVICE * (1 + drift);
  }

  /** Receive so much audio at once, in Frames of 60 ms. @param {number} seconds */
  receive(seconds) {
    for (let left = Math.round(seconds * RATE); left > 0; left -= CHUNK) {
      const pcm = Int16Array.from({ length: Math.min(left, CHUNK) }, (_, i) =>
        Math.round(32767 * this.wave(this.position + i)),
      );
      const now = this.seconds * 1000;
      const from = (this.position * 1000) / RATE;
      this.arrivals.arrived(from, from + (pcm.length * 1000) / RATE, now, now);
      this.hold(this.arrivals.targetMs);
      this.player.receive({ type: "push", pcm, position: this.position, flags: 0 });
      this.position += pcm.length;
    }
  }

  /** Tell the worklet its target, when it is another one. @param {number} ms */
  hold(ms) {
    if (ms === this.held) return;
    this.held = ms;
    this.player.receive({ type: "target", seconds: ms / 1000 });
  }

  /** @param {number} seconds */
  pass(seconds) {
    this.seconds += seconds;
    for (; this.blocks < (this.seconds * this.device) / BLOCK; this.blocks++) {
      const out = new Float32Array(BLOCK);
      this.player.process([], [[out]]);
      this.play(out);
    }
  }

  /** @param {Float32Array} out */
  play(out) {
    this.heard.push(out.some((value) => value !== 0));
    this.out.push(...out);
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

  /**
   * Receive a Frame every 60 ms, each later by a random time and none before the one before it.
   * @param {number} seconds
   * @param {() => number} late seconds
   */
  jitter(seconds, late) {
    const begin = this.seconds;
    let due = 0;
    for (let n = 0; n < seconds / 0.06; n++) {
      due = Math.max(due, n * 0.06 + late());
      if (begin + due > this.seconds) this.pass(begin + due - this.seconds);
      this.receive(0.06);
    }
  }

  /** The share of the last seconds in which something was heard. @param {number} seconds */
  share(seconds) {
    const last = this.heard.slice(-Math.floor((seconds * DEVICE) / BLOCK));
    return last.filter(Boolean).length / last.length;
  }

  /** How long a sample waits in the player that arrives as early as any, in ms. */
  get delay() {
    const { playout, ring, left } = this.player;
    return (playout.delay(ring.written - left) * 1000) / RATE;
  }

  get last() {
    const { reports } = this.end.port;
    return reports[reports.length - 1];
  }

  /** How far what is played is behind what has arrived, in seconds. */
  get behind() {
    return (this.position - (this.last.positionPlayed ?? 0)) / RATE;
  }
}
