// Lines of conversations as the server describes them.
import { iso, NOW } from "./taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").SaidLine} SaidLine */

/**
 * When something is said.
 * @param {number} seconds after the beginning
 */
export function at(seconds) {
  return iso(NOW + seconds * 1000);
}

/**
 * Make a line that the agent says, unless the changes tell otherwise.
 * @param {number} seconds after the beginning
 * @param {string} text
 * @param {Partial<SaidLine>} [changes]
 * @returns {SaidLine}
 */
export function said(seconds, text, changes) {
  return {
    at: at(seconds), side: "agent", text, recorded: false, interrupted: false, error: false, partial: false,
    latency: null, tool: null, ...changes,
  };
}

/**
 * Make the use of a tool.
 * @param {number} seconds after the beginning
 * @param {string} name
 * @param {Partial<NonNullable<SaidLine["tool"]>>} [changes]
 */
export function toolUse(seconds, name, changes) {
  const tool = { arguments: "", result: "", milliseconds: null, error: "", ...changes };
  return said(seconds, name, { side: "tool", tool, error: tool.error !== "" });
}

/**
 * Make a message about the words of call "1".
 * @param {number} from seconds
 * @param {number} until
 * @param {SaidLine[]} lines
 * @returns {import("../../../static/js/wire/messages.js").WordsNews}
 */
export function words(from, until, lines) {
  return { type: "words", call: "1", from: at(from), until: at(until), lines };
}

/** The message that all has changed. @type {import("../../../static/js/wire/messages.js").WordsNews} */
export const ALL_CHANGED = { type: "words", call: "1", from: null, until: null, lines: null };
