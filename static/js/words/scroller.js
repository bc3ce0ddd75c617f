/**
 * Keeps in sight what is said now, until the reader scrolls elsewhere; and again, once the reader
 * has scrolled back to it. Only the list scrolls, never the page.
 */

/** Who is this close to the end, in CSS pixels, is there: lines grow while one reads. */
const NEAR_END = 32;
/** A place that differs less from what was set is the same: browsers round it. */
const SAME_PLACE = 2;

/** @typedef {import("../ui/scope.js").Scope} Scope */

export class Scroller {
  /** What stays in sight: what is said now, a line, or whatever the reader looks at. @type {"now" | HTMLElement | null} */
  #kept = "now";
  #set = 0; // the place to which this scrolled last

  /**
   * @param {HTMLElement} box which scrolls
   * @param {HTMLElement} list in it
   * @param {Scope} scope
   * @param {{now: () => HTMLElement | undefined, onChange: () => void}} options the line that is
   *   said now, if it is not at the end; `onChange` runs when `follows` may have changed
   */
  constructor(box, list, scope, { now, onChange }) {
    this.box = box;
    this.now = now;
    this.onChange = onChange;
    scope.listen(box, "scroll", () => this.#scrolled());
    // Lines get their true height only when they come near the sight.
    const observer = new ResizeObserver(() => this.keep());
    for (const element of [box, list]) observer.observe(element);
    scope.own(() => observer.disconnect());
  }

  /** Is what is said now kept in sight? */
  get follows() {
    return this.#kept === "now";
  }

  /** Go to what is said now, and stay there. */
  follow() {
    this.#kept = "now";
    this.keep();
    this.onChange();
  }

  /** Go to a line, and keep it in sight. @param {HTMLElement} element */
  show(element) {
    this.#kept = element;
    this.keep();
    this.onChange();
  }

  /** Scroll again, because the lines have changed. */
  keep() {
    if (this.#kept !== "now" && this.#kept?.isConnected === false) this.#kept = null; // another line took its place
    const kept = this.#kept === "now" ? this.now() : this.#kept;
    if (kept) this.#reveal(kept);
    else if (this.#kept === "now") this.#scroll(this.box.scrollHeight);
  }

  #scrolled() {
    if (Math.abs(this.box.scrollTop - this.#set) < SAME_PLACE) return;
    this.#set = this.box.scrollTop;
    this.#kept = this.#isNowInSight() ? "now" : null;
    this.onChange();
  }

  #isNowInSight() {
    const { box } = this;
    const element = this.now();
    if (!element) return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    return element.offsetTop + element.offsetHeight > box.scrollTop && element.offsetTop < box.scrollTop + box.clientHeight;
  }

  /** Put a line in the middle, unless all of it is in sight. @param {HTMLElement} element */
  #reveal(element) {
    const { scrollTop, clientHeight } = this.box;
    const { offsetTop, offsetHeight } = element;
    if (offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight) return;
    this.#scroll(offsetTop - Math.max(0, (clientHeight - offsetHeight) / 2));
  }

  /** @param {number} place */
  #scroll(place) {
    if (Math.abs(this.box.scrollTop - place) >= 1) this.box.scrollTop = place;
    this.#set = this.box.scrollTop;
  }
}
