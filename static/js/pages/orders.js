/**
 * What a page lets people ask for: to have a call tapped again or paused, or to stop tapping it. It
 * serves every element with data-orders on the page, which names a call and holds the buttons of
 * templates/includes/order_start.html, order_pause.html and order_stop.html: rows, decks, and a part
 * of a call's page.
 * Such a block is drawn by update(), or a row by show(), because the list spreads its rows over many
 * frames.
 */

import { playedLegs } from "../list/calls.js";
import { canPause, canStart, canStop, isPaused, isUnderWay, orderWords, refusalWords } from "../list/orders.js";
import { part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { who, wordsOf } from "../ui/words.js";
import { ask } from "../wire/orders.js";
import { csrfToken, url } from "./common.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").OrderKind} OrderKind */

/** @typedef {OrderKind | "pause" | "resume"} Asked what may be asked for */
/** @typedef {{words: string, version: number}} Refusal */
/** @typedef {{kind: Asked, version: number, isHeard: boolean}} OwnOrder `version`: the call's before it */

/**
 * @typedef {object} OrdersOptions
 * @property {import("../ui/tap-words.js").OrderWords} words
 * @property {() => Iterable<HTMLElement>} blocks those that update() draws
 * @property {() => void} onChange runs when this page knows more than the calls say, so that all blocks may be old
 * @property {() => void} onAsk runs inside the click that asks for a start, so that sound may play
 * @property {(call: Call) => void} onStarted runs when a call can be heard that this page asked for
 */

const STOP = '[data-order="stop"]';
const SURE = '[data-part="sure"]';
const START = '[data-order="start"]';
const PAUSE = '[data-order="pause"]';
const PAUSED = '[data-part="paused"]';

export class CallOrders {
  /** @type {ReadonlyMap<string, Call>} */
  #calls = new Map();
  /** What this page has asked for and does not know the outcome of, by call. @type {Map<string, OwnOrder>} */
  #own = new Map();
  /** Why the server did not take an order, for the version of the call. @type {Map<string, Refusal>} */
  #refused = new Map();
  /** Calls for which the server has not answered a post yet. @type {Set<string>} */
  #asking = new Set();
  /** The call that each block shows, so that only what has changed is drawn. @type {WeakMap<Element, Call>} */
  #shown = new WeakMap();

  /**
   * @param {HTMLElement} root the page's
   * @param {Scope} scope
   * @param {OrdersOptions} options
   */
  constructor(root, scope, options) {
    this.root = root;
    this.scope = scope;
    this.options = options;
    scope.listen(root, "click", (/** @type {MouseEvent} */ event) => this.#click(event));
    scope.listen(root, "focusout", (/** @type {FocusEvent} */ event) => this.#left(event));
    // Before the decks get the key, for which Escape means something else.
    const onKey = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    root.addEventListener("keydown", onKey, true);
    scope.own(() => root.removeEventListener("keydown", onKey, true));
  }

  /** Show what may be asked of these calls. @param {ReadonlyMap<string, Call>} calls */
  update(calls) {
    this.#calls = calls;
    for (const [id, order] of this.#own) this.#follow(order, calls.get(id));
    for (const block of this.options.blocks()) this.show(block);
  }

  /**
   * Hear a call as soon as it can be heard, and read the outcome of an order out once. What has
   * succeeded is said by the call's deck and its row.
   * @param {OwnOrder} order
   * @param {Call | undefined} call
   */
  #follow(order, call) {
    if (!call || call.version <= order.version) return;
    if (order.kind === "start" && !order.isHeard && playedLegs(call).length) {
      order.isHeard = true;
      if (this.#canListen) this.options.onStarted(call);
    }
    if (isUnderWay(call) || this.#asking.has(call.id)) return;
    this.#own.delete(call.id);
    if (call.order) this.#say(call, orderWords(call, this.options.words));
  }

  /**
   * Show in a block what may be asked of its call, unless the block shows that already.
   * @param {HTMLElement} block
   * @returns {boolean} whether it was drawn
   */
  show(block) {
    const call = this.#calls.get(block.getAttribute("data-orders") ?? "");
    if (!call || this.#shown.get(block) === call) return false;
    this.#shown.set(block, call);
    this.#draw(block, call);
    return true;
  }

  /** Draw all blocks again. */
  #showAgain() {
    this.#shown = new WeakMap();
    this.options.onChange();
  }

  /**
   * @param {HTMLElement} block
   * @param {Call} call
   */
  #draw(block, call) {
    const asking = this.#asking.has(call.id);
    const refusal = this.#refusalOf(call);
    const words = refusal || orderWords(call, this.options.words);
    const line = part(block, "order-words");
    setText(line, words);
    setAttr(line, "data-failed", String(Boolean(refusal || call.order?.error)));
    line.hidden = !words;
    const stops = canStop(call) && !asking;
    const isSure = stops && sureBlock(block) !== null;
    hide(block, SURE, !isSure);
    hide(block, STOP, !stops || isSure);
    hide(block, START, !canStart(call) || asking);
    hide(block, PAUSE, !canPause(call) || asking);
    hide(block, PAUSED, !isPaused(call) || asking);
    // Translators: this text must begin with the translation of “Listen in”, which is written on the button
    const name = fill(gettext("Listen in to %(who)s"), { who: who(call) });
    block.querySelector(START)?.setAttribute("aria-label", name);
    keepFocus(block);
  }

  /** Why the last order for a call was not taken, unless the call has changed since. @param {Call} call */
  #refusalOf(call) {
    const refusal = this.#refused.get(call.id);
    return refusal?.version === call.version ? refusal.words : "";
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const button = /** @type {Element} */ (event.target).closest("[data-order]");
    const block = button?.closest("[data-orders]");
    const call = this.#calls.get(block?.getAttribute("data-orders") ?? "");
    if (!button || !block || !call) return;
    switch (button.getAttribute("data-order")) {
      case "stop":
        this.#confirm(block, true);
        break;
      case "keep":
        this.#confirm(block, false);
        break;
      case "really-stop":
        // The second click of a double click on the button before is no second thought.
        if (event.detail < 2) this.#ask(call, "stop");
        break;
      case "pause":
      case "prolong":
        this.#ask(call, "pause");
        break;
      case "resume":
        this.#ask(call, "resume");
        break;
      default:
        if (this.#canListen) this.options.onAsk();
        this.#ask(call, "start");
    }
  }

  /**
   * Offer the second of the two steps to a stop, or take it back.
   * @param {Element} block
   * @param {boolean} isSure
   */
  #confirm(block, isSure) {
    const [shown, hidden] = isSure ? [SURE, STOP] : [STOP, SURE];
    hide(block, shown, false);
    const next = block.querySelector(`[data-order="${isSure ? "really-stop" : "stop"}"]`);
    /** @type {HTMLElement | null} */ (next)?.focus();
    hide(block, hidden, true); // only now: what is hidden with the focus loses it to nothing
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape") return;
    const block = sureBlock(event.target);
    if (!block) return;
    event.stopPropagation();
    this.#confirm(block, false);
  }

  /** Take the second step back when the focus goes elsewhere. @param {FocusEvent} event */
  #left(event) {
    const block = sureBlock(event.target);
    if (!block || block.contains(/** @type {Node | null} */ (event.relatedTarget))) return;
    hide(block, SURE, true);
    hide(block, STOP, false);
  }

  /**
   * @param {Call} call
   * @param {Asked} kind
   */
  async #ask(call, kind) {
    const { id } = call;
    if (this.#asking.has(id)) return; // the button was clicked again before it was hidden
    this.#refused.delete(id);
    this.#asking.add(id);
    this.#own.set(id, { kind, version: call.version, isHeard: false });
    this.#showAgain();
    const refusal = await ask(this.#url(id, kind), csrfToken(document));
    if (this.scope.disposed) return;
    this.#asking.delete(id);
    if (refusal) this.#refuse(this.#calls.get(id) ?? call, refusal);
    this.#showAgain();
  }

  get #canListen() {
    return this.root.hasAttribute("data-can-listen");
  }

  /**
   * Where an order for a call is posted to. The markup has the address for the call 0.
   * @param {string} id
   * @param {Asked} kind
   */
  #url(id, kind) {
    return url(this.root, kind).replace("/0/", `/${id}/`);
  }

  /**
   * @param {Call} call
   * @param {string} refusal
   */
  #refuse(call, refusal) {
    const words = refusalWords(refusal, this.options.words);
    this.#own.delete(call.id);
    this.#refused.set(call.id, { words, version: call.version });
    this.#say(call, words);
  }

  /**
   * @param {Call} call
   * @param {string} words which screen readers read, politely
   */
  #say(call, words) {
    setText(part(this.root, "order-announce"), wordsOf(who(call), words));
  }
}

/**
 * The block around an element, if it offers the second step to a stop.
 * @param {EventTarget | null} target
 */
function sureBlock(target) {
  const block = /** @type {Element | null} */ (target)?.closest("[data-orders]") ?? null;
  return block?.querySelector('[data-part="sure"]:not([hidden])') ? block : null;
}

/**
 * Hide a part of a block, or show it. Blocks have only the parts that their reader may use.
 * @param {Element} block
 * @param {string} selector
 * @param {boolean} hidden
 */
function hide(block, selector, hidden) {
  const element = /** @type {HTMLElement | null} */ (block.querySelector(selector));
  if (element) element.hidden = hidden;
}

/**
 * Move the focus off a button that was just hidden, to what is next to it.
 * @param {Element} block
 */
function keepFocus(block) {
  const { activeElement } = document;
  if (!activeElement || !block.contains(activeElement) || !activeElement.closest("[hidden]")) return;
  const row = block.closest("li") ?? block;
  const near = [...block.querySelectorAll("[data-order], [data-action]"), ...row.querySelectorAll("a[href], button")];
  const next = near.find((element) => !element.closest("[hidden]"));
  /** @type {HTMLElement | undefined} */ (next)?.focus();
}
