/**
 * Chooses what a player is sent next of a leg's History: live, each piece as it arrives; behind
 * live, a few seconds ahead of what is heard. Going back therefore never stops the History from
 * filling. Pure; places are indices of the History.
 */

import { Flag } from "../wire/frame.js";

/** Seconds of the call that the player holds for a listener who is behind: at double speed 1.5 s. */
const AHEAD_SECONDS = 3;
/** A Frame of this length is 16 kB, and at 8000 samples per second the player's ring holds 16 s. */
const PIECE_SECONDS = 1;

/** @typedef {import("./history.js").History} History */
/** @typedef {import("./history.js").Piece} Piece */

export class Feed {
  #next = /** @type {number | null} */ (null);
  #live = true;
  /** What comes next was not said directly after what was sent. */
  #apart = false;

  /** @param {History} history */
  constructor(history) {
    this.history = history;
  }

  get live() {
    return this.#live;
  }

  /** Index of what is sent next; null while that is the next live Frame. */
  get next() {
    return this.#next;
  }

  /** Has all that is held been sent? */
  get isExhausted() {
    return this.#next === null || this.#next >= this.history.end;
  }

  /**
   * Note a live Frame. The first one, and the first after a pause of the sound, is where live
   * audio begins: what is held before it is not played by itself.
   * @param {number} index of its first sample
   */
  arrived(index) {
    this.#next ??= index;
  }

  /** Begin with the next live Frame, because nothing can be heard until then. */
  await() {
    if (this.#live) this.#next = null;
  }

  /**
   * Go on from an index, behind live. Without one, go on from the next live Frame when it is due.
   * @param {number | null} index
   */
  seek(index) {
    this.#next = index;
    this.#live = false;
    this.#apart = true;
  }

  /**
   * Go live, with so much of the newest audio that the sound goes on without a pause.
   * @param {number} seconds
   * @returns {number | null} index of the first sample; null if nothing is held
   */
  goLive(seconds) {
    const { history } = this;
    this.#next = history.isEmpty ? null : Math.max(history.first, history.end - Math.round(seconds * history.rate));
    this.#live = true;
    this.#apart = false;
    return this.#next;
  }

  /** Be live from here on, because what is heard has reached live audio. */
  follow() {
    this.#live = true;
  }

  /**
   * Take what is to be sent now.
   * @param {number} head index of what is heard
   * @param {(index: number) => boolean} isDue may audio that does not follow be heard? Other legs
   *   of the call may still be before it
   * @returns {Piece[]}
   */
  take(head, isDue) {
    /** @type {Piece[]} */
    const pieces = [];
    for (let piece = this.#following(head); piece; piece = this.#following(head)) {
      const waits = !this.#live && (this.#apart || piece.flags & Flag.GAP);
      if (waits && !isDue(piece.index)) break;
      this.#apart = false;
      this.#next = piece.index + piece.pcm.length;
      pieces.push(piece);
    }
    return pieces;
  }

  /** @param {number} head */
  #following(head) {
    const { rate } = this.history;
    if (this.#next === null) return null;
    if (!this.#live && this.#next - head >= AHEAD_SECONDS * rate) return null;
    return this.history.read(this.#next, PIECE_SECONDS * rate);
  }
}
