/** One deck on the shelf of the live list: its card, its ears, and what is done with its buttons. */

import { DeckControls } from "../deck/controls.js";
import { Deck } from "../deck/deck.js";
import { followedOf } from "../deck/follow.js";
import { isOver } from "../deck/light.js";
import { ReasonForm } from "../deck/reason.js";
import { DeckView } from "../deck/view.js";
import { playedLegs } from "../list/calls.js";
import { compareBuild } from "../ui/build.js";
import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { agentName, noticeWords, who } from "../ui/words.js";
import { TranscriptPanel } from "../words/panel.js";
import { callPartUrl, others, reasonOptions, tapUrl } from "./common.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Call} Call */

/**
 * What all decks of a shelf share.
 * @typedef {object} Shared
 * @property {HTMLElement} root the page's
 * @property {import("../deck/desk.js").Desk} desk
 * @property {import("../audio/output.js").AudioOutput} output
 * @property {import("../ui/settings.js").Settings} settings the user's
 * @property {import("../ui/tap-words.js").TapWords} words
 * @property {(id: string) => import("../list/packets.js").Packets | undefined} packets of a tap
 * @property {(id: string) => import("../deck/talk.js").KnownTalk} talk of a call
 */

/**
 * What a deck asks of its shelf.
 * @typedef {object} Requests
 * @property {() => void} onLight runs when its light has another state
 * @property {() => void} onSelect
 * @property {() => void} onSwap
 * @property {() => void} onPopOut
 * @property {() => void} onClose
 */

export class ShelfDeck {
  /** @type {import("../deck/follow.js").Followed} whose next call comes when this one has ended */
  followed = "";
  #audio = "";
  /** What is said in the call, where the user may read it. @type {TranscriptPanel | null} */
  transcript = null;

  /**
   * @param {{call: Call, place: number}} what
   * @param {Scope} scope removes the deck
   * @param {Shared} shared
   * @param {Requests} requests
   */
  constructor({ call, place }, scope, shared, requests) {
    this.call = call;
    this.place = place;
    this.scope = scope;
    this.requests = requests;
    const { root, desk, output, words } = shared;
    this.deck = new Deck(call, scope, {
      listenUrlOf: (id) => tapUrl(root, "listen", id),
      output,
      outcomes: words.outcomes,
      sides: words.sides,
      onBuild: (build) => compareBuild(root, build),
    });
    this.element = copyOf(part(root, "deck"));
    scope.own(() => this.element.remove());
    desk.join(call.id, this.deck, scope);
    new DeckControls(this.element, this.deck, scope, { desk, id: call.id });
    new ReasonForm(part(this.element, "reason"), this.deck, scope, reasonOptions(root, call.id, words.orders));
    this.view = this.#view(shared);
    if (root.hasAttribute("data-can-read")) this.transcript = this.#transcript(shared);
    this.#label();
    this.#wire();
  }

  get light() {
    return this.deck.light;
  }

  get isOver() {
    return isOver(this.light.state);
  }

  /** Has the call ended, and all that was held of it been heard? */
  get hasEnded() {
    return this.light.state === "ended";
  }

  listen() {
    this.deck.listen(playedLegs(this.call));
  }

  /** Follow what the server says of the call. @param {Call | undefined} call */
  update(call) {
    if (!call || call === this.call) return;
    this.call = call;
    this.deck.play(playedLegs(call));
  }

  /** Draw the light again: it may change because nothing arrived. */
  render() {
    this.view.render();
    this.#changed();
  }

  /** @param {{isSelected: boolean, isSwap: boolean}} shown */
  show({ isSelected, isSwap }) {
    setAttr(this.element, "data-selected", String(isSelected));
    setAttr(part(this.element, "swap"), "aria-pressed", String(isSwap));
  }

  /** @param {import("../deck/follow.js").Followed} followed */
  follow(followed) {
    this.followed = followed;
    this.#menu.value = followed;
    setText(part(this.element, "next-words"), nextWords(followed, this.call));
  }

  get #menu() {
    return /** @type {HTMLSelectElement} */ (part(this.element, "next"));
  }

  /** @param {Shared} shared */
  #view({ root, packets, talk, words }) {
    return new DeckView(this.element, this.deck, this.scope, {
      announcer: part(root, "announce"),
      onMain: this.requests.onClose,
      around: {
        packets,
        talk: () => talk(this.call.id),
        others: () => others(root, this.call),
        notice: () => noticeWords(words.notices[this.call.legs.at(-1)?.notice ?? ""]),
        timelineUrl: callPartUrl(root, "timeline", this.call.id),
        version: () => this.call.version,
      },
    });
  }

  /** @param {Shared} shared */
  #transcript({ root, settings }) {
    return new TranscriptPanel(part(this.element, "transcript"), this.scope, {
      url: callPartUrl(root, "words", this.call.id),
      deck: this.deck,
      settings,
      toggle: part(this.element, "words-toggle"),
    });
  }

  #label() {
    setText(part(this.element, "place"), number(this.place));
    setAttr(this.element, "data-orders", this.call.id);
    setAttr(this.element, "aria-label", fill(gettext("Deck %(place)s: %(who)s"), { place: number(this.place), who: who(this.call) }));
  }

  #wire() {
    const { element, requests, scope } = this;
    scope.listen(this.deck, "change", () => this.#changed());
    for (const type of ["focusin", "pointerdown"]) scope.listen(element, type, requests.onSelect);
    scope.listen(part(element, "swap"), "click", requests.onSwap);
    scope.listen(part(element, "pop-out"), "click", requests.onPopOut);
    scope.listen(this.#menu, "change", () => this.follow(followedOf(this.#menu.value)));
  }

  /** Tell the shelf only of another light: a deck changes several times a second. */
  #changed() {
    const { state } = this.light;
    if (state === this.#audio) return;
    this.#audio = state;
    this.requests.onLight();
  }
}

/**
 * Say which call comes after this one.
 * @param {import("../deck/follow.js").Followed} followed
 * @param {Call} call
 */
function nextWords(followed, call) {
  if (followed === "list") return gettext("Then the newest call of the list.");
  // Translators: the call that this deck plays when the present one has ended
  return followed ? fill(gettext("Then the newest call of %(agent)s."), { agent: agentName(call.agent) }) : "";
}
