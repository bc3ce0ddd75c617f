/** What is said around the rows: what waits, what is hidden, and what screen readers speak. */

import { part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { urgentNews } from "./attention.js";
import { isFiltering } from "./filter.js";

/** Pieces of news that follow each other faster are spoken together, or the later one would cut the other off. */
const NEWS_REST_MS = 3000;

/** @typedef {import("./listing.js").Listing} Listing */
/** @typedef {import("./order.js").Order} Order */
/** @typedef {import("./state.js").ListState} ListState */

const MANY = 20; // rows; with more of them, meters move without transitions

/** What the list is called. @type {Record<Order, string>} */
const NAMES = {
  attention: gettext("Calls, those that need attention first"),
  newest: gettext("Calls, the newest first"),
  longest: gettext("Calls, the longest first"),
  agent: gettext("Calls, by agent"),
};

export class Surroundings {
  /** @type {ReadonlySet<string>} the urgent conditions that were spoken */
  #told = new Set();
  #spokenAt = Number.NEGATIVE_INFINITY;
  /** The user has chosen another view, and wants to know how many calls it shows. */
  #asked = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.list = part(root, "list");
  }

  /**
   * @param {Listing} listing
   * @param {ListState} state
   * @param {import("./filter.js").View} view
   */
  show({ rows, hidden, needy }, { calls, link, watched }, { filter, order }) {
    const { root } = this;
    this.list.classList.toggle("calls-long", rows.ids.length > MANY);
    setAttr(this.list, "aria-label", NAMES[order]);
    const shown = shownWords(calls.size - hidden, calls.size);
    setText(part(root, "shown"), isFiltering(filter) ? shown : "");
    setText(part(root, "needy"), needyWords(needy));
    part(root, "nothing").hidden = rows.ids.length > 0 || !hidden;
    part(root, "unwatched").hidden = watched || link !== "live";
    setText(part(root, "pill"), movingWords(rows.waiting.size));
    part(root, "pill").hidden = !rows.waiting.size;
    if (this.#asked) setText(part(root, "spoken"), shown);
    this.#asked = false;
  }

  /**
   * Let screen readers speak the urgent conditions that are new.
   * @param {ListState} state
   * @param {number} now
   */
  speakNews({ calls, offset }, now) {
    if (now - this.#spokenAt < NEWS_REST_MS) return;
    const { words, told } = urgentNews(calls.values(), this.#told, now + offset);
    this.#told = told;
    if (!words) return;
    this.#spokenAt = now;
    setText(part(this.root, "spoken"), words);
  }

  /** With the next rows, let screen readers speak how many calls the new view shows. */
  viewChanged() {
    this.#asked = true;
  }
}

/**
 * @param {number} shown
 * @param {number} n all calls
 */
function shownWords(shown, n) {
  // Translators: shown is the number of calls that the filter lets through, n is the number of all calls
  const words = ngettext("%(shown)s of %(n)s call", "%(shown)s of %(n)s calls", n);
  return fill(words, { shown: number(shown), n: number(n) });
}

/** @param {number} needy */
function needyWords(needy) {
  if (!needy) return "";
  const words = ngettext(
    "%(n)s call that needs attention is hidden by your filter.",
    "%(n)s calls that need attention are hidden by your filter.",
    needy,
  );
  return fill(words, { n: number(needy) });
}

/** @param {number} n rows */
function movingWords(n) {
  return fill(ngettext("%(n)s row will move", "%(n)s rows will move", n), { n: number(n) });
}
