// @ts-check
/** What the page says: every word a supervisor reads about a call or its sound. */

import { Close } from "./socket.js";

/** @type {Record<string, string>} */
export const DIRECTION = { both: "Both sides", speak: "Caller only", listen: "Agent only" };

/** @type {Record<string, string>} */
export const STATE = {
  requested: "Starting",
  tapping: "Live",
  finished: "Ended",
  failed: "Failed",
  lost: "Lost",
};

/** @type {Record<string, string>} */
export const STATE_HINT = {
  requested: "The tap was requested; the call's audio has not begun.",
  tapping: "The call's audio is being tapped.",
  finished: "The tap has ended.",
  failed: "The tap never started.",
  lost: "The tap ended without word from the carrier.",
};

/** Why a socket of either kind was refused. @type {Record<number, string>} */
const REFUSED = {
  [Close.NORMAL]: "The server closed the connection.",
  [Close.NOT_SIGNED_IN]: "You are signed out. Sign in to listen.",
  [Close.NOT_ALLOWED]: "You are not allowed to listen to this call.",
  [Close.NO_SUCH_TAP]: "This call can no longer be heard: it has ended, or its monitoring was stopped.",
  [Close.REVOKED]: "You signed out in another window, or your access was changed. Sign in to go on.",
  [Close.TOO_MANY]: "You already listen to as many calls as one account may, in all windows together.",
};

/**
 * Why the live list was refused, for the pages that show it.
 * @type {Record<number, [title: string, words: string]>}
 */
const LIST_REFUSED = {
  [Close.NOT_SIGNED_IN]: ["You are signed out", "Sign in to see the live calls."],
  [Close.REVOKED]: ["You were signed out", REFUSED[Close.REVOKED]],
  [Close.NOT_ALLOWED]: ["You may not see the live calls", "Your account lacks the permission. An administrator can grant it."],
  [Close.TOO_MANY]: ["Too many open pages", "Your account has too many live connections. Close some; this page tries again by itself."],
};

/** Why a link was lost, when the server said so. @type {Record<number, string>} */
const LOST = {
  [Close.RESTARTING]: "The server is restarting.",
  [Close.TRY_LATER]: "The server is busy.",
  [Close.TOO_SLOW]: "Your connection fell behind.",
};

/** How a call ended, where the server names only the state. @type {Record<string, string>} */
const ENDING = {
  finished: "",
  failed: "It could not be tapped.",
  lost: "Its end was never reported; no more audio came.",
  "monitoring was stopped": "The monitoring of this call was stopped.",
};

/** @param {string} reason */
export function ending(reason) {
  return ENDING[reason] ?? reason;
}

/** @param {number} code */
export function refusal(code) {
  return REFUSED[code] ?? `The server refused the connection (${code}).`;
}

/**
 * @param {number} code
 * @returns {[title: string, words: string]}
 */
export function listRefusal(code) {
  return LIST_REFUSED[code] ?? ["The live list is closed", refusal(code)];
}

/** @param {number} code */
export function loss(code) {
  return LOST[code] ?? "Connection lost.";
}

/**
 * 3:07, or 1:02:07 from an hour on.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const head = hours ? `${hours}:${two(minutes)}` : String(minutes);
  return `${head}:${two(seconds % 60)}`;
}

/**
 * The same for screen readers, who would say "three colon seven".
 * @param {number} ms
 */
export function spokenDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const said = parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}${n === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/**
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function count(n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`;
}

/**
 * The time of day in the reader's own zone and manner: "Silent since 14:03".
 * @param {string} at ISO 8601
 */
export function silentSince(at) {
  const format = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  return `Silent since ${format.format(new Date(at))}`;
}

/** Agents' names come as identifiers: "front_desk" reads "Front desk". @param {string} agent */
export function agentName(agent) {
  const name = agent.replace(/[_-]+/g, " ").trim();
  return name ? name[0].toUpperCase() + name.slice(1) : "Unnamed agent";
}

/**
 * Caller as name and number; either may be missing or the same.
 * @param {{caller: string, caller_name: string}} tap
 */
export function callerParts(tap) {
  const name = tap.caller_name && tap.caller_name !== tap.caller ? tap.caller_name : "";
  return { name: name || tap.caller || "Unknown caller", number: name ? tap.caller : "" };
}
