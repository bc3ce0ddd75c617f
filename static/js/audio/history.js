/**
 * What a page holds of a call's sound, so that the listener can go back in it: the last half
 * hour, as it was sent. It fills whatever is played, and its memory is bounded.
 *
 * Samples have an index: their position, counted on where the 32 bits of a position wrap.
 * Audio may arrive in any order, because the server's ring is sent after live audio has begun.
 *
 * At 8000 samples a second a minute takes 0.99 MB, and half an hour 29.9 MB: 28.9 MB of 16-bit
 * samples and 1.0 MB of peaks. Blocks are allocated as the call gets longer. G.711 would halve
 * that, but concealed samples are none of its values, and a page does not know for sure which
 * of its two laws a call has.
 */

import { Flag } from "../wire/frame.js";
import { SAMPLE_RATE } from "../wire/protocol.js";
import { Moments } from "./moments.js";
import { Extremes, levelFor, PEAKS_ALIGNED, Peaks } from "./peaks.js";
import { Ranges } from "./ranges.js";

export const KEPT_SECONDS = 1800;
const BLOCK = 8 * PEAKS_ALIGNED; // samples: 4 s at 8000 a second

/** @typedef {import("./ranges.js").Range} Range */
/** @typedef {Omit<import("../wire/frame.js").Frame, "version" | "leg">} TimedAudio */

/**
 * @typedef {object} Piece audio that is held without a gap
 * @property {number} index of the first sample
 * @property {number} position the same, as 32 bits
 * @property {Int16Array<ArrayBuffer>} pcm a copy
 * @property {number} flags Flag.GAP if it does not follow what was asked for
 */

/** Samples that lie together in memory, and their peaks. */
class Block {
  pcm = new Int16Array(BLOCK);
  peaks = new Peaks(BLOCK);
}

/** @param {number} index */
function blockOf(index) {
  return Math.floor(index / BLOCK);
}

export class History {
  /** @type {Map<number, Block>} by the number of the block */
  #blocks = new Map();
  #ranges = new Ranges();
  #end = 0;
  #moments;

  /**
   * @param {object} [options]
   * @param {number} [options.rate] samples per second
   * @param {number} [options.seconds] how much is kept before the newest sample
   */
  constructor({ rate = SAMPLE_RATE, seconds = KEPT_SECONDS } = {}) {
    this.rate = rate;
    this.capacity = seconds * rate;
    this.#moments = new Moments(rate);
  }

  get isEmpty() {
    return this.#ranges.list.length === 0;
  }

  /** Index of the oldest sample that is held. */
  get first() {
    return this.#ranges.list[0]?.from ?? 0;
  }

  /** Whether the first sample of all is held, which has the position 0. */
  get holdsBeginning() {
    return !this.isEmpty && this.first === 0;
  }

  /** Index after the newest sample: the live edge. */
  get end() {
    return this.#end;
  }

  /** What is held, oldest first. Between two ranges lies a gap, or at least a seam. */
  get held() {
    return this.#ranges.list;
  }

  /** @param {number} seconds how much to keep from now on */
  keep(seconds) {
    this.capacity = seconds * this.rate;
    if (!this.isEmpty) this.#drop(this.#end - this.capacity);
  }

  /** How much memory the audio takes. */
  get bytes() {
    let sum = 0;
    for (const { pcm, peaks } of this.#blocks.values()) sum += pcm.byteLength + peaks.bytes;
    return sum;
  }

  /**
   * The index of a position, which is less than 2^31 samples from the newest one: 74 hours.
   * @param {number} position
   */
  indexOf(position) {
    return this.isEmpty ? position : this.#end + ((position - this.#end) | 0);
  }

  /**
   * When the server received a sample, in Unix ms.
   * @param {number} index
   * @returns {number | null} null while nothing is held
   */
  timeOf(index) {
    return this.#moments.timeOf(index);
  }

  /**
   * What the server had just received at a time.
   * @param {number} ms Unix time
   * @returns {number | null} null if that was before the oldest sample
   */
  indexAt(ms) {
    const index = this.#moments.indexAt(ms);
    return index === null ? null : Math.min(index, this.#end);
  }

  /**
   * Keep a Frame's audio. What is older than the oldest that may be kept is ignored, and what
   * was held before is replaced.
   * @param {TimedAudio} frame its samples are copied
   * @returns {number} the index of its first sample
   */
  put({ pcm, position, flags, receivedAt }) {
    const from = this.indexOf(position);
    const to = from + pcm.length;
    this.#end = this.isEmpty ? to : Math.max(this.#end, to);
    const oldest = this.#end - this.capacity;
    const kept = Math.max(from, oldest);
    if (kept >= to) return from;
    this.#write(kept, pcm.subarray(kept - from));
    this.#ranges.add(kept, to, (flags & Flag.GAP) !== 0);
    this.#time(kept, to, { flags, receivedAt });
    this.#drop(oldest);
    return from;
  }

  /**
   * Make silence of what the server had received from a time on.
   * @param {number} ms Unix time
   */
  silence(ms) {
    if (this.isEmpty) return;
    const from = Math.max(this.first, this.indexAt(ms) ?? this.first);
    if (from < this.#end) this.#write(from, new Int16Array(this.#end - from));
  }

  /**
   * The audio from an index on, which jumps over a gap.
   * @param {number} index
   * @param {number} most how many samples
   * @returns {Piece | null} null at the live edge
   */
  read(index, most) {
    const range = this.#ranges.holding(index);
    if (!range) return null;
    const from = Math.max(index, range.from);
    const pcm = new Int16Array(Math.min(most, range.to - from));
    this.#each(from, from + pcm.length, (block, start, end, at) => {
      pcm.set(block.pcm.subarray(start, end), at - from);
    });
    const follows = from === index && !(range.seam && from === range.from);
    return { index: from, position: from >>> 0, pcm, flags: follows ? 0 : Flag.GAP };
  }

  /**
   * The lowest and the highest sample of each column of a waveform.
   * @param {Float64Array} edges indices between which the columns lie: one more than there are columns
   * @param {Int16Array} columns low and high of each in turn; a low above its high says that
   *   nothing is held there
   */
  peaks(edges, columns) {
    const count = edges.length - 1;
    const level = levelFor(((edges[count] ?? 0) - (edges[0] ?? 0)) / count);
    const extremes = new Extremes();
    /** @param {Block} block @param {number} start @param {number} end */
    const widen = ({ peaks }, start, end) => peaks.widen(level, start, end, extremes);
    for (let column = 0; column < count; column++) {
      const left = Math.max(Math.floor(edges[column] ?? 0), this.first);
      const right = Math.min(Math.floor(edges[column + 1] ?? 0), this.#end);
      extremes.clear();
      this.#each(left, right, widen);
      columns[2 * column] = extremes.isEmpty ? 1 : extremes.low;
      columns[2 * column + 1] = extremes.isEmpty ? 0 : extremes.high;
    }
  }

  /**
   * Note when audio was received. What comes after a pause began at its end.
   * @param {number} from
   * @param {number} to
   * @param {Pick<TimedAudio, "flags" | "receivedAt">} frame
   */
  #time(from, to, { flags, receivedAt }) {
    const ms = Number(receivedAt / 1000n);
    if (flags & Flag.GAP) this.#moments.add(from, ms - ((to - from) * 1000) / this.rate);
    this.#moments.add(to, ms);
  }

  /**
   * @param {number} from
   * @param {Int16Array} pcm
   */
  #write(from, pcm) {
    for (let number = blockOf(from); number * BLOCK < from + pcm.length; number++) {
      if (!this.#blocks.has(number)) this.#blocks.set(number, new Block());
    }
    this.#each(from, from + pcm.length, (block, start, end, at) => {
      const part = pcm.subarray(at - from, at - from + end - start);
      block.pcm.set(part, start);
      block.peaks.add(part, start);
    });
  }

  /**
   * Visit the blocks that hold [from, to), with the places in each and the index of the first.
   * @param {number} from
   * @param {number} to
   * @param {(block: Block, start: number, end: number, index: number) => void} visit
   */
  #each(from, to, visit) {
    for (let at = from; at < to; ) {
      const number = blockOf(at);
      const base = number * BLOCK;
      const end = Math.min(to, base + BLOCK);
      const block = this.#blocks.get(number);
      if (block) visit(block, at - base, end - base, at);
      at = end;
    }
  }

  /**
   * Forget what is older than an index.
   * @param {number} oldest
   */
  #drop(oldest) {
    if (this.first < oldest) this.#ranges.drop(oldest);
    for (const number of this.#blocks.keys()) {
      if ((number + 1) * BLOCK <= oldest) this.#blocks.delete(number);
    }
    this.#moments.drop(oldest);
  }
}
