/** Copies lines of a transcript with their times, as plain text. */

import { part, setText } from "../ui/dom.js";
import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { plainText } from "./line-words.js";

const SAID_MS = 4000;
const PRESS_KEYS = gettext("The browser lets only you copy here: press Ctrl+C, or ⌘C.");

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./transcript.js").Line} Line */

export class Copier {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} root the transcript's
   * @param {Scope} scope
   * @param {() => readonly Line[]} lines
   */
  constructor(root, scope, lines) {
    this.root = root;
    this.lines = lines;
    this.list = part(root, "lines");
    scope.listen(part(root, "copy"), "click", () => this.#copy());
    scope.listen(this.list, "copy", (/** @type {ClipboardEvent} */ event) => this.#copied(event));
    scope.own(() => clearTimeout(this.#timer));
  }

  /** Copy the lines that are selected, or all. */
  async #copy() {
    const selected = this.#selected();
    const lines = selected.length ? selected : this.lines();
    try {
      await navigator.clipboard.writeText(plainText(lines));
      this.#say(copiedWords(lines.length));
    } catch {
      // Without HTTPS a page has no clipboard, or the user has forbidden it.
      if (!selected.length) getSelection()?.selectAllChildren(this.list);
      this.#say(PRESS_KEYS);
    }
  }

  /** A copy by keyboard has the times, too. Words within one line are copied as they are. @param {ClipboardEvent} event */
  #copied(event) {
    const selected = this.#selected();
    if (selected.length < 2) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", plainText(selected));
  }

  /** The lines that the selection touches. */
  #selected() {
    const selection = getSelection();
    if (!selection?.rangeCount || selection.isCollapsed) return [];
    const range = selection.getRangeAt(0);
    if (!range.intersectsNode(this.list)) return [];
    const rows = /** @type {HTMLElement[]} */ ([...this.list.children]);
    const keys = new Set(rows.filter((row) => range.intersectsNode(row)).map((row) => Number(row.dataset.key)));
    return this.lines().filter(({ key }) => keys.has(key));
  }

  /** @param {string} words */
  #say(words) {
    setText(part(this.root, "copied"), words);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(part(this.root, "copied"), ""), SAID_MS);
  }
}

/** @param {number} n */
function copiedWords(n) {
  return fill(ngettext("%(n)s line copied", "%(n)s lines copied", n), { n: number(n) });
}
