// Calls and taps as the server describes them, and the words about taps that it hands to a page.

/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */
/** @typedef {import("../../../static/js/wire/messages.js").HeardTap} HeardTap */
/** @typedef {import("../../../static/js/wire/messages.js").Leg} Leg */

export const NOW = Date.parse("2026-03-01T12:00:00Z");

/** @param {number} ms */
export function iso(ms) {
  return new Date(ms).toISOString();
}

/** When something was asked for and began that has been live for 50 s. */
const TIMES = { requested_at: iso(NOW - 60_000), started_at: iso(NOW - 50_000), ended_at: null };
export const NAMES = { call_id: "5c1e", agent: "receptionist", caller: "+15550100", caller_name: "" };

/**
 * A pause that alice ordered at a time, and that ends 5 minutes later.
 * @param {number} ms Unix time
 */
export function pausedAt(ms) {
  return { changes: 1, since: iso(ms), until: iso(ms + 300_000), by: "alice" };
}

/** The pause of a call that was never paused. */
export const NEVER_PAUSED = { changes: 0, since: null, until: null, by: "" };

/** @type {import("../../../static/js/wire/messages.js").LegFacts} */
const LEG = {
  id: "",
  control_id: "c",
  direction: "both",
  codec: "PCMU",
  transport: "ws",
  state: "tapping",
  transitions: 1,
  media: true,
  silent_since: null,
  ...TIMES,
  stop_requested_at: null,
  reason: "",
  notice: "",
  end_reason: "",
};

/**
 * Make a leg that has been live for 50 s.
 * @param {string} id
 * @param {Partial<Leg>} [changes]
 * @returns {Leg}
 */
export function leg(id, changes = {}) {
  return { ...LEG, listeners: 0, id, ...changes };
}

/**
 * Make a tap that has been live for 50 s, as its listener is told of it.
 * @param {string} id
 * @param {Partial<HeardTap>} [changes]
 * @returns {HeardTap}
 */
export function tap(id, changes = {}) {
  return { ...LEG, ...NAMES, id, call: "1", pause: NEVER_PAUSED, ...changes };
}

/**
 * Make a call that has been live for 50 s. Its one leg is named after it: "a-both" for "a". One
 * that is untapped has none.
 * @param {string} id
 * @param {Partial<Call>} [changes]
 * @param {Partial<Leg>} [legChanges] changes of its leg
 * @returns {Call}
 */
export function call(id, changes = {}, legChanges = {}) {
  const { state = "tapping", requested_at = TIMES.requested_at, ended_at = null } = changes;
  const over = !["requested", "tapping", "untapped"].includes(state);
  const legFacts = { media: !over, requested_at, ended_at, ...legChanges };
  return {
    id,
    ...NAMES,
    version: 2,
    state,
    over,
    gone: false,
    reason: "",
    needs_notice: false,
    ...TIMES,
    listeners: [],
    attention: [],
    pause: NEVER_PAUSED,
    talk: null,
    order: null,
    legs: state === "untapped" ? [] : [leg(`${id}-both`, { state, ...legFacts })],
    ...changes,
  };
}

/**
 * Make a call that has just ended.
 * @param {string} id
 * @param {Partial<Call>} [changes]
 */
export function endedCall(id, changes = {}) {
  return call(id, { state: "finished", version: 3, ended_at: iso(NOW), ...changes });
}

/** The words as a page has them, of the one state that is shown. */
export const WORDS = JSON.stringify({
  states: { tapping: "Live" },
  hints: { tapping: "The call's audio is being tapped." },
  directions: { both: "Both sides" },
  sides: { both: "Both", speak: "Caller", listen: "Agent" },
  notices: { announced: "Announcement" },
  outcomes: {},
  orders: { underWay: {}, errors: {}, refusals: {} },
});
