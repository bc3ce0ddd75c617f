/**
 * What is said and done in a call, as a list of lines in the order of their times. The server
 * sends windows of it: all lines from one moment to another, which replace those that were there.
 * Pure.
 */

/** People say about so many characters in a second: 11 to 22 in the speech of the simulator. */
const CHARACTERS_PER_SECOND = 15;

/** @typedef {import("../wire/messages.js").SaidLine} SaidLine */
/** @typedef {import("../wire/messages.js").SaidWindow} SaidWindow */

/**
 * @typedef {SaidLine & {ms: number, key: number}} Line `ms` is Unix time. A line keeps its key while
 *   it is the same one or grows, so that a page can keep its element
 */

/**
 * @typedef {object} Transcript
 * @property {readonly Line[]} lines oldest first
 * @property {number} nextKey
 */

/** @type {Transcript} */
export const EMPTY = { lines: [], nextKey: 1 };

/**
 * The Unix time of a moment in ms. Windows are cut between two microseconds, which Date drops.
 * @param {string} at ISO 8601
 */
function msOf(at) {
  const fraction = /\.(\d+)/.exec(at)?.[1];
  if (!fraction) return Date.parse(at);
  return Date.parse(at.replace(`.${fraction}`, "")) + Number(`0.${fraction}`) * 1000;
}

/**
 * The whole conversation anew.
 * @param {Transcript} known
 * @param {readonly SaidLine[]} lines
 * @returns {Transcript}
 */
export function withAll(known, lines) {
  return joined(known, { before: [], old: known.lines, after: [] }, lines);
}

/**
 * Replace the lines of a window, both ends included.
 * @param {Transcript} known
 * @param {SaidWindow} window
 * @returns {Transcript}
 */
export function withWindow(known, { from, until, lines }) {
  const begin = firstAfter(known.lines, (line) => line.ms >= msOf(from));
  const end = firstAfter(known.lines, (line) => line.ms > msOf(until));
  const before = known.lines.slice(0, begin);
  const old = known.lines.slice(begin, end);
  return joined(known, { before, old, after: known.lines.slice(end) }, lines);
}

/**
 * @param {Transcript} known
 * @param {{before: readonly Line[], old: readonly Line[], after: readonly Line[]}} parts of its lines
 * @param {readonly SaidLine[]} news what takes the place of the old ones
 * @returns {Transcript}
 */
function joined({ nextKey }, { before, old, after }, news) {
  const keys = keysOf(old, news);
  let next = nextKey;
  const lines = news.map((line, n) => ({ ...line, ms: msOf(line.at), key: keys[n] ?? next++ }));
  return { lines: [...before, ...lines, ...after], nextKey: next };
}

/**
 * Find which old line each new one is: the same, or else the first of its side which was not yet
 * recognized to its end.
 * @param {readonly Line[]} old
 * @param {readonly SaidLine[]} news
 * @returns {(number | undefined)[]} a key for each of the new ones, and no key twice
 */
function keysOf(old, news) {
  /** @type {Map<string, Line[]>} */
  const same = new Map();
  for (const line of old) same.set(nameOf(line), [...(same.get(nameOf(line)) ?? []), line]);
  const kept = news.map((line) => same.get(nameOf(line))?.shift());
  const growing = old.filter((line) => line.partial && !kept.includes(line));
  return news.map((line, n) => {
    const grown = kept[n] ?? growing.find((one) => one.side === line.side);
    if (grown && !kept[n]) growing.splice(growing.indexOf(grown), 1);
    return grown?.key;
  });
}

/** @param {SaidLine} line */
function nameOf({ at, side, text }) {
  return `${side} ${at} ${text}`;
}

/**
 * When a line began to be said, in Unix ms. An agent's words are told as it begins, and a
 * caller's when they are recognized, which is when they end.
 * @param {readonly Line[]} lines
 * @param {number} index
 */
export function startOf(lines, index) {
  const line = lines[index];
  if (!line) return Infinity;
  if (line.side !== "caller") return line.ms;
  const spoken = (line.text.length / CHARACTERS_PER_SECOND) * 1000;
  return Math.max(line.ms - spoken, lines[index - 1]?.ms ?? -Infinity);
}

/**
 * Which line is said at a time: the last one that has begun.
 * @param {readonly Line[]} lines
 * @param {number} ms Unix time
 * @returns {number} its index, −1 before the first one
 */
export function indexAt(lines, ms) {
  return firstAfter(lines, (_, index) => startOf(lines, index) > ms) - 1;
}

/**
 * How many lines came after a moment.
 * @param {readonly Line[]} lines
 * @param {number} ms Unix time
 */
export function countAfter(lines, ms) {
  return lines.length - firstAfter(lines, (line) => line.ms > ms);
}

/**
 * The line of caller or agent whose time is nearest to a moment; of two, the earlier.
 * @param {readonly Line[]} lines
 * @param {number} ms Unix time
 * @returns {Line | undefined} none where nobody has said anything
 */
export function nearestTo(lines, ms) {
  const said = lines.filter(({ side }) => side === "caller" || side === "agent");
  const after = firstAfter(said, (line) => line.ms >= ms);
  const [before, next] = [said[after - 1], said[after]];
  return before && (!next || ms - before.ms <= next.ms - ms) ? before : next;
}

/**
 * The index of the first line of which something is true, by bisection: it is then true of all
 * that follow. The number of lines if it is true of none.
 * @param {readonly Line[]} lines
 * @param {(line: Line, index: number) => boolean} isAfter
 */
function firstAfter(lines, isAfter) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const line = lines[middle];
    if (line && isAfter(line, middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
