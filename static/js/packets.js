// @ts-check
/**
 * The packets of an RTP tap: whether the network just lost any, and in words.
 * Pure; the server sends the figures once a second, without the zeros.
 */

import { count } from "./words.js";

export const RECENT_MS = 10_000;
const LATE_MS = 3_000; // three are due in this time
const REFUSED = 5; // packets from elsewhere in RECENT_MS: fewer are strays
const RATE = 8000; // samples per second

/** @typedef {Record<string, number>} Figures what a tap counted since it began */

/**
 * @typedef {object} Packets
 * @property {Figures} figures the newest
 * @property {number} at when they came
 * @property {{at: number, missing: number, strangers: number}[]} past oldest first
 */

/**
 * @typedef {object} Network
 * @property {boolean} losing packets were missing of late
 * @property {boolean} refusing another sender's packets were refused of late
 * @property {string} words one line
 * @property {string} verdict the network, or the call?
 * @property {string} counts of the whole call
 */

/**
 * A figure as it is shown. The server's "lost" is RFC 3550's, in which a duplicate
 * hides a loss; people mean what never came.
 * @param {Figures} figures
 * @param {string} name
 */
export function valueOf(figures, name) {
  const duplicates = name === "lost" ? (figures.duplicate ?? 0) : 0;
  return Math.max(0, (figures[name] ?? 0) + duplicates);
}

/** Packets whose audio was not there in time. @param {Figures} figures */
function missing(figures) {
  return valueOf(figures, "lost") + valueOf(figures, "late");
}

/**
 * @param {Packets | undefined} known
 * @param {Figures} figures
 * @param {number} now
 * @returns {Packets}
 */
export function takePackets(known, figures, now) {
  const past = known ? known.past.filter((one) => now - one.at <= RECENT_MS) : [];
  return { figures, at: now, past: [...past, { at: now, missing: missing(figures), strangers: valueOf(figures, "strangers") }] };
}

/**
 * @param {Packets | undefined} packets
 * @param {number} now
 * @param {number} breaks how often the player ran dry
 * @returns {Network | null} null while nothing is known
 */
export function network(packets, now, breaks) {
  if (!packets || now - packets.at > LATE_MS) return null;
  const recent = lately(packets.past);
  const of = (/** @type {string} */ name) => valueOf(packets.figures, name);
  const refusing = isRefusing(packets);
  const sum = `${of("lost")} lost, ${of("late")} late`;
  const jitter = `jitter ${of("jitter_ms").toFixed(1)} ms`;
  const clock = of("clock_mismatch");
  const wrong = clock ? `, ${clock} with a wrong timestamp` : "";
  const played = breaks ? `ran dry ${count(breaks, "time")}` : "never ran dry";
  return {
    losing: recent > 0,
    refusing,
    words: `RTP: ${refusing ? `${REFUSING}; ` : ""}${recent ? `${recent} missing in the last 10 s` : `${sum}, ${jitter}`}`,
    verdict: recent ? LOSING : CALM,
    counts:
      (refusing ? `${REFUSED_WHY} ` : "") +
      `${count(of("received"), "packet")} received so far, ${sum}, ${of("reordered")} out of order, ` +
      `${count(of("duplicate"), "duplicate")}${wrong}; ${jitter}. Playback here ${played}.`,
  };
}

const REFUSING = "another sender is being refused";
const REFUSED_WHY =
  "Somebody else sends audio to this call's port; it is not heard. If this is not the right call, tell your administrator.";
const LOSING = "What crackles now is the network that brings the call here.";
const CALM =
  "The network that brings the call here is well. What crackles now is the call itself, or the way to you.";

/**
 * Whether another address than the sender's keeps sending, as far as is known.
 * @param {Packets} packets
 */
export function isRefusing({ past }) {
  return past[past.length - 1].strangers - past[0].strangers >= REFUSED;
}

/**
 * Packets missing of late. One that was overtaken looks lost until it comes, so a
 * loss counts once two reports in a row have it.
 * @param {Packets["past"]} past
 */
function lately(past) {
  const [before, last] = past.slice(-2).map((one) => one.missing);
  return Math.max(0, Math.min(before, last ?? before) - past[0].missing);
}

/**
 * A figure in words, as monitor/packets.py has it.
 * @param {string} unit
 * @param {number} number
 * @returns {string} empty for zero
 */
export function shown(unit, number) {
  if (!(number > 0)) return "";
  if (unit === "samples") return `${(number / RATE).toFixed(2)} s`;
  return unit === "ms" ? `${number.toFixed(1)} ms` : String(Math.trunc(number));
}
