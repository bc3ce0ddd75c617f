/**
 * The server's clock, as far as questions and answers over a socket tell. Pure.
 *
 * An answer was made at some moment between the question and its arrival, so the middle is wrong
 * by half of that time at most. The fastest of the last answers is therefore the best one.
 */

/** Of eight answers, which are 80 s of them, one is nearly always fast; and clocks drift by less than 10 ms in that time. */
const KEPT = 8;

/**
 * One question and its answer.
 * @typedef {object} Exchange
 * @property {number} offset the server's clock minus this one, ms
 * @property {number} took ms between the question and its answer
 */

/**
 * Add an answer to those that are known.
 * @param {readonly Exchange[]} known
 * @param {{sent: number, now: number}} answer of the server, to what was sent
 * @param {number} received when it arrived, by the clock that `sent` was read from
 * @returns {readonly Exchange[]} the newest last
 */
export function exchanged(known, { sent, now }, received) {
  const took = received - sent;
  if (!(took >= 0)) return known; // not an answer to a question of ours
  return [...known, { offset: now - (sent + received) / 2, took }].slice(-KEPT);
}

/**
 * The server's clock minus this one.
 * @param {readonly Exchange[]} known
 * @returns {number | null} ms; null before the first answer
 */
export function offsetOf(known) {
  if (!known.length) return null;
  return known.reduce((best, one) => (one.took < best.took ? one : best)).offset;
}
