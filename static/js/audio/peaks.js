/**
 * The lowest and the highest sample of each stretch of audio, so that a waveform of any length
 * is drawn without looking at the samples.
 */

/** Samples in a bin of each level. At 8000 a second these are 8 ms, 64 ms and half a second. */
const BINS = /** @type {const} */ ([64, 512, 4096]);
/** Every level divides it, so that no bin lies across two blocks of this many samples. */
export const PEAKS_ALIGNED = 4096;

const NO_LOW = 32767;
const NO_HIGH = -32768;

/** The lowest and the highest of some samples, or of none. */
export class Extremes {
  low = NO_LOW;
  high = NO_HIGH;

  clear() {
    this.low = NO_LOW;
    this.high = NO_HIGH;
  }

  get isEmpty() {
    return this.low > this.high;
  }
}

/**
 * The number of the level for a waveform: the widest one whose bins fit into a column.
 * @param {number} samples in a column
 */
export function levelFor(samples) {
  return Math.max(0, BINS.findLastIndex((size) => size <= samples));
}

/** The bins of one width. */
class Level {
  /**
   * @param {number} size samples in a bin
   * @param {number} samples in all bins
   */
  constructor(size, samples) {
    this.size = size;
    this.low = new Int16Array(samples / size).fill(NO_LOW);
    this.high = new Int16Array(samples / size).fill(NO_HIGH);
  }

  /**
   * @param {number} sample the place of the sample
   * @param {number} low
   * @param {number} high
   */
  add(sample, low, high) {
    const bin = Math.floor(sample / this.size);
    if (low < (this.low[bin] ?? NO_LOW)) this.low[bin] = low;
    if (high > (this.high[bin] ?? NO_HIGH)) this.high[bin] = high;
  }

  /**
   * Widen extremes by the bins that begin in [from, to), or by the one that holds `from`.
   * @param {number} from
   * @param {number} to
   * @param {Extremes} extremes
   */
  widen(from, to, extremes) {
    const first = Math.floor(from / this.size);
    const end = Math.max(first + 1, Math.floor(to / this.size));
    for (let bin = first; bin < end; bin++) {
      extremes.low = Math.min(extremes.low, this.low[bin] ?? NO_LOW);
      extremes.high = Math.max(extremes.high, this.high[bin] ?? NO_HIGH);
    }
  }
}

/** The peaks of one block of samples. */
export class Peaks {
  #levels;

  /** @param {number} samples a multiple of PEAKS_ALIGNED */
  constructor(samples) {
    this.#levels = BINS.map((size) => new Level(size, samples));
  }

  get bytes() {
    return this.#levels.reduce((sum, { low, high }) => sum + low.byteLength + high.byteLength, 0);
  }

  /**
   * Take note of samples, each of which is looked at once for all levels.
   * @param {Int16Array} pcm
   * @param {number} at the place of the first one
   */
  add(pcm, at) {
    const { size } = /** @type {Level} */ (this.#levels[0]);
    for (let from = 0; from < pcm.length; ) {
      const to = Math.min(pcm.length, from + size - ((at + from) % size));
      let [low, high] = [NO_LOW, NO_HIGH];
      for (let i = from; i < to; i++) {
        const value = pcm[i] ?? 0;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      for (const level of this.#levels) level.add(at + from, low, high);
      from = to;
    }
  }

  /**
   * Widen extremes by those of the samples in [from, to), exact to a bin of the level.
   * @param {number} level
   * @param {number} from
   * @param {number} to
   * @param {Extremes} extremes
   */
  widen(level, from, to, extremes) {
    this.#levels[level]?.widen(from, to, extremes);
  }
}
