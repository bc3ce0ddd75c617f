// A stand-in for a device's audio thread: its globals, and what runs there.
import assert from "node:assert/strict";

/** @typedef {import("../../../static/js/audio/messages.js").PlayerOptions} PlayerOptions */
/** @typedef {import("../../../static/js/audio/messages.js").PlayerMessage} PlayerMessage */
/** @typedef {import("../../../static/js/audio/messages.js").Report} Report */

export const BLOCK = 128; // samples that the device asks for at a time
export const RATE = 8000;
export const CHUNK = 480; // 60 ms

class FakePort {
  /** @type {Report[]} */
  reports = [];
  onmessage = (/** @type {{data: unknown}} */ _event) => {};

  /** @param {Report} report the player's one object, so it is copied */
  postMessage(report) {
    this.reports.push({ ...report });
  }
}

class FakeProcessor {
  port = new FakePort();
}

/** Names that were given to registerProcessor(). @type {string[]} */
export const registered = [];

Object.assign(globalThis, {
  AudioWorkletProcessor: FakeProcessor,
  registerProcessor: (/** @type {string} */ name) => registered.push(name),
});

await import("../../../static/js/worklets/processors.js");
export const { EarshotPlayer } = await import("../../../static/js/worklets/player.js");
export const { Limiter, CEILING } = await import("../../../static/js/worklets/limiter.js");

/**
 * Make a player on a device of a sample rate, with the other end of its port.
 * @param {number} device samples per second
 * @param {PlayerOptions} options
 */
export function newPlayer(device, options) {
  Object.assign(globalThis, { sampleRate: device });
  const player = new EarshotPlayer({ processorOptions: options });
  const port = /** @type {FakePort} */ (/** @type {unknown} */ (player.port));
  return { player, port };
}

/** A tone as the server would send it, and the device that plays it. */
export class Bench {
  position = 0;
  due = 0;
  alive = true;
  /** @type {number[]} */
  out = [];

  constructor({ device = 48000, hz = 440, amplitude = 0.5 } = {}) {
    this.device = device;
    const { player, port } = newPlayer(device, { inputRate: RATE, targetSeconds: 0.2 });
    this.player = player;
    this.port = port;
    this.wave = (/** @type {number} */ n) => amplitude * Math.sin((2 * Math.PI * hz * n) / RATE);
  }

  /** @param {PlayerMessage} message */
  send(message) {
    this.port.onmessage({ data: message });
  }

  push(count = CHUNK, { flags = 0, skip = 0 } = {}) {
    this.position += skip;
    const pcm = Int16Array.from({ length: count }, (_, i) => Math.round(32767 * this.wave(this.position + i)));
    this.send({ type: "push", pcm, position: this.position % 2 ** 32, flags });
    this.position += count;
  }

  /** Play for some seconds without anything new. @param {number} seconds */
  play(seconds) {
    this.due += seconds * this.device; // the device's clock, which blocks do not round up
    while (this.out.length < this.due && this.alive) {
      const block = new Float32Array(BLOCK);
      this.alive = this.player.process([], [[block]]);
      this.out.push(...block);
    }
  }

  /** Chunks arrive in time while the device plays. @param {number} seconds */
  stream(seconds) {
    for (let chunk = 0; chunk < (seconds * RATE) / CHUNK; chunk++) {
      this.push();
      this.play(CHUNK / RATE);
    }
  }

  get reports() {
    return this.port.reports;
  }

  get last() {
    return this.reports[this.reports.length - 1];
  }

  /** The position of the sample that was played last, by the last report. */
  get played() {
    const { positionPlayed } = this.last;
    assert.ok(positionPlayed !== null, "nothing has been played");
    return positionPlayed;
  }
}

/**
 * Play the sum of some decks through a limiter, at 48 kHz.
 * @param {number[][]} channels their samples, one array for each channel
 * @returns {number[][]} what the device is given, which comes a block later
 */
export function limited(channels) {
  Object.assign(globalThis, { sampleRate: 48000 });
  const limiter = new Limiter();
  const played = channels.map(() => /** @type {number[]} */ ([]));
  for (let at = 0; at < channels[0].length; at += BLOCK) {
    const output = channels.map(() => new Float32Array(BLOCK));
    limiter.process([channels.map((samples) => Float32Array.from(samples.slice(at, at + BLOCK)))], [output]);
    for (const [channel, block] of output.entries()) played[channel].push(...block);
  }
  return played;
}
