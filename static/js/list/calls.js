/** What the pages conclude from a call, its legs and their levels. Pure. */

const METERS_LATE_MS = 2_000;
/** The order in which a call's legs are preferred and shown: both sides together come first. */
const DIRECTIONS = ["both", "speak", "listen"];

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").Leg} Leg */
/** @typedef {import("../wire/messages.js").Talk} Talk */
/** @typedef {"none" | "live" | "stalled"} Media what the meters say about sound */

/**
 * @typedef {object} Level what the meters last said about a leg
 * @property {number} rms dBFS
 * @property {number} peak dBFS
 * @property {boolean} stalled media is open, but no audio arrives
 * @property {number} at when that arrived
 */

/**
 * Does a leg go on, or one of a call's?
 * @param {{state: string}} one
 */
export function isTapped(one) {
  return one.state === "requested" || one.state === "tapping";
}

/**
 * Does a call go on, tapped or not?
 * @param {Call} call
 */
export function goesOn(call) {
  return !call.over;
}

/**
 * The legs of a call that go on, one for each direction and the newest of each.
 * @param {Call} call
 * @returns {Leg[]}
 */
export function activeLegs(call) {
  return newestOfEach(call.legs.filter(isTapped));
}

/**
 * The legs whose sound a row shows. A call that is over keeps its last ones, so that its row
 * stays as high as it was.
 * @param {Call} call
 * @returns {Leg[]}
 */
export function shownLegs(call) {
  return call.over ? newestOfEach(call.legs) : activeLegs(call);
}

/** @param {Leg[]} legs oldest first */
function newestOfEach(legs) {
  const newest = new Map(legs.map((leg) => [leg.direction, leg]));
  return [...newest.values()].sort((a, b) => DIRECTIONS.indexOf(a.direction) - DIRECTIONS.indexOf(b.direction));
}

/**
 * The legs that a new listener hears: the caller's and the agent's where both are tapped apart,
 * else both sides together, else the one that there is. Both sides and one of them together
 * would double that one.
 * @param {Call} call
 * @returns {Leg[]} empty if none takes a listener
 */
export function playedLegs(call) {
  const open = activeLegs(call).filter((leg) => !leg.stop_requested_at);
  const both = open.filter((leg) => leg.direction === "both");
  const apart = open.filter((leg) => leg.direction !== "both");
  return apart.length === 2 || !both.length ? apart : both;
}

/**
 * May nobody hear a call that is tapped, because its parties were not told?
 * @param {Call} call
 */
export function lacksNotice(call) {
  const legs = playedLegs(call);
  return call.needs_notice && legs.length > 0 && legs.every((leg) => !leg.notice);
}

/**
 * Is this message about a call older than what is known? That happens because processes
 * read a call first and send it later.
 * @param {Call | undefined} known
 * @param {Call} call
 */
export function isStale(known, call) {
  return known !== undefined && call.version < known.version;
}

/**
 * What the meters say about a leg's sound.
 * @param {ReadonlyMap<string, Level>} levels
 * @param {Leg} leg
 * @param {number} now
 * @returns {Media}
 */
export function mediaOf(levels, leg, now) {
  const level = levels.get(leg.id);
  if (!isTapped(leg) || !level || now - level.at > METERS_LATE_MS) return "none";
  return level.stalled ? "stalled" : "live";
}

/**
 * What the meters say about a call's sound: it is live if one leg's is.
 * @param {ReadonlyMap<string, Level>} levels
 * @param {Call} call
 * @param {number} now
 * @returns {Media}
 */
export function mediaOfCall(levels, call, now) {
  const found = new Set(call.legs.map((leg) => mediaOf(levels, leg, now)));
  if (found.has("live")) return "live";
  return found.has("stalled") ? "stalled" : "none";
}

/**
 * Since when no leg of a live call has brought audio.
 * @param {Call} call
 * @returns {string | null} null while one brings some, or before the first does
 */
export function silentSince(call) {
  const tapping = call.legs.filter((leg) => leg.state === "tapping");
  const since = tapping.map((leg) => leg.silent_since);
  if (!since.length || since.includes(null)) return null;
  return since.reduce((last, one) => (Date.parse(String(one)) > Date.parse(String(last)) ? one : last));
}

/**
 * How long a call has gone on, as far as it is known, or had gone on when it ended.
 * @param {{over: boolean, requested_at: string, started_at: string | null, ended_at: string | null}} call
 * @param {number} serverNow
 * @returns {number | null} ms; null if its end was missed
 */
export function elapsed({ over, requested_at, started_at, ended_at }, serverNow) {
  const from = Date.parse(started_at ?? requested_at);
  if (ended_at) return Math.max(0, Date.parse(ended_at) - from);
  return over ? null : Math.max(0, serverNow - from);
}

/**
 * A call whose end was missed: nothing else is known of it.
 * @param {Call} call
 * @returns {Call}
 */
export function endedUnseen(call) {
  const legs = call.legs.map((leg) => (isTapped(leg) ? { ...leg, state: /** @type {const} */ ("finished"), media: false } : leg));
  return { ...call, version: call.version + 1, state: "finished", over: true, legs, listeners: [] };
}

/**
 * The newer of two reports of a call's talk. A call may be read from the database first and told
 * later than its talk.
 * @param {Talk | null | undefined} known
 * @param {Talk | null | undefined} told
 * @returns {Talk | null}
 */
export function newerTalk(known, told) {
  if (!known || !told) return known ?? told ?? null;
  return saidBy(told) < saidBy(known) ? known : told;
}

/** @param {Talk} talk */
function saidBy({ speak, listen }) {
  return speak.seconds + listen.seconds;
}
