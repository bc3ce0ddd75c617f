/**
 * When audio was received. Positions count samples and stand still while no audio arrives, so
 * only a list of moments tells at which sample something happened.
 */

const APART_SECONDS = 1;
/** A Frame that arrives this much earlier or later than the last moment says is one of its own. */
const OFF_MS = 250;

/** @typedef {{index: number, ms: number}} Moment by the server's clock */

export class Moments {
  /** @type {Moment[]} by index */
  #list = [];

  /** @param {number} rate samples per second */
  constructor(rate) {
    this.rate = rate;
  }

  /**
   * @param {number} index after the newest sample that was received by then
   * @param {number} ms Unix time
   */
  add(index, ms) {
    const list = this.#list;
    let place = list.length;
    while (place > 0 && (list[place - 1]?.index ?? 0) > index) place--;
    const before = list[place - 1];
    if (before && index - before.index < APART_SECONDS * this.rate) {
      if (Math.abs(this.#from(before, index) - ms) < OFF_MS) return;
    }
    list.splice(place, 0, { index, ms });
  }

  /** @param {number} index what is before it is dropped, but for the last moment */
  drop(index) {
    while ((this.#list[1]?.index ?? Infinity) <= index) this.#list.shift();
  }

  /**
   * When a sample was received.
   * @param {number} index
   * @returns {number | null}
   */
  timeOf(index) {
    const moment = this.#list[Math.max(0, this.#last((one) => one.index <= index))];
    return moment ? this.#from(moment, index) : null;
  }

  /**
   * The sample that was the newest at a time.
   * @param {number} ms
   * @returns {number | null} null before the first moment
   */
  indexAt(ms) {
    const place = this.#last((one) => one.ms <= ms);
    const moment = this.#list[place];
    if (!moment) return null;
    const index = moment.index + Math.round(((ms - moment.ms) * this.rate) / 1000);
    return Math.min(index, this.#list[place + 1]?.index ?? index);
  }

  /**
   * The place of the last moment that is early enough, by bisection: a waveform asks for hundreds.
   * @param {(moment: Moment) => boolean} isEarly
   * @returns {number} −1 if none is
   */
  #last(isEarly) {
    let [low, high] = [0, this.#list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const moment = this.#list[middle];
      if (moment && isEarly(moment)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * @param {Moment} moment
   * @param {number} index
   */
  #from(moment, index) {
    return moment.ms + ((index - moment.index) * 1000) / this.rate;
  }
}
