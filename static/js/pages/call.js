/** The page of one call: its deck, and its facts, which are kept up to date while it is active. */

import { isHeard } from "../deck/light.js";
import { elapsed, goesOn, playedLegs, silentSince } from "../list/calls.js";
import { canStart } from "../list/orders.js";
import { figureOf, isRefusing, shown } from "../list/packets.js";
import { localTimes, part, setAttr, setIcon, setText } from "../ui/dom.js";
import { gettext, pgettext } from "../ui/i18n.js";
import { list } from "../ui/locale.js";
import { Scope } from "../ui/scope.js";
import { agentName, duration, listRefusal, outOfDate, readBy, silentSinceWords } from "../ui/words.js";
import { Close, signInHelps } from "../wire/protocol.js";
import { url } from "./common.js";
import { openHeader } from "./header.js";
import { followMoment } from "./moment.js";
import { OneCall } from "./one-call.js";
import { CallOrders } from "./orders.js";

/** @typedef {import("../wire/messages.js").Call} Call */

const ENDED = gettext("This call has ended.");
// Translators: a link after the sentence “This call has ended.”
const FINAL_RECORD = gettext("Show the final record");

export class CallPage {
  /**
   * @param {HTMLElement} root
   * @param {Scope} scope
   * @param {import("../ui/settings.js").Settings} settings the user's
   */
  constructor(root, scope, settings) {
    this.root = root;
    this.one = new OneCall(root, settings, {
      onCall: (call) => this.#show(call),
      onPackets: (id, packets) => this.#showPackets(id, packets),
      onGone: () => {
        if (goesOn(this.shown)) this.#offerReload(ENDED, FINAL_RECORD);
      },
      onSnapshot: () => setText(part(root, "banner"), ""),
      onLink: (state) => this.#linked(state),
      onDeck: () => this.#renderTitle(),
      onTick: () => this.#tick(),
    });
    this.shown = this.one.call;
    this.name = agentName(this.shown.agent);
    setText(part(root, "agent"), this.name);
    localTimes(root);
    for (const line of figureLines(root)) showFigure(line, Number(part(line, "figure").dataset.value));
    this.#tick();
    this.orders = new CallOrders(root, scope, {
      words: this.one.words.orders,
      blocks: () => root.querySelectorAll("[data-orders]"),
      onChange: () => this.#showOrders(),
      onAsk: () => this.one.deck?.resume(),
      onStarted: () => this.one.listen(),
    });
    const isStartable = root.querySelector('[data-order="start"]') && canStart(this.shown);
    if (goesOn(this.shown) || isStartable) this.one.live(scope);
    this.one.read(scope);
    followMoment(scope, (ms) => this.one.transcript?.goTo(ms));
    this.#showOrders();
    this.#renderTitle();
  }

  /**
   * @param {string} id the leg's
   * @param {import("../list/packets.js").Packets} packets
   */
  #showPackets(id, packets) {
    const leg = this.root.querySelector(`[data-leg="${id}"]`);
    if (!leg) return; // it began after the page was loaded
    part(leg, "refusing").hidden = !isRefusing(packets);
    part(leg, "no-packets").hidden = true;
    for (const line of figureLines(leg)) showFigure(line, figureOf(packets.figures, line.dataset.figure ?? ""));
  }

  /** @param {Call} call */
  #show(call) {
    const { root } = this;
    const { states } = this.one.words;
    const wasOver = !goesOn(this.shown);
    const known = new Set(this.shown.legs.map((leg) => leg.id));
    this.shown = call;
    setAttr(root, "data-state", call.state);
    setText(part(root, "state"), states[call.state] ?? call.state);
    setIcon(part(root, "state-icon"), call.state);
    this.#showListeners(call.listeners);
    const since = silentSince(call);
    setText(part(root, "silent"), since ? silentSinceWords(since) : "");
    this.#tick();
    this.#showOrders();
    if (!goesOn(call)) this.#offerReload(ENDED, FINAL_RECORD);
    else if (call.legs.some((leg) => !known.has(leg.id))) {
      const began = known.size ? gettext("Another tap of this call began.") : gettext("The monitoring of this call began.");
      this.#offerReload(began, gettext("Show it"));
    } else if (wasOver) setText(part(root, "banner"), "");
  }

  /** @param {string[]} names */
  #showListeners(names) {
    const place = this.root.querySelector('[data-part="listeners"]');
    if (!place) return; // the call was over when the page was loaded
    setText(place, list(readBy(names, this.root.dataset.user)) || pgettext("listeners", "Nobody"));
  }

  /** Show what may be asked about the call, and its deck as long as there is something to hear. */
  #showOrders() {
    const { deck, view } = this.one;
    this.orders.update(new Map([[this.shown.id, this.shown]]));
    if (view) view.root.hidden = !deck?.on && !playedLegs(this.shown).length;
  }

  /**
   * Offer what only the server can write. The reader decides when to leave this page. The link has
   * no moment of the call: with one, it would lead there, and load nothing.
   * @param {string} why a sentence
   * @param {string} words of the link
   */
  #offerReload(why, words) {
    const banner = part(this.root, "banner");
    if (banner.querySelector("a")?.textContent === words) return;
    banner.replaceChildren(`${why} `, anchor(location.pathname, words), ".");
  }

  #tick() {
    const ms = elapsed(this.one.call, Date.now() + this.one.offset);
    if (ms !== null) setText(part(this.root, "duration"), duration(ms));
  }

  /** @param {import("../wire/socket.js").SocketState} state */
  #linked({ phase, code }) {
    if (phase !== "waiting" && phase !== "closed") return;
    this.one.packets.clear();
    if (phase === "closed" || code === Close.TOO_MANY) this.#refused(code);
    else setText(part(this.root, "banner"), outOfDate(code));
  }

  /** @param {number} code */
  #refused(code) {
    const [title, words] = listRefusal(code);
    const signIn = `${url(this.root, "login")}?next=${encodeURIComponent(location.pathname)}`;
    const link = signInHelps(code) ? [" ", anchor(signIn, gettext("Sign in"))] : [];
    part(this.root, "banner").replaceChildren(`${title}. ${words}`, ...link);
  }

  #renderTitle() {
    const { deck } = this.one;
    const mark = !deck?.on ? "" : isHeard(deck.light.state) ? "▶ " : "⏸ ";
    document.title = `${mark}${this.name} – Earshot`;
  }
}

/**
 * @param {Element} root
 * @returns {NodeListOf<HTMLElement>} of the packet figures
 */
function figureLines(root) {
  return root.querySelectorAll("[data-figure]");
}

/**
 * Write a packet figure as the reader's country does, which the server does not know.
 * @param {HTMLElement} line
 * @param {number} value
 */
function showFigure(line, value) {
  const text = shown(line.dataset.unit ?? "", value);
  line.hidden = !text;
  setText(part(line, "figure"), text);
}

/**
 * @param {string} href
 * @param {string} words
 */
function anchor(href, words) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = words;
  return link;
}

const page = document.getElementById("call");
if (page) {
  const scope = new Scope();
  new CallPage(page, scope, openHeader(part(document, "header"), scope));
}
