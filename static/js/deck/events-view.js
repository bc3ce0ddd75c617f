/**
 * Shows a call's events twice: as marks under the waveform, for the eye and the mouse, and as a
 * list of buttons, for everybody. Each of them plays the moment.
 */

import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number, timeFormat } from "../ui/locale.js";
import { marksIn } from "./waveform.js";

/** How often the list is looked through; the marks move with every drawing. */
const LOOK_MS = 1000;
const OLDER = gettext("This is older than the audio that this page holds.");
const CLOCK = timeFormat({ timeStyle: "medium" });

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./head.js").Head} Head */
/** @typedef {import("./timeline.js").Moment} Moment */
/** @typedef {import("./waveform.js").Strip} Strip */

export class EventsView {
  #lookAt = -Infinity; // ms
  /** @type {Moment[]} */
  #moments = [];
  /** The items of the list, by the moment's key. @type {Map<string, HTMLElement>} */
  #items = new Map();
  /** @type {HTMLElement[]} */
  #marks = [];
  /** What each mark plays. @type {Map<HTMLElement, number>} */
  #plays = new Map();

  /**
   * @param {HTMLElement} root the transport's
   * @param {() => Head} head the deck's
   * @param {() => Moment[]} moments
   * @param {Scope} scope
   */
  constructor(root, head, moments, scope) {
    this.root = root;
    this.head = head;
    this.moments = moments;
    for (const name of ["marks", "events"]) {
      scope.listen(part(root, name), "click", (/** @type {Event} */ event) => this.#play(event));
    }
  }

  /**
   * @param {Strip | null} strip the part of the call that is in sight
   * @param {number} now ms
   */
  render(strip, now) {
    if (now >= this.#lookAt) {
      this.#lookAt = now + LOOK_MS;
      this.#moments = this.moments();
      this.#list();
    }
    this.#place(strip);
  }

  /** @param {Event} event */
  #play(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    const ms = button && this.#plays.get(button);
    if (ms !== undefined && ms !== null && this.head().placeOf(ms) !== null) this.head().playMoment(ms);
  }

  #list() {
    const list = part(this.root, "events");
    const keys = new Set(this.#moments.map(({ key }) => key));
    for (const [key, item] of this.#items) {
      if (keys.has(key)) continue;
      this.#plays.delete(part(item, "event"));
      item.remove();
      this.#items.delete(key);
    }
    let next = list.firstElementChild;
    for (const moment of this.#moments) {
      const item = this.#itemOf(moment);
      if (item === next) next = next.nextElementSibling;
      else list.insertBefore(item, next);
    }
    setText(part(this.root, "event-count"), eventsWords(this.#moments.length));
  }

  /** @param {Moment} moment */
  #itemOf(moment) {
    const item = this.#items.get(moment.key) ?? this.#newItem(moment);
    const button = part(item, "event");
    const isHeld = this.head().placeOf(moment.ms) !== null;
    setAttr(button, "aria-disabled", String(!isHeld));
    setAttr(button, "title", isHeld ? "" : OLDER);
    return item;
  }

  /** @param {Moment} moment */
  #newItem({ key, ms, title, words, state }) {
    const item = copyOf(part(this.root, "event-item"));
    setAttr(item, "data-state", state);
    setText(part(item, "event-time"), CLOCK.format(ms));
    setText(part(item, "event-title"), title);
    setText(part(item, "event-words"), words);
    this.#items.set(key, item);
    this.#plays.set(part(item, "event"), ms);
    return item;
  }

  /** @param {Strip | null} strip */
  #place(strip) {
    const indexed = this.#moments.flatMap((moment) => {
      const index = this.head().placeOf(moment.ms);
      return index === null ? [] : [{ ...moment, index }];
    });
    const places = strip ? marksIn(indexed, strip) : [];
    for (const [n, { x, marks }] of places.entries()) this.#showMark(this.#marks[n] ?? this.#newMark(), x, marks);
    for (const spare of this.#marks.splice(places.length)) {
      this.#plays.delete(spare);
      spare.remove();
    }
  }

  #newMark() {
    const mark = copyOf(part(this.root, "event-mark"));
    part(this.root, "marks").append(mark);
    this.#marks.push(mark);
    return mark;
  }

  /**
   * @param {HTMLElement} mark
   * @param {number} x
   * @param {[Moment, ...Moment[]]} moments that it stands for
   */
  #showMark(mark, x, moments) {
    const [first] = moments;
    mark.style.setProperty("--transport-x", `${Math.round(x)}px`);
    setAttr(mark, "data-state", first.state);
    setAttr(mark, "title", moments.map(({ title }) => title).join("\n"));
    setText(mark, moments.length > 1 ? number(moments.length) : "");
    this.#plays.set(mark, first.ms);
  }
}

/** @param {number} n */
function eventsWords(n) {
  // Translators: what happened in a call
  return fill(ngettext("%(n)s event", "%(n)s events", n), { n: number(n) });
}
