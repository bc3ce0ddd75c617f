/** The live list on the page: its rows, what is said around them, and the keys that walk through them. */

import { part } from "../ui/dom.js";
import { letEscapeHide } from "./explanations.js";
import { callOf, HandsOnList } from "./hands.js";
import { matcher } from "./filter.js";
import { emptyListing, list } from "./listing.js";
import { CallRow } from "./row.js";
import { Rows } from "./rows.js";
import { Slice } from "./slice.js";
import { emptyList } from "./state.js";
import { Surroundings } from "./surroundings.js";
import { ListTools } from "./tools.js";

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("./details.js").Heard} Heard */
/** @typedef {import("./state.js").ListState} ListState */

export class CallList {
  /** @type {ListState} */
  #state = emptyList();
  /** @type {ReadonlyMap<string, Heard>} by call */
  #heard = new Map();
  #listing = emptyListing();
  /** @type {number | null} the frame that was asked for */
  #frame = null;
  /** The calls that the filter lets through. @param {ReadonlyMap<string, Call>} calls */
  matching(calls) {
    return [...calls.values()].filter(matcher(this.tools.view.filter));
  }

  /** The calls, the view or the time have changed, so that rows may stand elsewhere. */
  #changed = false;
  /** Rows are missing or say something old, which the next frames mend. */
  #unfinished = false;
  /** Levels have come, or time has passed, since the sounds were drawn. */
  #soundsDue = false;
  #wasForRows = false;

  /**
   * @param {HTMLElement} root
   * @param {import("../ui/scope.js").Scope} scope
   * @param {object} options
   * @param {import("../ui/settings.js").Settings} options.settings the user's
   * @param {import("../ui/tap-words.js").TapWords} options.words
   * @param {(call: Call) => string} options.urlOf the page about a call
   * @param {(id: string) => import("../wire/messages.js").SaidLine | undefined} options.saidIn what
   *   was said last in a call
   * @param {(id: string) => void} options.onToggle runs when a row's Listen or Stop is clicked
   * @param {(id: string) => void} options.onDismiss runs when an ended call may leave
   * @param {(details: HTMLElement) => boolean} options.onRow runs for the details of each row that
   *   shows its call, and returns whether that has changed them
   */
  constructor(root, scope, options) {
    this.root = root;
    this.options = options;
    this.list = part(root, "list");
    this.hands = new HandsOnList(this.list, scope);
    this.surroundings = new Surroundings(root);
    this.rows = new Rows(this.list, scope, this.#rowOptions());
    this.tools = new ListTools(root, scope, {
      ...options,
      agentsNow: () => [...this.#state.calls.values()].map((call) => call.agent),
      onView: () => {
        this.#rearrange();
        this.surroundings.viewChanged();
      },
    });
    letEscapeHide(this.list, scope);
    scope.listen(part(root, "pill"), "click", () => this.#rearrange());
    scope.listen(this.list, "keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    scope.listen(this.list, "focusin", (event) => this.rows.tabTo(callOf(/** @type {Element} */ (event.target))));
    scope.listen(this.list, "click", (event) => this.#click(/** @type {Element} */ (event.target)));
    scope.own(() => this.#frame !== null && cancelAnimationFrame(this.#frame));
  }

  /** How the rows are made and kept up to date. */
  #rowOptions() {
    const { root, options } = this;
    const templates = { row: part(root, "row"), details: part(root, "details"), leg: part(root, "leg") };
    const may = { canListen: root.hasAttribute("data-can-listen"), noStart: root.dataset.noStart ?? "" };
    const parts = { ...templates, ...may, ...options };
    return {
      make: (/** @type {string} */ id) => new CallRow(id, parts),
      change: (/** @type {CallRow} */ row) => this.#show(row, Date.now()),
      onSight: () => {
        this.#unfinished = true;
        this.#ask();
      },
    };
  }

  /** @returns {string[]} the calls that must not leave the list now */
  get held() {
    if (this.hands.busy) return [...this.#listing.rows.ids];
    return this.hands.focused === undefined ? [] : [this.hands.focused];
  }

  /** @returns {string | undefined} the call whose row has the focus */
  get focused() {
    return this.hands.focused;
  }

  /** Move the focus to the row of a call, or to the first row. @param {string} id */
  focus(id) {
    this.rows.focus(this.rows.placeOf(id));
  }

  /**
   * @param {ListState} state
   * @param {ReadonlyMap<string, Heard>} heard by the call's id
   */
  render(state, heard) {
    [this.#state, this.#heard, this.#changed, this.#soundsDue] = [state, heard, true, true];
    this.#ask();
  }

  /** Draw only what changes many times a second: levels, and what is said. @param {ListState} state */
  redraw(state) {
    [this.#state, this.#soundsDue] = [state, true];
    this.#ask();
  }

  /** All drawing happens in one frame, however many messages have come. */
  #ask() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  /**
   * Do one frame's work. Where both rows and sounds are to be drawn, they take turns, because the
   * browser would take more than 50 ms to show both.
   */
  #draw() {
    const now = Date.now();
    if (this.#changed) this.#arrange(now);
    const isForRows = this.#unfinished && !(this.#soundsDue && this.#wasForRows);
    if (isForRows) this.#unfinished = !this.rows.update(this.#wanted(), newSlice());
    else this.#soundsDue = !this.#drawSounds(now);
    this.#wasForRows = isForRows;
    if (this.#unfinished || this.#soundsDue) this.#ask();
  }

  /**
   * Draw what is heard in the rows in sight.
   * @param {number} now
   * @returns {boolean} whether that was done for all of them
   */
  #drawSounds(now) {
    const slice = newSlice();
    return [...this.rows.near].every((row) => {
      row.details?.draw(this.#state, now);
      return slice.next();
    });
  }

  /** @returns {import("./rows.js").Wanted} */
  #wanted() {
    return { ids: this.#listing.rows.ids, known: this.#state.calls, keep: this.hands.kept };
  }

  /** @param {number} now */
  #arrange(now) {
    const state = this.#state;
    const { view } = this.tools;
    const moment = { busy: this.hands.busy, live: state.link === "live", now };
    this.#listing = list(this.#listing, state.calls, view, moment);
    this.surroundings.show(this.#listing, state, view);
    this.surroundings.speakNews(state, now);
    this.#changed = false;
    this.#unfinished = true;
  }

  /**
   * @param {CallRow} row
   * @param {number} now
   * @returns {boolean} whether the row was changed
   */
  #show(row, now) {
    const call = this.#state.calls.get(row.id);
    const mark = this.#listing.marks.marks.get(row.id)?.kind;
    if (!call) return false;
    const changed = row.show(call, this.#heard.get(row.id) ?? null, mark);
    const { details } = row;
    if (!details) return changed;
    if (changed) details.draw(this.#state, now);
    return this.options.onRow(details.element) || changed;
  }

  /** Show the rows as they should stand, wherever the pointer is, because the user has asked for it. */
  #rearrange() {
    this.hands.letGo();
    this.render(this.#state, this.#heard);
  }

  /** @param {Element} target */
  #click(target) {
    const action = target.closest("[data-action]")?.getAttribute("data-action");
    const id = callOf(target);
    if (!action || !id) return;
    if (action === "dismiss") this.options.onDismiss(id);
    else this.options.onToggle(id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const id = this.hands.focused;
    if (event.key === "Delete" && id && this.#state.calls.get(id)?.over) this.options.onDismiss(id);
    else this.#walk(event, this.rows.placeOf(id));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} here the place of the row that has the focus
   */
  #walk(event, here) {
    /** @type {Record<string, number>} */
    const ways = { ArrowDown: here + 1, j: here + 1, ArrowUp: here - 1, k: here - 1, Home: 0, End: this.rows.count - 1 };
    const next = ways[event.key];
    if (next === undefined) return;
    event.preventDefault(); // the page would scroll
    this.rows.focus(next);
  }
}

function newSlice() {
  return new Slice(() => performance.now());
}
