/** Draws a deck's waveform on a canvas: peaks, gaps and the head. deck/waveform.js says where. */

import { edgesOf, gapsIn, xOf } from "./waveform.js";

const FULL_SCALE = 32768;

/** @typedef {import("../audio/history.js").History} History */
/** @typedef {import("./waveform.js").Strip} Strip */

/**
 * The style sheet's colours, because a canvas does not know custom properties.
 * @typedef {object} Colours
 * @property {string} heard peaks before the head
 * @property {string} ahead peaks after it
 * @property {string} gap
 * @property {string} head
 */

/** The canvas of one deck. It keeps the columns from one drawing to the next. */
export class WaveformCanvas {
  #columns = new Int16Array(0);

  /** @param {CanvasRenderingContext2D} context of a canvas that has the device's pixels */
  constructor(context) {
    this.context = context;
  }

  /**
   * Draw the legs of a call below each other. Places are counted in the first one; the times at
   * which the server received their audio say where the others are.
   * @param {[History, ...History[]]} histories
   * @param {Strip} strip
   * @param {number} head index of what is heard
   * @param {Colours} colours
   */
  draw(histories, strip, head, colours) {
    const { context } = this;
    const [reference] = histories;
    const { width, height } = context.canvas;
    const edges = edgesOf(strip);
    context.setTransform(width / strip.width, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, strip.width, height);
    for (const [row, history] of histories.entries()) {
      const band = height / histories.length; // one unit high
      context.setTransform(width / strip.width, 0, 0, band, 0, row * band);
      if (history === reference) this.#gaps(history, strip, colours.gap);
      const places = history === reference ? edges : edges.map((index) => placeIn(history, reference.timeOf(index)));
      this.#peaks(history, places, xOf(strip, head), colours);
    }
    context.setTransform(width / strip.width, 0, 0, height, 0, 0);
    context.fillStyle = colours.head;
    context.fillRect(Math.min(strip.width - 1, xOf(strip, head)), 0, 1, 1);
  }

  /**
   * @param {History} history
   * @param {Strip} strip
   * @param {string} colour
   */
  #gaps(history, strip, colour) {
    this.context.fillStyle = colour;
    for (const gap of gapsIn(history, strip)) this.context.fillRect(gap.x, 0, Math.max(1, gap.width), 1);
  }

  /**
   * @param {History} history
   * @param {Float64Array} edges
   * @param {number} head where it is on the canvas
   * @param {Colours} colours
   */
  #peaks(history, edges, head, colours) {
    const { context } = this;
    const count = edges.length - 1;
    if (this.#columns.length !== 2 * count) this.#columns = new Int16Array(2 * count);
    history.peaks(edges, this.#columns);
    context.fillStyle = colours.heard;
    for (let x = 0; x < count; x++) {
      if (x >= head) context.fillStyle = colours.ahead;
      const low = this.#columns[2 * x] ?? 0;
      const high = this.#columns[2 * x + 1] ?? 0;
      if (low <= high) this.#column(x, placeOf(high), placeOf(low));
    }
  }

  /**
   * @param {number} x
   * @param {number} top 0 to 1
   * @param {number} bottom
   */
  #column(x, top, bottom) {
    const pixel = 1 / this.context.canvas.height; // silence, too, is a line
    this.context.fillRect(x, top, 1, Math.max(pixel, bottom - top));
  }
}

/**
 * Where in another leg's History a time is.
 * @param {History} history
 * @param {number | null} ms
 */
function placeIn(history, ms) {
  return (ms === null ? null : history.indexAt(ms)) ?? history.first;
}

/**
 * How far from the top a sample is, from 0 to 1: by the root of its amplitude, because speech
 * on the telephone peaks at a tenth of full scale.
 * @param {number} sample
 */
function placeOf(sample) {
  return 0.5 - 0.5 * Math.sign(sample) * Math.sqrt(Math.abs(sample) / FULL_SCALE);
}
