/**
 * What the player's head has read and the device not yet played: samples at the call's rate, as loud
 * as they are to be heard, which are read at the device's.
 *
 * Nothing here allocates after the constructor.
 */

import { AutomaticGain } from "./automatic-gain.js";
import { interpolate, interpolationTable, TAPS } from "./interpolation.js";

const LENGTH = 1024; // samples; a device whose rate is a sixth of the call's takes 784 of them for a block

export class Line {
  #samples = new Float32Array(LENGTH);
  #places = new Float64Array(LENGTH); // where in the ring each of them was
  #end = TAPS; // counts samples and never wraps; there is room for the filter before the first
  #at = TAPS; // the same, fractional: what is played next
  #taken = 0; // samples since the level was told
  #energy = 0;

  /**
   * @param {number} step samples of the call for one of the device
   * @param {AutomaticGain} gain
   */
  constructor(step, gain) {
    this.table = interpolationTable(Math.min(1, 1 / step));
    this.gain = gain;
  }

  /** How many samples are still to be played. */
  get left() {
    return this.#end - this.#at;
  }

  /** The place in the ring of the sample that is played next. */
  get place() {
    return this.#places[Math.floor(this.#at) & (LENGTH - 1)];
  }

  /** The signal between the samples, where it is played next. */
  get value() {
    return interpolate(this.#samples, this.table, this.#at);
  }

  /**
   * Take from the head what is needed to play so many samples of the call.
   * @param {import("./stretch.js").Stretch} head
   * @param {number} written the place after the newest sample in the ring
   * @param {number} samples
   */
  fill(head, written, samples) {
    const wanted = this.#at + samples + TAPS;
    while (this.#end < wanted && head.at < written) {
      const place = this.#end & (LENGTH - 1);
      const value = head.next(written);
      this.#energy += value * value; // of what came, whatever the gain makes of it
      this.#samples[place] = this.gain.next(value);
      this.#places[place] = head.at - 1;
      this.#end++;
      this.#taken++;
    }
  }

  /** The RMS of what came since this was asked last, before any gain; 0 if nothing did. */
  takeLevel() {
    const level = this.#taken ? Math.sqrt(this.#energy / this.#taken) : 0;
    this.#taken = this.#energy = 0;
    return level;
  }

  /** @param {number} step */
  advance(step) {
    this.#at += step;
  }
}
