/** The field in which readers look for words in a transcript, and the way from hit to hit. */

import { part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { keptIndex, matchesIn, steppedIndex } from "./find.js";
import { Highlights } from "./highlights.js";

const NONE = gettext("Not found");

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./find.js").Match} Match */

/**
 * @typedef {object} FindOptions
 * @property {() => readonly import("./transcript.js").Line[]} lines
 * @property {(key: number) => HTMLElement | undefined} elementOf a line
 * @property {(row: HTMLElement) => void} onShow runs when a hit is to be seen
 * @property {() => void} onClose
 */

export class FindView {
  /** @type {Match[]} */
  #matches = [];
  #index = -1;
  #highlights = new Highlights();
  /** The row of the hit that is shown. @type {HTMLElement | undefined} */
  #row;

  /**
   * @param {HTMLElement} root the transcript's
   * @param {Scope} scope
   * @param {FindOptions} options
   */
  constructor(root, scope, options) {
    this.root = root;
    this.options = options;
    this.bar = part(root, "find");
    this.field = /** @type {HTMLInputElement} */ (part(root, "find-text"));
    this.opener = part(root, "find-open");
    scope.listen(this.opener, "click", () => (this.bar.hidden ? this.open() : this.close()));
    scope.listen(part(root, "find-close"), "click", () => this.close());
    scope.listen(part(root, "find-previous"), "click", () => this.#step(-1));
    scope.listen(part(root, "find-next"), "click", () => this.#step(1));
    scope.listen(this.field, "input", () => {
      this.update();
      this.#show();
    });
    scope.listen(this.bar, "keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    scope.own(() => this.#highlights.clear());
  }

  open() {
    this.#toggle(true);
    this.field.focus();
    this.field.select();
  }

  close() {
    const hadFocus = this.bar.contains(document.activeElement);
    this.field.value = "";
    this.update();
    this.#toggle(false);
    if (hadFocus) this.opener.focus();
    this.options.onClose();
  }

  /** Find again, because the lines or what is looked for have changed. */
  update() {
    const before = this.#matches[this.#index];
    this.#matches = matchesIn(this.options.lines(), this.field.value);
    this.#index = keptIndex(this.#matches, before);
    this.#render();
  }

  /** @param {boolean} open */
  #toggle(open) {
    this.bar.hidden = !open;
    setAttr(this.opener, "aria-expanded", String(open));
  }

  /** Escape closes the field, and not the deck with the call. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.target === this.field) this.#step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {1 | -1} by */
  #step(by) {
    this.#index = steppedIndex(this.#matches, this.#index, by);
    this.#render();
    this.#show();
  }

  /** Bring the hit into sight, and unfold what it is in. */
  #show() {
    const match = this.#matches[this.#index];
    if (!match || !this.#row) return;
    const details = match.field === "text" ? null : this.#row.querySelector("details");
    if (details) details.open = true;
    this.options.onShow(this.#row);
  }

  #render() {
    const match = this.#matches[this.#index];
    const row = match && this.options.elementOf(match.key);
    if (row !== this.#row) {
      this.#row?.removeAttribute("data-found");
      row?.setAttribute("data-found", "");
      this.#row = row;
    }
    setText(part(this.root, "find-count"), this.#countWords());
    for (const name of ["find-previous", "find-next"]) {
      setAttr(part(this.root, name), "aria-disabled", String(!match));
    }
    this.#highlights.paint(this.#matches, this.#index, ({ key, field }) => {
      const element = this.options.elementOf(key);
      return element && part(element, field);
    });
  }

  #countWords() {
    if (!this.field.value.trim()) return "";
    if (!this.#matches.length) return NONE;
    const values = { n: number(this.#index + 1), count: number(this.#matches.length) };
    // Translators: which hit of a search is shown, and how many there are
    return fill(gettext("%(n)s of %(count)s"), values);
  }
}
