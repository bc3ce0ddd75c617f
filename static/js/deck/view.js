/**
 * A deck as the page shows it: lamp, words, meter, buttons. It renders the deck's
 * facts and keeps none of its own. The markup is templates/includes/deck.html.
 */

import { FLOOR_DB } from "../audio/level.js";
import { network } from "../list/packets.js";
import { part, setAttr, setIcon, setText } from "../ui/dom.js";
import { gettext, pgettext } from "../ui/i18n.js";
import { audioIcon } from "../ui/icons.js";
import { draw } from "../ui/meter.js";
import { delayWords, othersWords, who } from "../ui/words.js";
import { isFinal, signInHelps } from "../wire/protocol.js";
import { delay, isSounding } from "./facts.js";
import { isHeard, isOver, WORDS } from "./light.js";
import { talkWords } from "./talk.js";
import { Transport } from "./transport.js";

const DELAY_EVERY_MS = 900; // the page's tick comes each second, more or less

/** @typedef {import("../list/packets.js").Packets} Packets */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./deck.js").Deck} Deck */
/** @typedef {import("./ear.js").Ear} Ear */
/** @typedef {import("./light.js").Light} Light */

/** @typedef {import("./transport.js").CallEvents} CallEvents */

/**
 * @typedef {object} Known what the page knows and the deck does not
 * @property {(id: string) => Packets | undefined} packets of a tap
 * @property {() => string[]} others who listen to the call, too
 * @property {() => string} notice how its parties were told that it is listened to
 * @property {() => import("./talk.js").KnownTalk} talk who talks in the call
 */

/** @typedef {Known & CallEvents} Surroundings */

/**
 * @typedef {object} DeckViewOptions
 * @property {HTMLElement} announcer the page's live region; screen readers read changes of it
 * @property {() => void} onMain runs when the big button is clicked
 * @property {Surroundings} around
 */

export class DeckView {
  /**
   * @param {HTMLElement} root
   * @param {Deck} deck
   * @param {Scope} scope
   * @param {DeckViewOptions} options
   */
  constructor(root, deck, scope, { announcer, onMain, around }) {
    this.root = root;
    this.deck = deck;
    this.announcer = announcer;
    this.around = around;
    this.home = root.hasAttribute("data-home");
    this.announced = "";
    this.delayAt = -Infinity; // when the delay was last written
    this.idleDetail = part(root, "detail").textContent ?? "";
    this.transport = new Transport(part(root, "transport"), deck, scope, around);
    scope.listen(part(root, "main"), "click", onMain);
    scope.listen(part(root, "resume"), "click", () => deck.resume());
    scope.listen(part(root, "retry"), "click", () => deck.retry());
    scope.listen(deck, "change", () => this.render());
    this.render();
  }

  render() {
    const { deck, root } = this;
    const { light } = deck;
    const ear = deck.leading;
    const now = performance.now();
    setAttr(root, "data-audio", light.state);
    setAttr(root, "data-warns", String(Boolean(light.warns)));
    setIcon(part(root, "icon"), audioIcon(light.state));
    setText(part(root, "words"), light.words);
    if (!this.home) setText(part(root, "who"), who(deck.names));
    setText(part(root, "detail"), deck.on ? light.detail : this.idleDetail);
    setText(part(root, "notice"), deck.on ? this.around.notice() : "");
    setText(part(root, "others"), deck.on ? othersWords(this.around.others()) : "");
    draw(part(root, "meter"), loudest(deck.ears, now));
    this.#buttons(ear?.facts.code ?? 0, light.state);
    this.#main(light.state);
    this.#delay(isHeard(light.state) ? ear : undefined, now);
    this.#network(light.state);
    this.#talk();
    this.transport.render();
    this.#announce(light);
  }

  /**
   * @param {number} code the close code of what was refused
   * @param {Light["state"]} state
   */
  #buttons(code, state) {
    const refused = state === "refused";
    part(this.root, "resume").hidden = state !== "blocked";
    part(this.root, "retry").hidden = !(state === "failed" || (refused && !isFinal(code)));
    part(this.root, "signin").hidden = !(refused && signInHelps(code));
  }

  /**
   * The big button. On a tap's own page it also begins to listen.
   * @param {Light["state"]} state
   */
  #main(state) {
    const main = part(this.root, "main");
    const over = isOver(state);
    const idle = state === "idle";
    if (this.home) {
      setAttr(main, "data-action", idle || over ? "listen" : "stop");
      main.hidden = over;
    }
    const [icon, label] = this.#mainLabel(idle, over);
    setText(part(main, "main-label"), label);
    setIcon(part(main, "main-icon"), icon);
  }

  /**
   * @param {boolean} idle
   * @param {boolean} over
   * @returns {[icon: string, label: string]}
   */
  #mainLabel(idle, over) {
    if (!this.home) return over ? ["close", pgettext("button", "Close")] : ["stop", pgettext("button", "Stop")];
    return idle || over ? ["listen", pgettext("button", "Listen")] : ["stop", gettext("Stop listening")];
  }

  /**
   * Show how late the call is heard. A figure that changes more often than once a second cannot be read.
   * @param {Ear | undefined} ear that is heard
   * @param {number} now
   */
  #delay(ear, now) {
    const element = part(this.root, "delay");
    const ms = ear ? delay(ear.facts, now) : null;
    const isNew = element.hidden !== (ms === null);
    element.hidden = ms === null;
    if (ms === null || (!isNew && now - this.delayAt < DELAY_EVERY_MS)) return;
    this.delayAt = now;
    setText(element, delayWords(ms));
  }

  /**
   * Say whether bad sound comes from the call or from the network. This is known only for taps
   * whose packets are counted, and not during a stall, when nothing arrives to be counted. Of two
   * legs, the one that loses packets is told of.
   * @param {Light["state"]} state
   */
  #network(state) {
    const { root } = this;
    const listening = state !== "stalled" && !isOver(state);
    const ears = listening ? this.deck.ears : [];
    const found = ears.map(({ facts }) => network(this.around.packets(facts.tap.id), Date.now(), facts.underruns));
    const seen = found.find((one) => one?.losing) ?? found.find(Boolean);
    const element = part(root, "network");
    element.hidden = !seen;
    if (!seen) return;
    setAttr(element, "data-losing", String(seen.losing));
    setText(part(root, "network-words"), seen.words);
    setText(part(root, "network-verdict"), seen.verdict);
    setText(part(root, "network-counts"), seen.counts);
  }

  /** Show who talks, where that is known. */
  #talk() {
    const said = this.deck.on ? talkWords(this.around.talk()) : null;
    part(this.root, "talk").hidden = !said;
    if (!said) return;
    part(this.root, "talk-caller").style.width = `${Math.round(said.share * 100)}%`;
    setText(part(this.root, "talk-words"), said.words);
  }

  /**
   * Announce a change once, politely. Speech pauses all the time, so "nobody is speaking" is
   * not announced over the call.
   * @param {Light} light
   */
  #announce(light) {
    const { state } = light;
    const heard = state === "silent" || state === "muted" ? "playing" : state; // a mute is the listener's own
    const key = light.warns ? `${heard}!` : heard;
    if (key === this.announced) return;
    this.announced = key;
    const words = state === "silent" ? WORDS.playing : light.words;
    const name = this.deck.on ? who(this.deck.names) : "";
    setText(this.announcer, [words, name, light.detail].filter(Boolean).join(". "));
  }
}

/**
 * The level of the loudest ear, in dBFS.
 * @param {Ear[]} ears
 * @param {number} now
 */
function loudest(ears, now) {
  const heard = ears.map(({ facts }) => (isSounding(facts, now) ? facts.level : FLOOR_DB));
  return Math.max(FLOOR_DB, ...heard);
}
