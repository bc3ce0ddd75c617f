/**
 * The lines of a transcript on the page. An element stays as long as its line, so that a line
 * that grows does so in place, and what is selected or unfolded stays so.
 */

import { part } from "../ui/dom.js";
import { newRow, showLine, showPlayable, templatesOf } from "./row.js";

/** @typedef {import("./transcript.js").Line} Line */
/** @typedef {{element: HTMLElement, line: Line, why: string | null}} Row `why` its time plays nothing */

export class LinesView {
  /** By key. @type {Map<number, Row>} */
  #rows = new Map();
  /** The line that is heard. @type {number | undefined} */
  #heard;

  /** @param {HTMLElement} root the transcript's */
  constructor(root) {
    this.templates = templatesOf(root);
    this.list = part(root, "lines");
  }

  /** @param {readonly Line[]} lines */
  render(lines) {
    this.#remove(lines);
    let next = this.list.firstElementChild;
    for (const line of lines) {
      const { element } = this.#rowOf(line);
      if (element === next) next = next.nextElementSibling;
      else this.list.insertBefore(element, next);
    }
  }

  /**
   * Say of each line whether its moment can be played.
   * @param {readonly Line[]} lines
   * @param {(index: number) => string} whyNot "" if it can be
   */
  showPlayable(lines, whyNot) {
    for (const [index, { key }] of lines.entries()) {
      const row = this.#rows.get(key);
      const why = whyNot(index);
      if (!row || row.why === why) continue;
      row.why = why;
      showPlayable(row.element, why);
    }
  }

  /**
   * Mark the line that is heard.
   * @param {number | undefined} key of no line while the call is heard live
   * @returns {boolean} whether it is another one than before
   */
  mark(key) {
    if (key === this.#heard) return false;
    this.element(this.#heard)?.removeAttribute("aria-current");
    this.element(key)?.setAttribute("aria-current", "true");
    this.#heard = key;
    return true;
  }

  /** @param {number | undefined} key */
  element(key) {
    return key === undefined ? undefined : this.#rows.get(key)?.element;
  }

  /** @param {readonly Line[]} lines those that stay */
  #remove(lines) {
    const keys = new Set(lines.map(({ key }) => key));
    for (const [key, { element }] of this.#rows) {
      if (keys.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
  }

  /** @param {Line} line */
  #rowOf(line) {
    const known = this.#rows.get(line.key);
    if (known?.line === line) return known;
    const row = known ?? { element: newRow(this.templates, line), line, why: null };
    row.line = line;
    showLine(row.element, line);
    this.#rows.set(line.key, row);
    return row;
  }
}
