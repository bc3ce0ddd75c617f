/** Paints what was found, without a change of the page. Browsers that cannot still mark the line. */

const FOUND = "transcript-found";
const SHOWN = "transcript-shown";
/** So many places are painted around the one that is shown; a letter may be found in thousands. */
const MOST = 1000;

/**
 * The ranges of one transcript. All of a page share the names that the style sheet has.
 * @param {string} name
 * @returns {Highlight | undefined}
 */
function named(name) {
  if (!("highlights" in CSS)) return undefined;
  const known = CSS.highlights.get(name) ?? new Highlight();
  CSS.highlights.set(name, known);
  return known;
}

export class Highlights {
  /** @type {AbstractRange[]} */
  #ranges = [];

  /**
   * @param {readonly import("./find.js").Match[]} matches
   * @param {number} index of the one that is shown
   * @param {(match: import("./find.js").Match) => Element | undefined} elementOf
   */
  paint(matches, index, elementOf) {
    this.clear();
    const first = Math.max(0, index - MOST / 2);
    for (const [n, match] of matches.slice(first, first + MOST).entries()) {
      const range = rangeOf(elementOf(match)?.firstChild, match);
      if (!range) continue;
      this.#ranges.push(range);
      named(first + n === index ? SHOWN : FOUND)?.add(range);
    }
  }

  clear() {
    for (const range of this.#ranges) for (const name of [FOUND, SHOWN]) named(name)?.delete(range);
    this.#ranges = [];
  }
}

/**
 * @param {Node | null | undefined} text
 * @param {import("./find.js").Match} match
 */
function rangeOf(text, { from, to }) {
  if (!text || to > (text.textContent?.length ?? 0)) return null;
  return new StaticRange({ startContainer: text, startOffset: from, endContainer: text, endOffset: to });
}
