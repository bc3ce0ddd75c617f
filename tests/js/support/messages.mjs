// Messages as the server sends them.
import { iso, NOW, tap } from "./taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").Hello} Hello */
/** @typedef {import("../../../static/js/wire/messages.js").Snapshot} Snapshot */
/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */

/**
 * The first message to a listener.
 * @param {Partial<Hello>} [changes]
 * @returns {Hello}
 */
export function hello(changes = {}) {
  return {
    type: "hello",
    build: "",
    come_back_ms: 500,
    tap: tap("t1"),
    rate: 8000,
    channels: 1,
    leg: "both",
    state: "tapping",
    stalled: false,
    position: 2 ** 32 - 1, // no Frame before
    ...changes,
  };
}

/**
 * The first message to a page of the live list.
 * @param {Call[]} calls
 * @returns {Snapshot}
 */
export function snapshot(...calls) {
  return { type: "snapshot", build: "", come_back_ms: 500, now: iso(NOW), attention_watched: true, calls };
}
