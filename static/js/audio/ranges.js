/**
 * Which samples are held: ranges in order that do not overlap. Two ranges touch only at a
 * seam, where audio of unknown length is missing.
 */

/**
 * @typedef {object} Range
 * @property {number} from index of the first sample
 * @property {number} to index after the last one
 * @property {boolean} seam what comes before the range is not what was said before it
 */

export class Ranges {
  /** @type {Range[]} */
  #list = [];

  /** @returns {readonly Range[]} */
  get list() {
    return this.#list;
  }

  /**
   * Add a range, and join it with what it overlaps or continues.
   * @param {number} from
   * @param {number} to greater than `from`
   * @param {boolean} seam
   */
  add(from, to, seam) {
    const list = this.#list;
    let first = this.#firstEnding(from);
    if (seam && list[first]?.to === from) first++;
    /** @type {Range} */
    let joined = { from, to, seam };
    let last = first;
    for (let range = list[last]; range && continues(range, joined.to); range = list[++last]) {
      joined = union(range, joined);
    }
    list.splice(first, last - first, joined);
  }

  /**
   * Remove all before an index.
   * @param {number} index
   */
  drop(index) {
    const kept = this.#firstEnding(index + 1);
    if (kept > 0) this.#list.splice(0, kept);
    const first = this.#list[0];
    if (first && first.from < index) this.#list[0] = { from: index, to: first.to, seam: false };
  }

  /**
   * The range that holds an index, or else the next one.
   * @param {number} index
   * @returns {Range | undefined} undefined if nothing is held from there on
   */
  holding(index) {
    return this.#list[this.#firstEnding(index + 1)];
  }

  /**
   * The number of the first range whose end is at an index or after it.
   * @param {number} index
   */
  #firstEnding(index) {
    let [low, high] = [0, this.#list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle]?.to ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Does a range begin before an end, or go on there without a seam?
 * @param {Range} range
 * @param {number} end
 */
function continues(range, end) {
  return range.from < end || (range.from === end && !range.seam);
}

/**
 * @param {Range} range
 * @param {Range} other
 * @returns {Range}
 */
function union(range, other) {
  const [first, second] = range.from <= other.from ? [range, other] : [other, range];
  const seam = first.seam || (first.from === second.from && second.seam);
  return { from: first.from, to: Math.max(range.to, other.to), seam };
}
