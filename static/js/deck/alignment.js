/**
 * Lets the legs of a call be heard together: what the server received at the same time is played at
 * the same time. The leg whose audio must wait longest decides for all. Pure.
 */

/**
 * How the live audio of a leg arrives.
 * @typedef {object} Arriving
 * @property {number} targetMs how long it must wait to be played without a pause, if it arrives early
 * @property {number} onTheWayMs how long it takes from the server at the least; NaN before any audio.
 *   A constant that is the same for all legs may be missing
 */

/** No leg waits longer, because the worklet's ring holds 16 s. */
const LONGEST_MS = 9000;

/**
 * The playout delay of each leg, in ms: how long its audio waits in the player.
 * @template {Arriving} Leg
 * @param {readonly Leg[]} legs
 * @param {(leg: Leg) => boolean} [decides] may others wait for this leg? One whose audio has
 *   stopped waits with them once it is back, but holds nobody up until then
 */
export function playoutDelays(legs, decides = () => true) {
  const known = legs.filter((leg) => Number.isFinite(leg.onTheWayMs));
  const latest = Math.max(...known.filter(decides).map((leg) => leg.onTheWayMs + leg.targetMs));
  return legs.map((leg) => (known.includes(leg) && latest > -Infinity ? playoutDelay(leg, latest) : leg.targetMs));
}

/**
 * @param {Arriving} leg
 * @param {number} latest when the leg that takes longest is played, as onTheWayMs counts
 */
function playoutDelay({ onTheWayMs, targetMs }, latest) {
  return Math.min(LONGEST_MS, Math.max(targetMs, latest - onTheWayMs));
}
