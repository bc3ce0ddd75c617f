/** The strips of all legs in the list, by leg. Pure. */

import { addSecond, advance, bytesOf, emptyStrip, filledStrip } from "./strip.js";

/**
 * How many seconds after its end a second is taken as one without audio. Each process that
 * receives audio sends its bars about a second after the last ones, and the network takes its time.
 */
const BARS_LATE = 3;

/** @typedef {import("./strip.js").Strip} Strip */
/** @typedef {ReadonlyMap<string, Strip>} Strips */

/**
 * The strips that a snapshot brings. A leg whose strip the server does not have keeps the one
 * that this page has drawn.
 * @param {Strips} known
 * @param {import("../wire/messages.js").Call[]} calls
 * @returns {Strips}
 */
export function stripsOf(known, calls) {
  const next = new Map(known);
  for (const { id, strip } of calls.flatMap((call) => call.legs)) {
    if (strip) next.set(id, filledStrip(bytesOf(strip.bytes), strip.end + 1));
  }
  return next;
}

/**
 * Add the bars of one second, which one in five batches of meters has.
 * @param {Strips} known
 * @param {import("../wire/messages.js").Meters} meters
 * @returns {Strips}
 */
export function addBars(known, { levels, second, bars }) {
  if (second === undefined || bars === undefined) return known;
  const bytes = bytesOf(bars);
  const next = new Map(known);
  for (const [place, id] of Object.keys(levels).entries()) {
    next.set(id, addSecond(known.get(id) ?? emptyStrip(), second, bytes[place] ?? 0));
  }
  return next;
}

/**
 * Move all strips on to the time at which bars should have come.
 * @param {Strips} known
 * @param {number} serverNow ms
 * @returns {Strips} the same if none moves
 */
export function advanceAll(known, serverNow) {
  const end = Math.floor(serverNow / 1000) - BARS_LATE;
  const moved = [...known].filter(([, strip]) => strip.end < end);
  if (!moved.length) return known;
  const next = new Map(known);
  for (const [id, strip] of moved) next.set(id, advance(strip, end));
  return next;
}
