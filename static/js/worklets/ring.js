/**
 * The player's ring: the samples that were pushed, with the position of each, and where nobody
 * speaks among them. Places count samples and never wrap; their low bits are the place in memory.
 *
 * Nothing here allocates after the constructor.
 */

export const FADE_SECONDS = 0.005; // wherever the sound begins, ends or is cut
const GAP = 1; // Flag.GAP of frame.js
/** Samples below this part of how loud the call is are silence: 26 dB less than its speech. */
const SILENT_PART = 0.05;
const INAUDIBLE = 0.0008; // -62 dBFS
const LOUDNESS_PER_SECOND = 0.1; // what of the loudness is forgotten

export class Ring {
  written = 0; // the place after the newest sample
  latest = 0; // samples in the newest piece
  rate = 8000; // samples per second
  fade = 0; // samples
  #nextPosition = -1;
  #fadeIn = 0; // samples that are still to be faded in as they are written
  #loudness = 0; // RMS of the loudest piece, 1 is full scale

  /**
   * @param {number} size a power of two
   * @param {number} rate samples per second
   */
  constructor(size, rate) {
    this.samples = new Float32Array(size);
    this.positions = new Uint32Array(size);
    this.mask = size - 1;
    this.restart(rate);
  }

  /**
   * Hold nothing.
   * @param {number} rate samples per second from now on
   */
  restart(rate) {
    this.rate = rate;
    this.fade = Math.round(FADE_SECONDS * rate);
    this.samples.fill(0);
    this.written = this.latest = this.#fadeIn = this.#loudness = 0;
    this.leave();
  }

  /** Take what comes next without a fade, because it is played elsewhere. */
  leave() {
    this.#nextPosition = -1;
  }

  /**
   * Is audio missing before a piece?
   * @param {number} position of its first sample
   * @param {number} flags
   */
  misses(position, flags) {
    return this.#nextPosition >= 0 && ((flags & GAP) !== 0 || position !== this.#nextPosition);
  }

  /**
   * Hold a piece. A ring that overflows, because the page's audio was suspended, loses its oldest
   * samples.
   * @param {Int16Array} pcm
   * @param {number} position
   */
  push(pcm, position) {
    let energy = 0;
    for (let i = 0; i < pcm.length; i++) {
      let value = pcm[i] / 32768;
      energy += value * value;
      if (this.#fadeIn > 0) value *= 1 - this.#fadeIn-- / this.fade;
      const place = (this.written + i) & this.mask;
      this.samples[place] = value;
      this.positions[place] = position + i;
    }
    this.written += pcm.length;
    this.latest = pcm.length;
    this.#nextPosition = (position + pcm.length) >>> 0;
    const kept = 1 - Math.min(1, (LOUDNESS_PER_SECOND * pcm.length) / this.rate);
    this.#loudness = Math.max(this.#loudness * kept, Math.sqrt(energy / Math.max(1, pcm.length)));
  }

  /**
   * Fade out and in again, because the next sample does not follow the last one.
   * @param {number} place the newest that was played
   */
  cut(place) {
    const tail = Math.min(this.fade, this.written - place);
    for (let i = 0; i < tail; i++) {
      this.samples[(this.written - 1 - i) & this.mask] *= i / tail;
    }
    this.#fadeIn = this.fade;
  }

  /**
   * How many samples beside a place are silence.
   * @param {number} place
   * @param {number} most how many to look at: after the place or, if it is negative, before it
   */
  silence(place, most) {
    const loud = Math.max(INAUDIBLE, SILENT_PART * this.#loudness);
    const way = Math.sign(most);
    const first = way > 0 ? place : place - 1;
    for (let count = 0; count < Math.abs(most); count++) {
      const at = first + way * count;
      if (at >= this.written || at < 0 || Math.abs(this.samples[at & this.mask]) > loud) return count;
    }
    return Math.abs(most);
  }
}
