// @ts-check
/**
 * The list of taps as a value, and the one function that changes it.
 * Pure: time comes in with each event, nothing here touches the page.
 */

import { takePackets } from "./packets.js";

export const ENDED_STAYS_MS = 20_000;
export const METERS_LATE_MS = 2_000;

/**
 * @typedef {object} Tap as the server sends it
 * @property {string} id
 * @property {string} call_id
 * @property {string} control_id
 * @property {string} agent
 * @property {string} caller
 * @property {string} caller_name
 * @property {"both" | "speak" | "listen"} direction
 * @property {string} codec
 * @property {"ws" | "rtp"} transport
 * @property {string} state requested, tapping, finished, failed or lost
 * @property {number} transitions so far: of two messages, the newer has more
 * @property {boolean} media a media connection is open now
 * @property {string | null} silent_since when it last brought audio, if it brings none
 * @property {string} requested_at
 * @property {string | null} started_at
 * @property {string | null} stop_requested_at from when on nobody new may listen
 * @property {string | null} ended_at
 * @property {string} reason
 * @property {string} end_reason
 * @property {number} listeners
 */

/**
 * @typedef {object} Level the last word of the meters about a tap
 * @property {number} rms dBFS
 * @property {number} peak dBFS
 * @property {boolean} stalled media is open, but no audio comes
 * @property {number} at when it came
 */

/**
 * @typedef {object} ListState
 * @property {"connecting" | "live" | "reconnecting" | "signed-out" | "refused"} link
 * @property {number} code the close code behind signed-out, refused or reconnecting
 * @property {number} offset server clock minus this clock, ms
 * @property {ReadonlyMap<string, Tap>} taps oldest first
 * @property {ReadonlyMap<string, Level>} levels
 * @property {ReadonlyMap<string, import("./packets.js").Packets>} packets of RTP taps
 * @property {ReadonlyMap<string, number>} leaving when an ended tap leaves the list
 */

/** @returns {ListState} */
export function emptyList() {
  return {
    link: "connecting",
    code: 0,
    offset: 0,
    taps: new Map(),
    levels: new Map(),
    packets: new Map(),
    leaving: new Map(),
  };
}

/** @param {{state: string}} tap */
export function isActive(tap) {
  return tap.state === "requested" || tap.state === "tapping";
}

/**
 * May somebody who does not hear this tap yet listen to it?
 * @param {{state: string, stop_requested_at?: string | null}} tap
 */
export function isOpen(tap) {
  return isActive(tap) && !tap.stop_requested_at;
}

/**
 * Is this message about a tap older than what is known? Another process may have
 * sent it later than it read the tap.
 * @param {{transitions: number} | null | undefined} known
 * @param {{transitions: number}} tap
 */
export function isStale(known, tap) {
  return Boolean(known && tap.transitions < known.transitions);
}

/**
 * Events: the server's messages (snapshot, tap, meters) and the page's own:
 * {type: "link", link, code}, {type: "tick", held}, {type: "dismiss", id}.
 * `held` names the rows that must not leave now.
 *
 * @param {ListState} state
 * @param {any} event
 * @param {number} now this clock, ms
 * @returns {ListState}
 */
export function reduce(state, event, now) {
  switch (event.type) {
    case "snapshot":
      return snapshot(state, event, now);
    case "tap":
      return isStale(state.taps.get(event.tap.id), event.tap) ? state : place(state, event.tap, now);
    case "meters":
      return {
        ...state,
        levels: meters(state, event.levels, now),
        packets: packets(state, event.packets, now),
      };
    case "link":
      return link(state, event);
    case "tick":
      return tidy(state, event.held, now);
    case "dismiss":
      return without(state, [event.id]);
    default:
      return state; // a newer server may say more
  }
}

/**
 * @param {ListState} state
 * @param {{now: string, taps: Tap[]}} event
 * @param {number} now
 * @returns {ListState}
 */
function snapshot(state, event, now) {
  const offset = Date.parse(event.now) - now;
  const known = new Set(event.taps.map((tap) => tap.id));
  // Taps that went while the link was down: their end was missed, so it has no reason.
  const missed = [...state.taps.values()].filter((tap) => !known.has(tap.id));
  /** @type {ListState} */
  let next = { ...state, link: "live", code: 0, offset, levels: new Map(), packets: new Map() };
  for (const tap of missed.filter(isActive)) {
    const transitions = tap.transitions + 1; // its end, of which nothing else is known
    next = place(next, { ...tap, state: "finished", transitions, media: false, end_reason: "" }, now);
  }
  for (const tap of event.taps) next = place(next, tap, now);
  return { ...next, taps: sorted(next.taps) };
}

/**
 * One tap's newest row.
 * @param {ListState} state
 * @param {Tap} tap
 * @param {number} now
 * @returns {ListState}
 */
function place(state, tap, now) {
  const unknown = !state.taps.has(tap.id);
  if (unknown && endedLongAgo(tap, now + state.offset)) return state;
  const taps = new Map(state.taps).set(tap.id, tap);
  const leaving = new Map(state.leaving);
  if (isActive(tap)) leaving.delete(tap.id);
  else if (!leaving.has(tap.id)) leaving.set(tap.id, now + ENDED_STAYS_MS);
  return { ...state, taps, leaving };
}

/**
 * @param {Tap} tap
 * @param {number} serverNow
 */
function endedLongAgo(tap, serverNow) {
  if (isActive(tap)) return false;
  return !tap.ended_at || serverNow - Date.parse(tap.ended_at) > ENDED_STAYS_MS;
}

/**
 * Oldest first, and those that are silent below all others. A new call comes at the
 * end: its row, and that of one that falls silent, takes its place with the next tick,
 * for rows must not move under the mouse.
 * @param {ReadonlyMap<string, Tap>} taps
 * @returns {ReadonlyMap<string, Tap>} the same if nothing moves
 */
function sorted(taps) {
  const key = (/** @type {Tap} */ tap) =>
    `${tap.silent_since ? 1 : 0} ${Date.parse(tap.requested_at)} ${tap.id}`;
  const keys = [...taps.values()].map(key);
  if (keys.every((one, index) => index === 0 || keys[index - 1] < one)) return taps;
  const compare = (/** @type {[string, Tap]} */ [, a], /** @type {[string, Tap]} */ [, b]) =>
    key(a) < key(b) ? -1 : 1;
  return new Map([...taps].sort(compare));
}

/**
 * @param {ListState} state
 * @param {Record<string, [number, number] | null>} levels
 * @param {number} now
 */
function meters(state, levels, now) {
  const next = new Map(state.levels);
  for (const [id, level] of Object.entries(levels)) {
    const [rms, peak] = level ?? [-96, -96];
    next.set(id, { rms, peak, stalled: level === null, at: now });
  }
  return next;
}

/**
 * Only one batch in a second has them, and none without an RTP tap.
 * @param {ListState} state
 * @param {Record<string, import("./packets.js").Figures> | undefined} counted
 * @param {number} now
 */
function packets(state, counted, now) {
  if (!counted) return state.packets;
  const next = new Map(state.packets);
  for (const [id, figures] of Object.entries(counted)) {
    next.set(id, takePackets(next.get(id), figures, now));
  }
  return next;
}

/**
 * @param {ListState} state
 * @param {{link: ListState["link"], code: number}} event
 * @returns {ListState}
 */
function link(state, event) {
  // "connecting" is the first time only; after that it is a reconnection.
  const again = event.link === "connecting" && state.link !== "connecting";
  const next = again ? "reconnecting" : event.link;
  const code = event.code || (again ? state.code : 0);
  return { ...state, link: next, code, levels: new Map(), packets: new Map() };
}

/**
 * @param {ListState} state
 * @param {ReadonlySet<string>} held
 * @param {number} now
 * @returns {ListState}
 */
function tidy(state, held, now) {
  const due = [...state.leaving].filter(([id, at]) => at <= now && !held.has(id));
  const left = due.length ? without(state, due.map(([id]) => id)) : state;
  const taps = sorted(left.taps);
  return taps === left.taps ? left : { ...left, taps };
}

/**
 * @param {ListState} state
 * @param {string[]} ids
 * @returns {ListState}
 */
function without(state, ids) {
  const taps = new Map(state.taps);
  const levels = new Map(state.levels);
  const packets = new Map(state.packets);
  const leaving = new Map(state.leaving);
  for (const id of ids) for (const map of [taps, levels, packets, leaving]) map.delete(id);
  return { ...state, taps, levels, packets, leaving };
}

/**
 * What is known of a tap's sound.
 * @param {ListState} state
 * @param {Tap} tap
 * @param {number} now
 * @returns {"none" | "live" | "stalled"}
 */
export function mediaOf(state, tap, now) {
  const level = state.levels.get(tap.id);
  if (!isActive(tap)) return "none";
  if (!level || now - level.at > METERS_LATE_MS) return "none";
  return level.stalled ? "stalled" : "live";
}

/**
 * How long a call has been, or was, tapped.
 * @param {Tap} tap
 * @param {number} serverNow
 * @returns {number | null} ms; null when it ended unseen
 */
export function elapsed(tap, serverNow) {
  const from = Date.parse(tap.started_at ?? tap.requested_at);
  if (tap.ended_at) return Math.max(0, Date.parse(tap.ended_at) - from);
  return isActive(tap) ? Math.max(0, serverNow - from) : null;
}
