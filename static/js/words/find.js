/** Finds what is looked for in a transcript, whatever its case and its accents are. Pure. */

/** @typedef {import("./transcript.js").Line} Line */

/** Where a line has text. @typedef {"text" | "arguments" | "result" | "error"} Field */

/**
 * @typedef {object} Match
 * @property {number} key the line's
 * @property {Field} field
 * @property {number} from the place of its first character
 * @property {number} to
 */

/**
 * All places of a query, oldest first.
 * @param {readonly Line[]} lines
 * @param {string} query
 * @returns {Match[]} none for an empty query
 */
export function matchesIn(lines, query) {
  const wanted = plain(query.trim());
  if (!wanted) return [];
  return lines.flatMap(({ key, text, tool }) => {
    const texts = Object.entries({ text, arguments: tool?.arguments, result: tool?.result, error: tool?.error });
    return texts.flatMap(([field, value]) => placesOf(wanted, plain(value ?? "")).map((from) => (
      { key, field: /** @type {Field} */ (field), from, to: from + wanted.length }
    )));
  });
}

/**
 * @param {string} wanted
 * @param {string} text
 */
function placesOf(wanted, text) {
  /** @type {number[]} */
  const places = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

/**
 * A text without accents and capitals, in which every character keeps its place.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/[\u0080-\uffff]/g, baseOf).toLowerCase();
}

/** @param {string} character one unit of UTF-16 @returns {string} one as well */
function baseOf(character) {
  const base = character.normalize("NFD").charAt(0);
  return base.toLowerCase().length === 1 ? base : character;
}

/**
 * Which match is shown after the matches have changed: the same one, or else the newest, because
 * a transcript is read at its end.
 * @param {readonly Match[]} matches
 * @param {Match | undefined} shown before
 * @returns {number} its index, −1 if there is none
 */
export function keptIndex(matches, shown) {
  const same = matches.findIndex((one) => one.key === shown?.key && one.field === shown.field && one.from === shown.from);
  return same >= 0 ? same : matches.length - 1;
}

/**
 * The match before or after one, round and round.
 * @param {readonly Match[]} matches
 * @param {number} index
 * @param {1 | -1} by
 */
export function steppedIndex(matches, index, by) {
  return matches.length ? (index + by + matches.length) % matches.length : -1;
}
