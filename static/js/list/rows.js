/**
 * The rows as elements: made, put into their places and opened in slices, with as few moves as
 * possible. They are put from the top down, because whoever chooses a filter or an order sees the
 * top of the list. A row is open, so that it shows all about its call, while it is near the sight.
 */

import { callOf } from "./hands.js";
import { moved } from "./moves.js";

/** Rows that are just out of sight are open too, or scrolling would show them unfinished. */
const NEARLY_IN_SIGHT = "25% 0px";
/**
 * How long the browser takes to draw what a step has changed, in ms. Rows that are added below all
 * others take the least, because no other row moves.
 */
const DRAWN = { added: 0.2, moved: 0.5, removed: 0.5, opened: 2.5, closed: 0.3 };

/** @typedef {import("./row.js").CallRow} CallRow */
/** @typedef {import("./slice.js").Slice} Slice */

/**
 * What the rows should be.
 * @typedef {object} Wanted
 * @property {readonly string[]} ids the rows on the page, top down; the same array while none moves
 * @property {{has: (id: string) => boolean}} known all calls of the list, filtered out or not
 * @property {string | undefined} keep a row that must not be moved, because it has the focus or the pointer
 */

export class Rows {
  /** Also those that the filter hides, because making them again takes far longer. @type {Map<string, CallRow>} */
  #rows = new Map();
  /** @type {string[]} the ids of the rows on the page, top down */
  #standing = [];
  /** @type {readonly string[]} the order in which all of them were put last */
  #placed = this.#standing;
  /** The rows in sight or nearly so. @type {Set<CallRow>} */
  #near = new Set();
  /** Rows that are open and no longer near, with their heights in px. @type {Map<CallRow, number>} */
  #far = new Map();
  /** @type {string | undefined} the one row in which the Tab key stops */
  #tabbed = undefined;

  /**
   * @param {HTMLElement} list
   * @param {import("../ui/scope.js").Scope} scope
   * @param {object} options
   * @param {(id: string) => CallRow} options.make
   * @param {(row: CallRow) => boolean} options.change brings a row up to date; returns whether it was changed
   * @param {() => void} options.onSight runs when rows have come near the sight or gone from it
   */
  constructor(list, scope, { make, change, onSight }) {
    this.list = list;
    this.make = make;
    this.change = change;
    this.observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) this.#see(entry);
        onSight();
      },
      { rootMargin: NEARLY_IN_SIGHT },
    );
    scope.own(() => this.observer.disconnect());
  }

  /** The rows in sight or nearly so. */
  get near() {
    return this.#near;
  }

  /**
   * Do what a slice allows to bring the rows up to date, those in sight first.
   * @param {Wanted} wanted
   * @param {Slice} slice
   * @returns {boolean} whether nothing is left to do
   */
  update(wanted, slice) {
    return (
      this.#refresh([...this.#near], slice) &&
      this.#openNear(slice) &&
      this.#arrange(wanted, slice) &&
      this.#closeFar(slice) &&
      this.#refresh(this.#standing.map((id) => this.#known(id)), slice)
    );
  }

  /**
   * Change the rows that show something old.
   * @param {CallRow[]} rows
   * @param {Slice} slice
   * @returns {boolean} whether all of them are up to date
   */
  #refresh(rows, slice) {
    return rows.every((row) => !this.change(row) || slice.next());
  }

  /**
   * @param {Slice} slice
   * @returns {boolean} whether all rows near the sight are open
   */
  #openNear(slice) {
    for (const row of this.#near) {
      if (row.details) continue;
      if (!slice.next(DRAWN.opened)) return false;
      this.#open(row);
    }
    return true;
  }

  /** @param {CallRow} row */
  #open(row) {
    row.open();
    this.change(row);
  }

  /**
   * Close the rows far from the sight, but the one in which the Tab key stops.
   * @param {Slice} slice
   * @returns {boolean} whether all of them are closed
   */
  #closeFar(slice) {
    for (const [row, height] of this.#far) {
      if (row.id === this.#tabbed) continue;
      if (!slice.next(DRAWN.closed)) return false;
      row.close(height);
      this.#far.delete(row);
    }
    return true;
  }

  /**
   * Bring the right rows into the right order.
   * @param {Wanted} wanted
   * @param {Slice} slice
   * @returns {boolean} whether all of them are there
   */
  #arrange(wanted, slice) {
    const { ids, known } = wanted;
    if (ids === this.#placed) return true;
    const { activeElement } = document;
    const place = this.placeOf(activeElement ? callOf(activeElement) : undefined);
    const arranged = this.#takeOut(new Set(ids), slice) && this.#place(wanted, slice);
    this.#standing = [...this.list.children].map((row) => callOf(row) ?? "");
    if (arranged) this.#placed = ids;
    if (arranged) this.#forget(known);
    if (document.activeElement !== activeElement) this.focus(place); // its row was taken out
    this.tabTo(this.#tabbed);
    return arranged;
  }

  /**
   * Take rows off the page that are no longer shown, from the bottom up: otherwise each of them
   * would bring another one into sight that is taken out next.
   * @param {ReadonlySet<string>} shown
   * @param {Slice} slice
   * @returns {boolean} whether all of them were
   */
  #takeOut(shown, slice) {
    for (const id of [...this.#standing].reverse()) {
      if (shown.has(id)) continue;
      if (!slice.next(DRAWN.removed)) return false;
      const row = this.#known(id);
      this.observer.unobserve(row.element);
      this.#near.delete(row);
      row.element.remove();
    }
    return true;
  }

  /**
   * Put rows into their places, from the top down, and make those that are missing.
   * @param {Wanted} wanted
   * @param {Slice} slice
   * @returns {boolean} whether all of them are there
   */
  #place({ ids, keep }, slice) {
    const moves = moved(this.#standing, ids, keep);
    /** @type {Element | null} */
    let above = null;
    for (const id of ids) {
      if (moves.has(id)) {
        /** @type {Node | null} */
        const below = above ? above.nextSibling : this.list.firstChild;
        if (!slice.next(below || this.#rows.has(id) ? DRAWN.moved : DRAWN.added)) return false;
        this.list.insertBefore(this.#ready(id).element, below);
      }
      above = this.#known(id).element;
    }
    return true;
  }

  /**
   * A row that is to stand on the page, up to date.
   * @param {string} id
   */
  #ready(id) {
    const row = this.#rows.get(id) ?? this.make(id);
    this.#rows.set(id, row);
    this.change(row);
    this.observer.observe(row.element);
    return row;
  }

  /** Forget the rows of calls that have left the list. @param {Wanted["known"]} known */
  #forget(known) {
    for (const id of this.#rows.keys()) if (!known.has(id)) this.#rows.delete(id);
  }

  /**
   * Focus the row at a place, or the nearest one that there is.
   * @param {number} place from the top
   */
  focus(place) {
    const id = this.#standing[Math.max(0, Math.min(place, this.#standing.length - 1))];
    if (id === undefined) return;
    const row = this.#known(id);
    if (!row.details) this.#open(row);
    row.stop.focus();
  }

  /**
   * Let the Tab key stop in one row only, the one that had the focus last: with 40 calls it would
   * take a hundred steps to what is below the list.
   * @param {string | undefined} id
   */
  tabTo(id) {
    const next = id !== undefined && this.#standing.includes(id) ? id : this.#standing[0];
    if (next !== this.#tabbed) this.#rows.get(this.#tabbed ?? "")?.tab(false);
    const row = this.#rows.get(next ?? "");
    row?.tab(true);
    if (row && !row.details) this.#open(row); // the Tab key stops at its buttons
    this.#tabbed = next;
  }

  /** @param {string | undefined} id */
  placeOf(id) {
    return id === undefined ? -1 : this.#standing.indexOf(id);
  }

  get count() {
    return this.#standing.length;
  }

  /** @param {string} id @returns {CallRow} */
  #known(id) {
    return /** @type {CallRow} */ (this.#rows.get(id));
  }

  /** @param {IntersectionObserverEntry} entry */
  #see({ target, isIntersecting, boundingClientRect }) {
    const row = this.#rows.get(callOf(target) ?? "");
    if (!row || !target.isConnected) return; // it may have been taken out since
    if (isIntersecting) this.#near.add(row);
    else this.#near.delete(row);
    if (isIntersecting) this.#far.delete(row);
    else if (row.details) this.#far.set(row, boundingClientRect.height);
  }
}
