/**
 * The list of calls as a value, and the one function that changes it.
 * Pure: the time is given with each event, and nothing here touches the page.
 */

import { FLOOR_DB } from "../audio/level.js";
import { endedUnseen, goesOn, isStale, newerTalk } from "./calls.js";
import { takePackets } from "./packets.js";
import { addBars, advanceAll, stripsOf } from "./strips.js";

const ENDED_STAYS_MS = 30_000;

/** @typedef {import("../wire/messages.js").Call} Call */

/** @typedef {import("./calls.js").Level} Level */

/**
 * @typedef {object} ListState
 * @property {"connecting" | "live" | "reconnecting" | "signed-out" | "refused"} link
 * @property {number} code the close code that led to signed-out, refused or reconnecting
 * @property {number} offset server clock minus this clock, ms
 * @property {boolean} watched somebody looks for conditions: without that, no call has attention
 * @property {ReadonlyMap<string, Call>} calls in no order
 * @property {ReadonlyMap<string, Level>} levels by leg
 * @property {ReadonlyMap<string, import("./packets.js").Packets>} packets by leg, of those over RTP
 * @property {import("./strips.js").Strips} strips by leg
 * @property {ReadonlyMap<string, import("../wire/messages.js").Talk>} talks by call, of those whose parties are tapped apart
 * @property {ReadonlyMap<string, number>} leaving when an ended call leaves the list
 */

/** @typedef {{type: "link", link: ListState["link"], code: number}} LinkChange */
/** @typedef {{type: "tick", held: ReadonlySet<string>}} Tick rows that are held must not leave yet */
/** @typedef {{type: "dismiss", id: string}} Dismissal */
/** @typedef {import("../wire/messages.js").ConsoleMessage | LinkChange | Tick | Dismissal} ListEvent */

/** @returns {ListState} */
export function emptyList() {
  return {
    link: "connecting",
    code: 0,
    offset: 0,
    watched: false,
    calls: new Map(),
    levels: new Map(),
    packets: new Map(),
    strips: new Map(),
    talks: new Map(),
    leaving: new Map(),
  };
}

/**
 * The list after an event, which is a message of the server or the page's own.
 * @param {ListState} state
 * @param {ListEvent} event
 * @param {number} now this clock, ms
 * @returns {ListState}
 */
export function reduce(state, event, now) {
  switch (event.type) {
    case "snapshot":
      return snapshot(state, event, now);
    case "call":
      return isStale(state.calls.get(event.call.id), event.call) ? state : place(state, [event.call], now);
    case "meters":
      return {
        ...state,
        levels: takeLevels(state, event.levels, now),
        packets: takeFigures(state, event.packets, now),
        strips: addBars(state.strips, event),
      };
    case "talk":
      return { ...state, talks: takeTalks(state, Object.entries(event.calls)) };
    case "other_calls":
      return { ...emptyList(), link: state.link, offset: state.offset };
    case "attention":
      return { ...state, watched: event.watched };
    case "link":
      return link(state, event);
    case "tick":
      return tidy(state, event.held, now);
    case "dismiss":
      return without(state, [event.id]);
    default:
      return state; // a newer server may send other messages
  }
}

/**
 * @param {ListState} state
 * @param {import("../wire/messages.js").Snapshot} event
 * @param {number} now
 * @returns {ListState}
 */
function snapshot(state, event, now) {
  const offset = Date.parse(event.now) - now;
  const known = new Set(event.calls.map((call) => call.id));
  // These calls ended while the connection was down, so the reason for their end was missed.
  const missed = [...state.calls.values()].filter((call) => !known.has(call.id) && goesOn(call));
  const strips = stripsOf(state.strips, event.calls);
  const next = { ...state, offset, strips, watched: event.attention_watched ?? false, levels: new Map(), packets: new Map() };
  return place({ ...next, link: "live", code: 0 }, [...missed.map(endedUnseen), ...event.calls], now);
}

/**
 * Put the newest descriptions of calls in their places.
 * @param {ListState} state
 * @param {Call[]} changed
 * @param {number} now
 * @returns {ListState}
 */
function place(state, changed, now) {
  const calls = new Map(state.calls);
  const leaving = new Map(state.leaving);
  for (const told of changed) {
    // While servers are updated one after another, an older one may still describe this call.
    const call = { ...told, attention: told.attention ?? [] };
    if (!calls.has(call.id) && endedLongAgo(call, now + state.offset)) continue;
    calls.set(call.id, call);
    if (goesOn(call)) leaving.delete(call.id);
    else if (!leaving.has(call.id)) leaving.set(call.id, now + ENDED_STAYS_MS);
  }
  return { ...state, calls, leaving, talks: takeTalks({ ...state, calls }, changed.map(({ id, talk }) => [id, talk])) };
}

/**
 * Take what was told of calls' talk. It is kept beside the calls: no row shows it, and a call that is
 * described anew would be drawn again.
 * @param {ListState} state
 * @param {[id: string, talk: import("../wire/messages.js").Talk | null | undefined][]} told
 */
function takeTalks(state, told) {
  const next = new Map(state.talks);
  for (const [id, talk] of told) {
    const newer = newerTalk(next.get(id), talk);
    if (newer && state.calls.has(id)) next.set(id, newer);
  }
  return next;
}

/**
 * @param {Call} call
 * @param {number} serverNow
 */
function endedLongAgo(call, serverNow) {
  if (goesOn(call)) return false;
  return !call.ended_at || serverNow - Date.parse(call.ended_at) > ENDED_STAYS_MS;
}

/**
 * @param {ListState} state
 * @param {import("../wire/messages.js").Meters["levels"]} levels
 * @param {number} now
 */
function takeLevels(state, levels, now) {
  const next = new Map(state.levels);
  for (const [id, level] of Object.entries(levels)) {
    const [rms, peak] = level ?? [FLOOR_DB, FLOOR_DB];
    next.set(id, { rms, peak, stalled: level === null, at: now });
  }
  return next;
}

/**
 * Take the packet figures from a batch of meters. One batch a second has them, if any leg uses RTP.
 * @param {ListState} state
 * @param {import("../wire/messages.js").Meters["packets"]} counted
 * @param {number} now
 */
function takeFigures(state, counted, now) {
  if (!counted) return state.packets;
  const next = new Map(state.packets);
  for (const [id, figures] of Object.entries(counted)) {
    next.set(id, takePackets(next.get(id), figures, now));
  }
  return next;
}

/**
 * @param {ListState} state
 * @param {LinkChange} event
 * @returns {ListState}
 */
function link(state, event) {
  // Only the first attempt is "connecting"; each later one is "reconnecting".
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
  const strips = left.link === "live" ? advanceAll(left.strips, now + left.offset) : left.strips;
  return strips === left.strips ? left : { ...left, strips };
}

/**
 * @param {ListState} state
 * @param {string[]} ids
 * @returns {ListState}
 */
function without(state, ids) {
  const calls = new Map(state.calls);
  const levels = new Map(state.levels);
  const packets = new Map(state.packets);
  const strips = new Map(state.strips);
  const talks = new Map(state.talks);
  const leaving = new Map(state.leaving);
  for (const id of ids) {
    talks.delete(id);
    for (const leg of calls.get(id)?.legs ?? []) {
      levels.delete(leg.id);
      packets.delete(leg.id);
      strips.delete(leg.id);
    }
    calls.delete(id);
    leaving.delete(id);
  }
  return { ...state, calls, levels, packets, strips, talks, leaving };
}
