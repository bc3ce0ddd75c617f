/**
 * What pages must know of docs/protocol.md: the close codes of their sockets, what a client
 * does about each, and the sample rate of a call.
 */

/** Samples per second of every call; the hello names it, too. */
export const SAMPLE_RATE = 8000;

/** The server's close codes, and those of RFC 6455 that a browser reports by itself. */
export const Close = Object.freeze({
  DONE: 1000,
  LOST: 1006, // the connection ended without a close frame
  NOT_UTF8: 1007,
  POLICY: 1008,
  RESTARTING: 1012,
  TRY_LATER: 1013,
  NOT_SIGNED_IN: 4401,
  NOT_ALLOWED: 4403,
  NO_SUCH_TAP: 4404,
  TOO_SLOW: 4408,
  REVOKED: 4410,
  TOO_MANY: 4429,
  NO_NOTICE: 4451,
  NO_REASON: 4453,
});

/**
 * @typedef {"nothing" | "sign in" | "give a reason" | "come back" | "come back soon" | "come back live"
 *   | "wait for a place"} Reaction
 *   nothing, sign in: trying again would get the same answer
 *   give a reason: the same, until the user has said why they listen
 *   come back: with the usual back-off
 *   come back soon: another worker may be there, so the first try is made as soon as the server allows
 *   come back live: the connection works, so the first try needs no delay
 *   wait for a place: another connection of this user must end first
 */

/** @type {ReadonlyMap<number, Reaction>} */
export const REACTIONS = new Map(
  /** @type {[number, Reaction][]} */ ([
    [Close.DONE, "nothing"],
    [Close.NOT_UTF8, "nothing"],
    [Close.POLICY, "nothing"],
    [Close.LOST, "come back soon"],
    [Close.RESTARTING, "come back soon"],
    [Close.TRY_LATER, "come back"],
    [Close.NOT_SIGNED_IN, "sign in"],
    [Close.NOT_ALLOWED, "nothing"],
    [Close.NO_SUCH_TAP, "nothing"],
    [Close.TOO_SLOW, "come back live"],
    [Close.REVOKED, "sign in"],
    [Close.TOO_MANY, "wait for a place"],
    [Close.NO_NOTICE, "nothing"],
    [Close.NO_REASON, "give a reason"],
  ]),
);

/**
 * What to do about a close. A code that is not listed comes from a network or a proxy: come back.
 * @param {number} code
 * @returns {Reaction}
 */
export function reactionTo(code) {
  return REACTIONS.get(code) ?? "come back";
}

/** @param {number} code of a close after which trying again would get the same answer */
export function isFinal(code) {
  return reactionTo(code) === "nothing" || signInHelps(code) || reasonHelps(code);
}

/** @param {number} code of a close that signing in may cure */
export function signInHelps(code) {
  return reactionTo(code) === "sign in";
}

/** @param {number} code of a close that only a reason for listening may cure */
export function reasonHelps(code) {
  return reactionTo(code) === "give a reason";
}
