/**
 * One call's row of the live list. Its words always stand on the page, where the browser and
 * screen readers find them; its details are there only while it is near the sight. The details of
 * 500 calls would be 40 000 nodes more, and then one frame of scrolling takes 110 ms.
 */

import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { pgettext } from "../ui/i18n.js";
import { orderedWords, PAUSED } from "../ui/pause-words.js";
import { agentName, callerParts } from "../ui/words.js";
import { urgencyOf } from "./attention.js";
import { RowDetails } from "./details.js";
import { isPaused } from "./orders.js";

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("./details.js").Heard} Heard */
/** @typedef {import("./details.js").RowParts} RowParts */
/** @typedef {import("./marks.js").MarkKind} MarkKind */

/** @type {Record<MarkKind, string>} */
const MARKS = {
  // Translators: a call that has just come into the list
  new: pgettext("call", "New"),
  // Translators: a call whose state or attention has just changed
  changed: pgettext("call", "Changed"),
  ended: pgettext("call", "Ended"),
};

export class CallRow {
  /** @type {RowDetails | null} */
  #details = null;
  /** @type {Call | null} what the row says */
  #call = null;
  #tabStops = false;

  /**
   * @param {string} id the call's
   * @param {RowParts} parts
   */
  constructor(id, parts) {
    this.id = id;
    this.parts = parts;
    this.element = copyOf(parts.row);
    this.agent = part(this.element, "agent");
    this.chip = part(this.element, "chip");
    setAttr(this.element, "data-call", id);
  }

  /** @returns {RowDetails | null} null while the row is closed */
  get details() {
    return this.#details;
  }

  /** Add the details, which are empty until a call is shown. */
  open() {
    const details = new RowDetails(this.id, this.parts);
    this.#details = details;
    this.element.append(details.element);
    this.chip.insertBefore(details.icon, this.chip.firstChild);
    this.element.classList.toggle("calls-closed", false);
    this.tab(this.#tabStops);
  }

  /**
   * Take the details away.
   * @param {number} height px that the row keeps, so that the rows below it stay where they are
   */
  close(height) {
    this.#details?.element.remove();
    this.#details?.icon.remove();
    this.#details = null;
    this.element.style.setProperty("--calls-height", `${height}px`);
    this.element.classList.toggle("calls-closed", true);
  }

  /**
   * The element to which the arrow keys move: the button, or the link if there is no button.
   * @returns {HTMLElement}
   */
  get stop() {
    return this.#details?.action ?? this.agent;
  }

  /**
   * Let the Tab key stop in this row, or leave it to the arrow keys.
   * @param {boolean} stops
   */
  tab(stops) {
    this.#tabStops = stops;
    for (const control of [this.agent, ...(this.#details?.controls ?? [])]) {
      setAttr(control, "tabindex", stops ? "0" : "-1");
    }
  }

  /**
   * Show a call, unless the row says the same already.
   * @param {Call} call
   * @param {Heard | null} heard
   * @param {MarkKind | undefined} mark
   * @returns {boolean} whether the row was changed
   */
  show(call, heard, mark) {
    const changed = [this.#showCall(call), this.#showState(heard, mark), this.#details?.show(call, heard)];
    return changed.some(Boolean);
  }

  /** @param {Call} call */
  #showCall(call) {
    if (call === this.#call) return false;
    this.#call = call;
    const row = this.element;
    const caller = callerParts(call);
    const { states, hints } = this.parts.words;
    const [worst] = call.over ? [] : call.attention;
    setAttr(row, "data-state", call.state);
    setAttr(row, "data-urgency", worst ? urgencyOf(worst) : "");
    setText(this.agent, agentName(call.agent));
    setAttr(this.agent, "href", this.parts.urlOf(call));
    setText(part(row, "reason"), call.reason);
    setAttr(part(row, "reason"), "title", call.reason);
    setText(part(row, "caller"), caller.name);
    setText(part(row, "number"), caller.number);
    const paused = isPaused(call);
    setAttr(row, "data-paused", String(paused));
    setText(part(row, "state"), paused ? PAUSED : (states[call.state] ?? call.state));
    setAttr(this.chip, "title", paused ? orderedWords(call.pause) : (hints[call.state] ?? ""));
    return true;
  }

  /**
   * @param {Heard | null} heard
   * @param {MarkKind | undefined} mark
   */
  #showState(heard, mark) {
    const { element } = this;
    const [audio, kind] = [heard?.audio ?? "idle", mark ?? ""];
    if (element.getAttribute("data-audio") === audio && element.getAttribute("data-mark") === kind) return false;
    setAttr(element, "data-audio", audio);
    setAttr(element, "data-mark", kind);
    setText(part(element, "mark"), mark ? MARKS[mark] : "");
    return true;
  }
}
