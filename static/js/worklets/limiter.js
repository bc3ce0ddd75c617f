/**
 * The limiter on the audio thread, behind the sum of all decks. Six loud calls together may be
 * 16 dB above what a device can play, and the device would clip them.
 *
 * It keeps each block until it has seen the next one, 2.7 ms at 48 kHz, and so is quiet enough
 * before a loud sample comes. What stays below the ceiling comes out bit for bit.
 *
 * process() allocates nothing once it has run, because it has under 3 ms.
 */

/** 3 dB below full scale: between two samples of a loud sum, the device's own filter rises above both. */
export const CEILING = 10 ** (-3 / 20);
const RELEASE_SECONDS = 0.25; // in which two thirds of what was taken are given back
const INAUDIBLE = 1e-4; // 0.001 dB: a gain so near to 1 is 1

export class Limiter extends AudioWorkletProcessor {
  /** The block that is played next: a channel each. @type {Float32Array[]} */
  kept = [];
  room = 1; // the most that the kept block may be multiplied with
  gain = 1; // at the end of the block before it

  /**
   * @param {Float32Array[][]} inputs
   * @param {Float32Array[][]} outputs
   */
  process([input], [output]) {
    const room = CEILING / Math.max(CEILING, peakOf(input));
    const gain = Math.min(room, this.room, risen(this.gain, output[0].length));
    for (let channel = 0; channel < output.length; channel++) {
      this.kept[channel] ??= new Float32Array(output[channel].length);
      multiply(this.kept[channel], output[channel], this.gain, gain);
      if (input[channel]) this.kept[channel].set(input[channel]);
      else this.kept[channel].fill(0); // no deck plays
    }
    this.room = room;
    this.gain = gain;
    return true;
  }
}

/**
 * The loudest sample of all channels, so that a loud left side does not move what is on the right.
 * @param {Float32Array[]} channels
 */
function peakOf(channels) {
  let peak = 0;
  for (let channel = 0; channel < channels.length; channel++) {
    const samples = channels[channel];
    for (let i = 0; i < samples.length; i++) {
      const level = Math.abs(samples[i]);
      if (level > peak) peak = level;
    }
  }
  return peak;
}

/**
 * The gain after a block in which nothing was too loud.
 * @param {number} gain before it
 * @param {number} length samples
 */
function risen(gain, length) {
  const taken = (1 - gain) * Math.exp(-length / (RELEASE_SECONDS * sampleRate));
  return taken < INAUDIBLE ? 1 : 1 - taken;
}

/**
 * Multiply samples with a gain that changes evenly, because a step would click.
 * @param {Float32Array} samples
 * @param {Float32Array} product
 * @param {number} from
 * @param {number} to
 */
function multiply(samples, product, from, to) {
  const step = (to - from) / samples.length;
  for (let i = 0; i < samples.length; i++) product[i] = samples[i] * (from + step * (i + 1));
}
