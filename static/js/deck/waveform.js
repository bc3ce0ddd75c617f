/**
 * The geometry of a deck's waveform: which part of the call it shows, where in it something
 * is, and where a click, a drag or a key takes the listener. Pure; places on it are in CSS pixels,
 * and places in the call are indices of audio/history.js.
 */

/** A target this close to the live edge is the live edge. */
const LIVE_SECONDS = 1;
/** Marks that would be closer together than a finger or WCAG 2.5.8 allows are shown as one. */
const MARK_PIXELS = 24;
/** How much of the waveform is before the head, at least. */
const HEAD_SHARE = 0.25;

/** @typedef {import("../audio/ranges.js").Range} Range */

/**
 * @typedef {object} Sound what is held of a call; a History is one
 * @property {readonly Range[]} held oldest first
 * @property {number} end the live edge
 * @property {number} rate samples per second
 */

/**
 * @typedef {object} Strip the part of a call that is shown
 * @property {number} from index at the left edge
 * @property {number} step samples in a column of one pixel
 * @property {number} width
 */

/** @typedef {{index: number, live: boolean}} Target where to play on: live, or from an index */

/**
 * @template Mark
 * @typedef {object} MarkPlace
 * @property {number} x
 * @property {[Mark, ...Mark[]]} marks oldest first
 */

/**
 * The part to show. It ends at the live edge, but for a listener who went back further it moves
 * to where the head is. It begins at a whole column, because otherwise every peak would flicker
 * as the waveform moves.
 * @param {Sound} sound
 * @param {number} width
 * @param {number} seconds how much is shown
 * @param {number} head index of what is heard
 * @returns {Strip}
 */
export function stripOf({ end, rate }, width, seconds, head) {
  const step = Math.max(1, Math.round((seconds * rate) / width));
  const shown = step * width;
  const from = Math.min(end - shown, head - shown * HEAD_SHARE);
  return { from: Math.ceil(from / step) * step, step, width };
}

/**
 * @param {Strip} strip
 * @param {number} index
 * @returns {number} outside 0 to `width` for what is not shown
 */
export function xOf({ from, step }, index) {
  return (index - from) / step;
}

/**
 * @param {Strip} strip
 * @param {number} x
 */
export function indexAt({ from, step }, x) {
  return Math.round(from + x * step);
}

/**
 * The indices between the columns of a strip.
 * @param {Strip} strip
 * @returns {Float64Array<ArrayBuffer>}
 */
export function edgesOf({ from, step, width }) {
  return Float64Array.from({ length: Math.ceil(width) + 1 }, (_, x) => from + x * step);
}

/**
 * Where a click at x, or a drag that ends there, takes the listener.
 * @param {Sound} sound
 * @param {Strip} strip
 * @param {number} x
 * @returns {Target}
 */
export function targetAt(sound, strip, x) {
  return target(sound, indexAt(strip, x));
}

/**
 * Where a step takes the listener.
 * @param {Sound} sound
 * @param {number} head index of what is heard
 * @param {number} seconds negative to go back
 * @returns {Target}
 */
export function stepped(sound, head, seconds) {
  return target(sound, head + Math.round(seconds * sound.rate));
}

/**
 * The nearest place where audio is held: from within a gap, what follows it.
 * @param {Sound} sound
 * @param {number} index
 * @returns {Target}
 */
export function target({ held, end, rate }, index) {
  if (index >= end - LIVE_SECONDS * rate) return { index: end, live: true };
  const range = held.find(({ to }) => to > index);
  return range ? { index: Math.max(index, range.from), live: false } : { index: end, live: true };
}

/**
 * The gaps that are shown. A seam is a gap of no width.
 * @param {Sound} sound
 * @param {Strip} strip
 * @returns {{x: number, width: number}[]}
 */
export function gapsIn({ held }, strip) {
  return held
    .slice(1)
    .map(({ from }, n) => ({ x: xOf(strip, held[n]?.to ?? from), end: xOf(strip, from) }))
    .filter(({ x, end }) => end >= 0 && x <= strip.width)
    .map(({ x, end }) => ({ x, width: end - x }));
}

/**
 * Where the marks that are shown stand. Marks that are too close to one another to be clicked
 * share a place: that of the first of them.
 * @template {{index: number}} Mark
 * @param {readonly Mark[]} marks
 * @param {Strip} strip
 * @returns {MarkPlace<Mark>[]}
 */
export function marksIn(marks, strip) {
  /** @type {MarkPlace<Mark>[]} */
  const places = [];
  for (const mark of marks.toSorted((a, b) => a.index - b.index)) {
    const x = xOf(strip, mark.index);
    const last = places.at(-1);
    if (last && x - last.x < MARK_PIXELS) last.marks.push(mark);
    else places.push({ x, marks: [mark] });
  }
  // Only now: marks that leave at the left must not change what shares a place.
  return places.filter(({ x }) => x >= 0 && x <= strip.width);
}

/**
 * @typedef {object} Playback
 * @property {"live" | "behind" | "catching up"} state
 * @property {number} behind seconds from what is heard to the live edge
 * @property {number | null} liveIn seconds until the listener hears live audio, if the call goes on
 */

/**
 * How far the listener is from live, and when that will be made up. Live is what the listener
 * chose; whether live audio is heard is what the deck's light says.
 * @param {Sound} sound
 * @param {{head: number, live: boolean, speed: number}} playing
 * @returns {Playback}
 */
export function playbackOf({ end, rate }, { head, live, speed }) {
  const behind = Math.max(0, (end - head) / rate);
  if (live) return { state: "live", behind, liveIn: 0 };
  if (speed <= 1) return { state: "behind", behind, liveIn: null };
  return { state: "catching up", behind, liveIn: behind / (speed - 1) };
}
