// @ts-check
/**
 * The packets of an RTP tap: whether the network just lost any, and in words.
 * Pure; the server sends the figures once a second, without the zeros.
 */

import { count } from "./words.js";

export const RECENT_MS = 10_000;
const LATE_MS = 3_000; // three are due in this time
const RATE = 8000; // samples per second

/** @typedef {Record<string, number>} Figures what a tap counted since it began */

/**
 * @typedef {object} Packets
 * @property {Figures} figures the newest
 * @property {number} at when they came
 * @property {{at: number, missing: number}[]} past oldest first
 */

/**
 * @typedef {object} Network
 * @property {boolean} losing packets were missing of late
 * @property {string} words
 * @property {string} detail
 */

/**
 * Packets whose audio was not there in time. The server's "lost" is RFC 3550's,
 * in which a duplicate hides a loss.
 * @param {Figures} figures
 */
function missing({ lost = 0, duplicate = 0, late = 0 }) {
  return Math.max(0, lost + duplicate) + late;
}

/**
 * @param {Packets | undefined} known
 * @param {Figures} figures
 * @param {number} now
 * @returns {Packets}
 */
export function takePackets(known, figures, now) {
  const past = known ? known.past.filter((one) => now - one.at <= RECENT_MS) : [];
  return { figures, at: now, past: [...past, { at: now, missing: missing(figures) }] };
}

/**
 * @param {Packets | undefined} packets
 * @param {number} now
 * @param {number} breaks how often the player ran dry
 * @returns {Network | null} null while nothing is known
 */
export function network(packets, now, breaks) {
  if (!packets || now - packets.at > LATE_MS) return null;
  const { figures } = packets;
  const recent = lately(packets.past);
  const sum = `${Math.max(0, figures.lost ?? 0)} lost, ${figures.late ?? 0} late`;
  const jitter = `jitter ${(figures.jitter_ms ?? 0).toFixed(1)} ms`;
  const words = recent ? `${count(recent, "packet")} missing in the last 10 s` : `${sum}, ${jitter}`;
  const all = recent ? `${sum}, ${jitter}, ` : "";
  const detail = `${recent ? LOSING : CALM} ${all}${others(figures)}. ${playback(breaks)}`;
  return { losing: recent > 0, words: `RTP: ${words}`, detail };
}

const LOSING = "What crackles now is the network that brings the call here. Of the whole call:";
const CALM = "The network that brings the call here is well: what crackles now is the call itself, or the way to you. Of the whole call:";

/**
 * Packets missing of late. One that was overtaken looks lost until it comes, so a
 * loss counts once two reports in a row have it.
 * @param {Packets["past"]} past
 */
function lately(past) {
  const [before, last] = past.slice(-2).map((one) => one.missing);
  return Math.max(0, Math.min(before, last ?? before) - past[0].missing);
}

/** @param {Figures} figures */
function others({ received = 0, reordered = 0, duplicate = 0 }) {
  return `${received} received, ${reordered} out of order, ${count(duplicate, "duplicate")}`;
}

/** @param {number} breaks */
function playback(breaks) {
  return breaks ? `Playback here ran dry ${count(breaks, "time")}.` : "Playback here never ran dry.";
}

/**
 * A figure as monitor/packets.py writes it.
 * @param {string} unit
 * @param {number} number
 * @returns {string} empty for zero
 */
export function shown(unit, number) {
  if (!(number > 0)) return "";
  if (unit === "samples") return `${(number / RATE).toFixed(2)} s`;
  return unit === "ms" ? `${number.toFixed(1)} ms` : String(Math.trunc(number));
}
