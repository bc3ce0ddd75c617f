/** Which call is put on a deck when the one that it plays has ended. Pure. */

import { playedLegs } from "../list/calls.js";

/** @typedef {import("../wire/messages.js").Call} Call */

/**
 * Whose next call a deck goes on with: nobody's, the same agent's, or anybody's in the list.
 * @typedef {"" | "agent" | "list"} Followed
 */

/**
 * @param {string} value of the menu
 * @returns {Followed}
 */
export function followedOf(value) {
  return value === "agent" || value === "list" ? value : "";
}

/**
 * The newest call that can be heard and is on no deck: of several, the newest has most left to hear.
 * @param {Iterable<Call>} listed the calls that the list shows
 * @param {{followed: Followed, call: Call}} deck what it follows, and the call that has ended
 * @param {ReadonlySet<string>} taken the calls on decks
 * @returns {Call | null} null while there is none
 */
export function nextCall(listed, { followed, call }, taken) {
  if (!followed) return null;
  const open = [...listed].filter((one) => !taken.has(one.id) && playedLegs(one).length);
  const wanted = followed === "list" ? open : open.filter((one) => one.agent === call.agent);
  const age = (/** @type {Call} */ one) => Date.parse(one.requested_at);
  return wanted.sort((a, b) => age(b) - age(a) || Number(b.id) - Number(a.id))[0] ?? null;
}
