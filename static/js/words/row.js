/** One line of a transcript on the page. The markup is templates/includes/transcript.html. */

import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { SIDES, timeWords, tookWords } from "./line-words.js";

/** @typedef {import("./transcript.js").Line} Line */

// Translators: seconds is a duration such as 1.2 s
const ANSWERED = gettext("Answered after %(seconds)s");

/** The markup of each side's lines. @typedef {Record<Line["side"], HTMLElement>} Templates */

/**
 * Find the templates once: to look for them behind 2000 lines takes longer than to copy them.
 * @param {HTMLElement} root the transcript's
 * @returns {Templates}
 */
export function templatesOf(root) {
  const said = part(root, "said-line");
  return { caller: said, agent: said, tool: part(root, "tool-line"), note: part(root, "note-line") };
}

/**
 * Make the element of a line.
 * @param {Templates} templates
 * @param {Line} line
 */
export function newRow(templates, line) {
  const row = copyOf(templates[line.side]);
  setAttr(row, "data-side", line.side);
  setAttr(row, "data-key", String(line.key));
  if (line.side === "caller" || line.side === "agent") setText(part(row, "who"), SIDES[line.side]);
  return row;
}

/**
 * Show a line in its element.
 * @param {HTMLElement} row
 * @param {Line} line
 */
export function showLine(row, line) {
  const time = part(row, "time");
  setText(time, timeWords(line));
  setText(part(row, "text"), line.text);
  setAttr(row, "data-error", String(line.error));
  if (line.tool) showTool(row, line.tool);
  if (line.side === "caller" || line.side === "agent") showSaid(row, line);
}

/**
 * @param {HTMLElement} row
 * @param {Line} line
 */
function showSaid(row, { interrupted, latency, partial }) {
  setAttr(row, "data-partial", String(partial));
  part(row, "partial").hidden = !partial;
  part(row, "interrupted").hidden = !interrupted;
  const element = part(row, "latency");
  element.hidden = latency === null;
  if (latency === null) return;
  setText(element, tookWords(latency));
  setAttr(element, "title", fill(ANSWERED, { seconds: tookWords(latency) }));
}

/**
 * @param {HTMLElement} row
 * @param {NonNullable<Line["tool"]>} tool
 */
function showTool(row, { arguments: given, result, milliseconds, error }) {
  part(row, "took").hidden = milliseconds === null;
  setText(part(row, "took"), tookWords((milliseconds ?? 0) / 1000));
  part(row, "failed").hidden = !error;
  for (const [name, text] of Object.entries({ arguments: given, result, error })) {
    setText(part(row, name), text);
    part(row, `${name}-field`).hidden = !text;
  }
}

/**
 * Say whether a click on the line's time plays the moment.
 * @param {HTMLElement} row
 * @param {string} why it does not, or "" if it does
 */
export function showPlayable(row, why) {
  const time = part(row, "time");
  setAttr(time, "aria-disabled", String(why !== ""));
  setAttr(time, "title", why);
}
