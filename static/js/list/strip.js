/**
 * The strip of a leg: one bar for each of its last 60 seconds, which says how loud it was and
 * whether somebody spoke. The server sends a byte a second. Pure.
 *
 * A byte has the bit 128 if somebody spoke. Its other bits are 0 if no audio arrived in that
 * second; otherwise they are the level, from 127 for 0 dBFS down in steps of half a decibel.
 */

import { fraction } from "../ui/meter.js";

/** Bars in a strip, and so the seconds that it remembers. */
export const BARS = 60;

const SPOKEN = 0x80;
const LOUDEST = 0x7f;
const STEPS_PER_DB = 2;

/**
 * @typedef {object} Strip
 * @property {Uint8Array} bytes of BARS seconds, oldest first
 * @property {number} end the second after the newest one, in Unix time; 0 while there is none
 */

/**
 * @typedef {object} Bar
 * @property {boolean} audio some audio arrived in that second
 * @property {boolean} spoken
 * @property {number} height 0 to 1, as long as a meter would be
 */

/** @returns {Strip} */
export function emptyStrip() {
  return { bytes: new Uint8Array(BARS), end: 0 };
}

/**
 * The bytes in a text of base64, in which a message carries them.
 * @param {string} text
 */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * A strip out of what the server has kept.
 * @param {Uint8Array} bytes of the seconds until `end`, oldest first; there may be few or many
 * @param {number} end
 * @returns {Strip}
 */
export function filledStrip(bytes, end) {
  const newest = bytes.subarray(Math.max(0, bytes.length - BARS));
  const strip = { bytes: new Uint8Array(BARS), end };
  strip.bytes.set(newest, BARS - newest.length);
  return strip;
}

/**
 * Add a second. Seconds that were skipped had no audio. When one connection takes over from
 * another, both tell of the same second, and the one that had audio counts; news about older
 * seconds come too late.
 * @param {Strip} strip
 * @param {number} second Unix time
 * @param {number} byte
 * @returns {Strip} the same if nothing changes
 */
export function addSecond(strip, second, byte) {
  if (second < strip.end - 1) return strip;
  const next = advance(strip, second + 1);
  const last = BARS - 1;
  if (!byte || next.bytes[last] === byte) return next;
  const bytes = next === strip ? strip.bytes.slice() : next.bytes;
  bytes[last] = byte;
  return { bytes, end: second + 1 };
}

/**
 * Move a strip on, because time passes even where nothing is sent.
 * @param {Strip} strip
 * @param {number} end
 * @returns {Strip} the same if it has come that far
 */
export function advance(strip, end) {
  const passed = end - strip.end;
  return passed > 0 ? filledStrip(joined(strip.bytes, Math.min(passed, BARS)), end) : strip;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} silent how many seconds without audio follow
 */
function joined(bytes, silent) {
  const all = new Uint8Array(bytes.length + silent);
  all.set(bytes);
  return all;
}

/** All bars, oldest first. @param {Strip} strip */
export function bars(strip) {
  return Array.from(strip.bytes, barOf);
}

/**
 * How many of the strip's seconds had audio, and in how many of those somebody spoke: the strip
 * for people who cannot see it.
 * @param {Strip} strip
 */
export function talk(strip) {
  const known = bars(strip).filter((bar) => bar.audio);
  return { seconds: known.length, spoken: known.filter((bar) => bar.spoken).length };
}

/**
 * @param {number} byte
 * @returns {Bar}
 */
function barOf(byte) {
  const level = byte & LOUDEST;
  const audio = level > 0;
  const height = audio ? fraction((level - LOUDEST) / STEPS_PER_DB) : 0;
  return { audio, spoken: audio && (byte & SPOKEN) > 0, height };
}
