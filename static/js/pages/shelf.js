/** The decks of the page of the live list: opens and closes them, each in a place of its own. */

import { Desk } from "../deck/desk.js";
import { nextCall } from "../deck/follow.js";
import { isHeard } from "../deck/light.js";
import {
  callAt, closed, EMPTY_SHELF, fullWords, inOrder, opened, replaced, selected, swapToggled,
} from "../deck/shelf.js";
import { part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { agentName, who } from "../ui/words.js";
import { callUrl } from "./common.js";
import { PopOuts } from "./pop-out.js";
import { ShelfDeck } from "./shelf-deck.js";

/** @typedef {import("../deck/shelf.js").Shelf} Shelf */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Call} Call */

/** So long the page shows what it has said, which would be in the way all day. */
const SAID_MS = 20_000;
const NOT_OPENED = gettext(
  "Your browser did not open the window. Allow this page to open windows, then try again.",
);

/**
 * What the shelf asks of its page.
 * @typedef {object} ShelfOptions
 * @property {import("../audio/output.js").AudioOutput} output
 * @property {import("../ui/settings.js").Settings} settings the user's
 * @property {import("../ui/tap-words.js").TapWords} words
 * @property {(id: string) => import("../list/packets.js").Packets | undefined} packets of a tap
 * @property {(id: string) => import("../deck/talk.js").KnownTalk} talk of a call
 * @property {(followed: import("../deck/follow.js").Followed) => Iterable<Call>} listed the calls that may come next
 * @property {() => void} onChange runs when a deck's light has another state
 * @property {(id: string, hadFocus: boolean) => void} onClosed runs when a call was taken off its deck
 */

export class DeckShelf {
  #shelf = EMPTY_SHELF;
  /** @type {Map<string, ShelfDeck>} by call, the oldest deck first */
  #decks = new Map();
  #saidAt = 0;

  /**
   * @param {HTMLElement} root the page's
   * @param {Scope} scope
   * @param {ShelfOptions} options
   */
  constructor(root, scope, options) {
    this.root = root;
    this.scope = scope;
    this.options = options;
    this.desk = new Desk(options.settings, scope);
    this.popOuts = new PopOuts(scope, (id) => this.close(id));
  }

  /** What keys may ask for. Each is about the selected deck. A held solo must be ended when the page loses the keyboard. */
  actions = {
    mute: () => this.desk.toggleMute(this.#shelf.selected),
    solo: () => this.desk.toggleSolo(this.#shelf.selected),
    holdSolo: (/** @type {boolean} */ on) => this.desk.holdSolo(on ? this.#shelf.selected : ""),
    swap: () => this.#arrange(swapToggled(this.#shelf, this.#shelf.selected)),
    popOut: () => this.#popOut(this.#shelf.selected),
    stop: () => this.close(this.#shelf.selected),
    step: (/** @type {number} */ seconds) => this.#decks.get(this.#shelf.selected)?.deck.head.step(seconds),
    words: () => this.#decks.get(this.#shelf.selected)?.transcript?.search(),
    goLive: () => this.#decks.get(this.#shelf.selected)?.deck.head.goLive(),
    select: (/** @type {number} */ place) => this.#focus(callAt(this.#shelf, place)),
  };

  /** The calls that are on decks. */
  get calls() {
    return new Set(this.#decks.keys());
  }

  get elements() {
    return [...this.#decks.values()].map((deck) => deck.element);
  }

  /** The light of each deck, by call. @returns {Map<string, import("../list/details.js").Heard>} */
  get heard() {
    return new Map([...this.#decks].map(([id, deck]) => [id, { audio: deck.light.state, over: deck.isOver }]));
  }

  /** What plays, for the title of the page: "▶ Receptionist +2". */
  get title() {
    const decks = [...this.#decks.values()];
    const [first] = decks;
    if (!first) return "";
    const mark = decks.some(({ light }) => isHeard(light.state)) ? "▶" : "⏸";
    return `${mark} ${agentName(first.call.agent)}${decks.length > 1 ? ` +${number(decks.length - 1)}` : ""}`;
  }

  /** Put a call on a deck. Call it inside a click. @param {Call} call */
  open(call) {
    const next = opened(this.#shelf, call.id);
    this.#say(next ? "" : this.#fullWords());
    if (!next) return;
    const before = this.#decks.get(callAt(this.#shelf, next.places.get(call.id) ?? 0));
    if (before?.call.id === call.id) this.#arrange(next);
    else if (before) {
      this.#replace(before, call);
      this.desk.set(call.id, { muted: false }); // who chooses a call wants to hear it
      this.#arrange(selected(this.#shelf, call.id));
    } else this.#add(call, next);
  }

  /** @param {string} id the call's */
  close(id) {
    const deck = this.#decks.get(id);
    if (!deck) return;
    this.#say("");
    const hadFocus = this.#remove(deck);
    this.#arrange(closed(this.#shelf, id));
    if (hadFocus) this.#focus(this.#shelf.selected);
    this.options.onClosed(id, hadFocus && !this.#decks.size);
  }

  closeAll() {
    for (const id of this.calls) this.close(id);
  }

  /**
   * Follow what the server says of the calls on the decks.
   * @param {ReadonlyMap<string, Call>} calls
   */
  update(calls) {
    for (const [id, deck] of this.#decks) deck.update(calls.get(id));
    this.#advance();
  }

  /** Take what is said in a call. @param {import("../wire/messages.js").WordsNews} news */
  takeWords(news) {
    this.#decks.get(news.call)?.transcript?.take(news);
  }

  /** Read what is said again, because the connection was down. */
  reread() {
    for (const { transcript } of this.#decks.values()) transcript?.reread();
  }

  /** Reconnect at once, because the network is back or the tab is visible again. */
  hurry() {
    for (const { deck } of this.#decks.values()) deck.hurry();
  }

  /** Draw the lights again: they may change because nothing arrived. */
  render() {
    for (const deck of this.#decks.values()) deck.render();
    this.#advance();
    if (performance.now() - this.#saidAt > SAID_MS) this.#say("");
  }

  /** Put the next call on each deck that follows somebody and whose call has ended. */
  #advance() {
    for (const deck of this.#decks.values()) {
      const call = deck.hasEnded ? nextCall(this.options.listed(deck.followed), deck, this.calls) : null;
      if (!call) continue;
      this.#replace(deck, call).follow(deck.followed);
      // Translators: place is the number of a deck, who is a call
      const words = gettext("Deck %(place)s goes on with %(who)s.");
      this.#say(fill(words, { place: number(deck.place), who: who(call) }));
    }
  }

  /**
   * Put a call in the place of another, heard as the other was.
   * @param {ShelfDeck} before
   * @param {Call} call
   */
  #replace(before, call) {
    const { mix } = before.deck;
    const hadFocus = this.#remove(before);
    const deck = this.#add(call, replaced(this.#shelf, before.call.id, call.id));
    this.desk.set(call.id, mix.channel);
    if (mix.solo) this.desk.toggleSolo(call.id);
    if (hadFocus) deck.element.focus();
    this.options.onClosed(before.call.id, false);
    return deck;
  }

  /**
   * @param {Call} call
   * @param {Shelf} shelf with the call
   */
  #add(call, shelf) {
    const { root, options } = this;
    const place = shelf.places.get(call.id) ?? 0;
    const deck = new ShelfDeck({ call, place }, this.scope.child(), { ...options, root, desk: this.desk }, {
      onLight: options.onChange,
      onSelect: () => this.#arrange(selected(this.#shelf, call.id)),
      onSwap: () => this.#arrange(swapToggled(this.#shelf, call.id)),
      onPopOut: () => this.#popOut(call.id),
      onClose: () => this.close(call.id),
    });
    this.#decks.set(call.id, deck);
    const later = inOrder(shelf).find((id) => (shelf.places.get(id) ?? 0) > place) ?? "";
    part(root, "decks").insertBefore(deck.element, this.#decks.get(later)?.element ?? null);
    this.#arrange(shelf);
    deck.listen();
    reveal(deck.element, part(root, "shelf"));
    return deck;
  }

  /** Play a call in a window of its own. The deck here plays on until that window does. @param {string} id */
  #popOut(id) {
    if (!this.#decks.has(id)) return;
    const isOpen = this.popOuts.open(`${callUrl(this.root, id)}/deck`, id);
    this.#say(isOpen ? "" : NOT_OPENED);
  }

  /**
   * @param {ShelfDeck} deck
   * @returns {boolean} whether it had the focus
   */
  #remove(deck) {
    const hadFocus = deck.element.contains(document.activeElement);
    this.#decks.delete(deck.call.id);
    deck.scope.dispose();
    return hadFocus;
  }

  /** @param {string} id */
  #focus(id) {
    this.#arrange(selected(this.#shelf, id));
    this.#decks.get(id)?.element.focus();
  }

  /** Show which deck is selected, and which is marked for swapping. @param {Shelf} shelf */
  #arrange(shelf) {
    this.#shelf = shelf;
    for (const [id, deck] of this.#decks) {
      deck.show({ isSelected: id === shelf.selected, isSwap: deck.place === shelf.swap });
    }
    setAttr(part(this.root, "shelf"), "data-decks", String(this.#decks.size));
  }

  #fullWords() {
    const decks = [...this.#decks.values()].map((deck) => ({
      place: deck.place,
      name: who(deck.call),
      over: deck.isOver,
      muted: deck.deck.mix.standing === "muted",
    }));
    return fullWords(decks);
  }

  /** @param {string} words which screen readers read, politely */
  #say(words) {
    this.#saidAt = performance.now();
    setText(part(this.root, "shelf-words"), words);
  }
}

/**
 * Scroll a deck into sight within the shelf, which scrolls in a small window. The page stays where
 * it is, because rows must not move under the pointer.
 * @param {HTMLElement} element
 * @param {HTMLElement} shelf
 */
function reveal(element, shelf) {
  const below = element.offsetTop + element.offsetHeight - shelf.clientHeight;
  shelf.scrollTop = Math.min(element.offsetTop, Math.max(shelf.scrollTop, below));
}
