/** What is said about the lines of a transcript: whose they are, and how they are copied. */

import { fill, gettext, pgettext } from "../ui/i18n.js";
import { number, timeFormat } from "../ui/locale.js";
import { wordsOf } from "../ui/words.js";

/** @typedef {import("./transcript.js").Line} Line */

const CLOCK = timeFormat({ timeStyle: "medium" });

/** Whose line it is; a note is nobody's. @type {Record<Line["side"], string>} */
export const SIDES = {
  caller: gettext("Caller"),
  agent: gettext("Agent"),
  // Translators: an AI agent's function, such as one that looks up an order
  tool: pgettext("transcript", "Tool"),
  note: "",
};

// Translators: after a sentence that its speaker did not finish
const INTERRUPTED = pgettext("transcript", "interrupted");
// Translators: a tool was used, and failed
const FAILED = pgettext("tool", "failed");

/**
 * When a line was said: "12:03:05".
 * @param {Line} line
 */
export function timeWords({ ms }) {
  return CLOCK.format(ms);
}

/**
 * How long something took: "1.2 s", and below a second "410 ms".
 * @param {number} seconds
 */
export function tookWords(seconds) {
  return seconds < 0.9995 ? `${number(seconds * 1000)} ms` : `${number(seconds, 1)} s`;
}

/**
 * Lines as plain text, each in a line of its own: "12:03:05 Caller: Hello."
 * @param {readonly Line[]} lines
 */
export function plainText(lines) {
  return lines.map((line) => `${timeWords(line)} ${said(line)}`).join("\n");
}

/** @param {Line} line */
function said(line) {
  const { side, text, tool, interrupted } = line;
  const words = tool ? toolText(text, tool) : oneLine(text);
  return named(side, interrupted ? `${words} (${INTERRUPTED})` : words);
}

/**
 * @param {Line["side"]} side
 * @param {string} words
 */
function named(side, words) {
  return SIDES[side] ? wordsOf(SIDES[side], words) : words;
}

/**
 * @param {string} name
 * @param {NonNullable<Line["tool"]>} tool
 */
function toolText(name, { arguments: given, result, error, milliseconds }) {
  const took = milliseconds === null ? "" : ` (${tookWords(milliseconds / 1000)})`;
  const outcome = error ? `${FAILED}: ${oneLine(error)}` : oneLine(result);
  return `${name}(${oneLine(given)})${took}${outcome ? ` → ${outcome}` : ""}`;
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

/**
 * Say how many lines have come since the reader looked elsewhere.
 * @param {number} n
 */
export function newWords(n) {
  // Translators: n lines of a transcript that the reader has not seen
  return fill(pgettext("transcript", "%(n)s new"), { n: number(n) });
}
