/**
 * The controls of a deck's sound: volume, mute, solo, pan, balance, mono. They show what the desk
 * has set, and keep nothing of their own. The markup is templates/includes/deck_controls.html.
 */

import { part, setAttr, setIcon, setText } from "../ui/dom.js";
import { fill, pgettext } from "../ui/i18n.js";
import { percent } from "../ui/locale.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./deck.js").Deck} Deck */
/** @typedef {import("./desk.js").Desk} Desk */

/** Where a slider between two sides stands. @typedef {{middle: string, low: string, high: string}} SideWords */

/** From which side the call is heard. @type {SideWords} */
const PAN = {
  middle: pgettext("position", "middle"),
  // Translators: percent is how far to the left ear the call is moved, such as 40%
  low: pgettext("position", "%(percent)s left"),
  // Translators: percent is how far to the right ear the call is moved, such as 40%
  high: pgettext("position", "%(percent)s right"),
};

/** Which of the call's sides is louder. @type {SideWords} */
const BALANCE = {
  middle: pgettext("balance", "middle"),
  // Translators: percent is how far the balance is moved to the caller, such as 40%
  low: pgettext("balance", "%(percent)s caller"),
  // Translators: percent is how far the balance is moved to the agent, such as 40%
  high: pgettext("balance", "%(percent)s agent"),
};

export class DeckControls {
  /**
   * @param {HTMLElement} root the deck's
   * @param {Deck} deck
   * @param {Scope} scope
   * @param {{desk: Desk, id: string}} at the desk, and the deck's name there
   */
  constructor(root, deck, scope, { desk, id }) {
    this.root = root;
    this.deck = deck;
    this.more = part(root, "more");
    this.panel = part(root, "panel");
    scope.listen(part(root, "mute"), "click", () => desk.toggleMute(id));
    scope.listen(part(root, "solo"), "click", () => desk.toggleSolo(id));
    const mono = this.#input("mono");
    scope.listen(mono, "change", () => desk.setMono(id, mono.checked));
    this.#slider(scope, "volume", (volume) => desk.setVolume(id, volume));
    this.#slider(scope, "pan", (pan) => desk.set(id, { pan }));
    this.#slider(scope, "balance", (balance) => desk.set(id, { balance }));
    scope.listen(this.more, "click", () => this.#unfold(this.panel.hidden !== false));
    scope.listen(this.panel, "keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    scope.listen(deck, "change", () => this.render());
    this.render();
  }

  /** Show or hide what is needed less often. @param {boolean} open */
  #unfold(open) {
    this.panel.hidden = !open;
    setAttr(this.more, "aria-expanded", String(open));
  }

  /** Escape in the panel closes the panel, and not the deck with the call. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.#unfold(false);
    this.more.focus();
  }

  render() {
    const { channel, solo } = this.deck.mix;
    const { root } = this;
    setAttr(part(root, "mute"), "aria-pressed", String(channel.muted));
    setIcon(part(root, "mute-icon"), channel.muted ? "nosound" : "sound");
    setAttr(part(root, "solo"), "aria-pressed", String(solo));
    this.#show("volume", channel.volume, percent(channel.volume));
    this.#show("pan", channel.pan, sideWords(channel.pan, PAN));
    this.#show("balance", channel.balance, sideWords(channel.balance, BALANCE));
    this.#input("mono").checked = channel.mono;
    part(root, "sides").hidden = this.deck.ears.length < 2;
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (part(this.root, name));
  }

  /**
   * @param {Scope} scope
   * @param {string} name
   * @param {(value: number) => void} set
   */
  #slider(scope, name, set) {
    const slider = this.#input(name);
    scope.listen(slider, "input", () => set(slider.valueAsNumber / 100));
  }

  /**
   * @param {string} name of a slider
   * @param {number} value
   * @param {string} words
   */
  #show(name, value, words) {
    const slider = this.#input(name);
    const shown = String(Math.round(value * 100));
    if (slider.value !== shown) slider.value = shown;
    setAttr(slider, "aria-valuetext", words);
    if (name !== "volume") setText(part(this.root, `${name}-words`), words);
  }
}

/**
 * Say where a slider between two sides stands: "40% left".
 * @param {number} value -1 to 1
 * @param {SideWords} words
 */
function sideWords(value, { middle, low, high }) {
  return value === 0 ? middle : fill(value < 0 ? low : high, { percent: percent(Math.abs(value)) });
}
