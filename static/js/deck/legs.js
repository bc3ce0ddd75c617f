/** How a deck plays the legs of a call beside each other. Pure. */

/** @typedef {import("../wire/messages.js").Direction} Direction */

/**
 * Do two legs carry the same voice?
 * @param {Direction} one
 * @param {Direction} other
 */
export function overlap(one, other) {
  return one === other || one === "both" || other === "both";
}
