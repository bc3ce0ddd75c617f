/** What the page says about its links, and how it writes names and durations. */

import { Close } from "../wire/protocol.js";
import { fill, gettext, pgettext } from "./i18n.js";
import { list, number, spoken, timeFormat } from "./locale.js";

export const DEVICE_TAKES_NO_AUDIO = gettext("The sound device takes no audio. Check this computer’s sound output.");

export const NO_NOTICE = gettext("The parties of this call were not told that it is listened to, so nobody may hear it.");

const REVOKED = gettext("You signed out in another window, or your access was changed. Sign in to continue.");

/** Why a socket of either kind was refused. @type {Record<number, string>} */
const REFUSED = {
  [Close.DONE]: gettext("The server closed the connection."),
  [Close.NOT_SIGNED_IN]: gettext("You are signed out. Sign in to listen."),
  [Close.NOT_ALLOWED]: gettext("You are not allowed to listen to this call."),
  [Close.NO_SUCH_TAP]: gettext("This call can no longer be heard: it has ended, or its monitoring was stopped."),
  [Close.REVOKED]: REVOKED,
  [Close.TOO_MANY]: gettext("You already listen to as many calls as one account may, counting all windows."),
  [Close.NO_NOTICE]: NO_NOTICE,
  [Close.NO_REASON]: gettext("The team of this call wants to know from everybody why they listen."),
};

/**
 * Why the live list was refused, for the pages that show it.
 * @type {Record<number, [title: string, words: string]>}
 */
const LIST_REFUSED = {
  [Close.NOT_SIGNED_IN]: [gettext("You are signed out"), gettext("Sign in to see the live calls.")],
  [Close.REVOKED]: [gettext("You were signed out"), REVOKED],
  [Close.NOT_ALLOWED]: [
    gettext("You may not see the live calls"),
    gettext("Your account lacks the permission. An administrator can grant it."),
  ],
  [Close.TOO_MANY]: [
    gettext("Too many open pages"),
    gettext("Your account has too many live connections. Close some; this page tries again by itself."),
  ],
};

/** Why a connection was lost, where the server said so. @type {Record<number, string>} */
const LOST = {
  [Close.RESTARTING]: gettext("The server is restarting."),
  [Close.TRY_LATER]: gettext("The server is busy."),
  [Close.TOO_SLOW]: gettext("Your connection was too slow."),
};

/** @param {number} code */
export function refusal(code) {
  // Translators: code is a number, for whoever is asked about it
  return REFUSED[code] ?? fill(gettext("The server refused the connection (%(code)s)."), { code });
}

/**
 * @param {number} code
 * @returns {[title: string, words: string]}
 */
export function listRefusal(code) {
  return LIST_REFUSED[code] ?? [gettext("The live list is closed"), refusal(code)];
}

/** @param {number} code */
export function loss(code) {
  return LOST[code] ?? gettext("Connection lost.");
}

/**
 * What a page says while its connection is down.
 * @param {number} code
 */
export function outOfDate(code) {
  return `${loss(code)} ${gettext("Reconnecting… What you see may be out of date.")}`;
}

/**
 * A duration as 3:07, or as 1:02:07 if it is an hour or more.
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
 * A duration in words for screen readers, which would read 3:07 as "three colon seven".
 * @param {number} ms
 */
export function spokenDuration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return spoken([Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]);
}

/**
 * How long after the tap a call is heard: "340 ms", and from a second on "1.4 s".
 * @param {number} ms
 */
export function delayWords(ms) {
  const whole = Math.round(ms);
  return whole < 1000 ? `${number(whole)} ms` : `${number(whole / 1000, 1)} s`;
}

/**
 * How far a listener is behind live, and when that will be made up: "34 s behind live, live in 1:08".
 * @param {{behind: number, liveIn?: number | null, state?: string}} playback seconds
 */
export function behindWords({ behind, liveIn = null, state = "behind" }) {
  if (state === "live" || behind < 1) return "";
  if (liveIn === null) {
    // Translators: behind is a duration such as 34 s or 1:08; what is heard is older than live audio by that much
    return fill(gettext("%(behind)s behind live"), { behind: shortDuration(behind) });
  }
  // Translators: behind and soon are durations such as 34 s or 1:08; soon is when live audio will be reached
  return fill(gettext("%(behind)s behind live, live in %(soon)s"), { behind: shortDuration(behind), soon: shortDuration(liveIn) });
}

/**
 * A duration in a few characters: "34 s" or "1:08".
 * @param {number} seconds
 */
export function shortDuration(seconds) {
  return seconds < 60 ? `${number(seconds)} s` : duration(seconds * 1000);
}

const CLOCK = timeFormat({ hour: "2-digit", minute: "2-digit" });

/**
 * The time of day in the reader's own time zone and format: "14:03".
 * @param {string} at ISO 8601
 */
export function clockTime(at) {
  return CLOCK.format(new Date(at));
}

/**
 * Say since when a call is silent: "Silent since 14:03".
 * @param {string} at ISO 8601
 */
export function silentSinceWords(at) {
  // Translators: at is a time of day such as 14:03
  return fill(gettext("Silent since %(at)s"), { at: clockTime(at) });
}

// Translators: a name in a list of those who listen: the reader
const YOU = pgettext("listener", "you");

/**
 * The names of people as one of them reads them: "you, bob". The reader comes first.
 * @param {string[]} names
 * @param {string | undefined} reader the name of whoever reads this
 */
export function readBy(names, reader) {
  const others = names.filter((name) => name !== reader);
  return others.length < names.length ? [YOU, ...others] : others;
}

/**
 * Name the first people of a list, and count the others: "alice, bob, +2".
 * @param {string[]} names
 * @param {number} shown
 */
export function shortList(names, shown) {
  const more = names.length - shown;
  return list([...names.slice(0, shown), ...(more > 0 ? [`+${number(more)}`] : [])]);
}

/**
 * Say who listens, for screen readers.
 * @param {string[]} names
 */
export function listenersWords(names) {
  if (!names.length) return gettext("Nobody is listening");
  // Translators: names are those of supervisors who listen to a call
  return fill(gettext("Listening: %(names)s"), { names: list(names) });
}

/**
 * Say who else listens to a call.
 * @param {string[]} names
 */
export function othersWords(names) {
  if (!names.length) return "";
  // Translators: names are those of other supervisors who listen to the same call
  return fill(gettext("Also listening: %(names)s"), { names: list(names) });
}

/**
 * Say how the parties of a call were told that it is listened to.
 * @param {string | undefined} how
 */
export function noticeWords(how) {
  // Translators: how is one of the ways to tell the parties of a call that it is listened to, such as “Announcement”
  return how ? fill(gettext("Parties told by: %(how)s"), { how }) : gettext("The parties were not told that they are heard");
}

/**
 * An agent's identifier as a name: "front_desk" becomes "Front desk".
 * @param {string} agent
 * @returns {string} "" for an agent without a name
 */
export function readableName(agent) {
  const name = agent.replace(/[_-]+/g, " ").trim();
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** An agent's name for people. @param {string} agent */
export function agentName(agent) {
  return readableName(agent) || gettext("Unnamed agent");
}

/**
 * A caller's name and number. Either may be missing, and both may be the same.
 * @param {{caller: string, caller_name: string}} tap
 */
export function callerParts(tap) {
  const name = tap.caller_name && tap.caller_name !== tap.caller ? tap.caller_name : "";
  return { name: name || tap.caller || gettext("Unknown caller"), number: name ? tap.caller : "" };
}

/**
 * "Receptionist · Ann Lee"
 * @param {{agent: string, caller: string, caller_name: string}} tap
 */
export function who(tap) {
  return `${agentName(tap.agent)} · ${callerParts(tap).name}`;
}

/**
 * Say something of a call, an agent or a side: "Caller: Reconnecting".
 * @param {string} whom
 * @param {string} words
 */
export function wordsOf(whom, words) {
  // Translators: whom is a call, an agent or a side of a call, and words say something of it
  return fill(gettext("%(whom)s: %(words)s"), { whom, words });
}
