/**
 * The mixing desk of a page: holds what the listener has set for each deck, and has all decks
 * follow when one of them changes. The rules are in audio/mixer.js.
 */

import {
  changed, EMPTY_DESK, gainSet, joined, left, mixOf, muteToggled, soloHeld, soloToggled,
} from "../audio/mixer.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./deck.js").Deck} Deck */

export class Desk {
  #desk = EMPTY_DESK;
  /** @type {Map<string, Deck>} */
  #decks = new Map();

  /**
   * @param {import("../ui/settings.js").Settings} settings the user's, with which decks begin
   * @param {Scope} scope the page's
   */
  constructor(settings, scope) {
    this.settings = settings;
    const follow = () => this.#apply(gainSet(this.#desk, settings.get("automatic_gain")));
    scope.listen(settings, "change", follow);
    follow();
  }

  /**
   * Mix a deck with the others until its scope ends.
   * @param {string} id
   * @param {Deck} deck
   * @param {Scope} scope
   */
  join(id, deck, scope) {
    this.#decks.set(id, deck);
    this.#apply(joined(this.#desk, id, { volume: this.settings.get("volume"), mono: this.settings.get("mono") }));
    scope.own(() => {
      this.#decks.delete(id);
      this.#apply(left(this.#desk, id));
    });
  }

  /**
   * Set the volume of a deck. The next deck begins with it.
   * @param {string} id
   * @param {number} volume 0 to 1
   */
  setVolume(id, volume) {
    this.settings.set("volume", volume);
    this.#apply(changed(this.#desk, id, { volume }));
  }

  /**
   * Bring both sides of a call to both ears, or part them. The next deck begins with it.
   * @param {string} id
   * @param {boolean} mono
   */
  setMono(id, mono) {
    this.settings.set("mono", mono);
    this.#apply(changed(this.#desk, id, { mono }));
  }

  /**
   * @param {string} id
   * @param {Partial<import("../audio/mixer.js").Channel>} changes
   */
  set(id, changes) {
    this.#apply(changed(this.#desk, id, changes));
  }

  /** @param {string} id */
  toggleMute(id) {
    this.#apply(muteToggled(this.#desk, id));
  }

  /** @param {string} id */
  toggleSolo(id) {
    this.#apply(soloToggled(this.#desk, id));
  }

  /** @param {string} id the deck that is heard alone, or "" for none */
  holdSolo(id) {
    this.#apply(soloHeld(this.#desk, id));
  }

  /** @param {import("../audio/mixer.js").Desk} desk */
  #apply(desk) {
    if (desk === this.#desk) return;
    this.#desk = desk;
    for (const [id, deck] of this.#decks) deck.setMix(mixOf(desk, id));
  }
}
