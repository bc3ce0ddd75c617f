/**
 * A slice of work: what one frame of the screen spends on rows. It is measured in time and not in
 * rows, because a slow or busy machine takes ten times as long for each. Pure: the clock is given.
 */

const SLICE_MS = 8;

/** @typedef {() => number} Clock ms */

export class Slice {
  #begun = false;
  #owed = 0;

  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    this.end = clock() + SLICE_MS;
  }

  /**
   * Is there time for another step? The first step is always taken, or work that follows
   * something slow would never be done.
   * @param {number} [later] ms that the step costs when the frame is drawn, where no clock is read
   */
  next(later = 0) {
    const first = !this.#begun;
    const fits = first || this.clock() + this.#owed < this.end;
    this.#begun = true;
    this.#owed += later;
    return fits;
  }
}
