/**
 * One listening deck: a call, and an ear for each of its legs that is played. It dispatches
 * "change" when what it knows has changed. A page may have any number of decks.
 */

import { KEPT_SECONDS } from "../audio/history.js";
import { EMPTY_DESK, mixOf, voiceOf } from "../audio/mixer.js";
import { Ear } from "./ear.js";
import { Head } from "./head.js";
import { overlap } from "./legs.js";
import { callLight, leading, mixedLight } from "./light.js";

/** @typedef {import("../audio/mixer.js").Mix} Mix */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Direction} Direction */
/** @typedef {import("./facts.js").TapName} TapName */
/** @typedef {import("./light.js").Light} Light */
/** @typedef {{id: string, direction: Direction}} PlayedLeg */
/** @typedef {{ear: Ear, scope: Scope, direction: Direction}} OpenEar */

/**
 * @typedef {object} DeckOptions
 * @property {(legId: string) => string} listenUrlOf the path of a leg's socket
 * @property {import("../audio/output.js").AudioOutput} output the page's; all its decks share it
 * @property {Record<string, string>} [outcomes] how a call ended, by the server's reason
 * @property {Record<string, string>} [sides] whose voice each direction carries
 * @property {(build: string) => void} [onBuild] is told the server's build
 */

export class Deck extends EventTarget {
  on = false;
  /** How the deck is heard among the others. @type {Mix} */
  mix = mixOf(EMPTY_DESK, "");
  /** @type {Map<string, OpenEar>} by leg */
  #ears = new Map();
  /** What the deck plays of the call: all ears the same. */
  head = new Head(() => this.ears);

  /**
   * @param {Omit<TapName, "id">} names who speaks
   * @param {Scope} scope the deck ends with it
   * @param {DeckOptions} options
   */
  constructor(names, scope, { listenUrlOf, output, outcomes = {}, sides = {}, onBuild = () => {} }) {
    super();
    this.names = names;
    this.scope = scope;
    this.listenUrlOf = listenUrlOf;
    this.output = output;
    this.outcomes = outcomes;
    this.sides = sides;
    this.onBuild = onBuild;
  }

  /** The ears, in the order of the legs. */
  get ears() {
    return [...this.#ears.values()].map(({ ear }) => ear);
  }

  /** The ear that the light is about: the best one. */
  get leading() {
    const { ears } = this;
    return ears[leading(ears.map((ear) => ear.light))];
  }

  /** @returns {Light} */
  get light() {
    const open = [...this.#ears.values()].map(({ ear, direction }) => ({
      side: this.sideOf(direction),
      light: ear.light,
      wanted: this.#voice(direction).gain > 0,
    }));
    // A side that is turned off in favour of the other must not make the call look heard.
    const wanted = open.filter((leg) => leg.wanted);
    return mixedLight(callLight(wanted.length ? wanted : open), this.mix.standing);
  }

  /** What is held of each leg. */
  get held() {
    const open = [...this.#ears.values()];
    return open.map(({ ear, direction }) => ({ side: this.sideOf(direction), history: ear.sound.history }));
  }

  /** Whose voice a direction carries. @param {string} direction */
  sideOf(direction) {
    return this.sides[direction] ?? direction;
  }

  /**
   * Start to hear legs of the call live. Call it inside a click.
   * @param {PlayedLeg[]} legs
   */
  listen(legs) {
    this.#release();
    this.on = true;
    this.play(legs);
  }

  /**
   * Play these legs from now on. A leg that is not among them goes on until its end, unless one
   * of them carries the same voice.
   * @param {PlayedLeg[]} legs
   */
  play(legs) {
    if (!this.on) return;
    const wanted = new Set(legs.map((leg) => leg.id));
    for (const [id, { direction, scope }] of this.#ears) {
      if (wanted.has(id) || !legs.some((leg) => overlap(leg.direction, direction))) continue;
      this.#ears.delete(id);
      scope.dispose();
    }
    for (const leg of legs) if (!this.#ears.has(leg.id)) this.#open(leg);
    // All legs together hold as much as one leg by itself.
    for (const ear of this.ears) ear.sound.keep(KEPT_SECONDS / this.#ears.size);
    this.setMix(this.mix); // a second side may have joined, and is heard beside the first
  }

  /** Stop listening, and forget what is known of the call. */
  stop() {
    this.#release();
    this.on = false;
    this.#changed();
  }

  /** Let the sound go on after the browser held it back. Call it inside a click. */
  resume() {
    this.output.unlock();
  }

  /** Listen again on what was refused or failed. Call it inside a click. */
  retry() {
    for (const ear of this.ears) {
      const { state } = ear.light;
      if (state !== "refused" && state !== "failed") continue;
      ear.listen();
      this.head.join(ear);
    }
  }

  /** Reconnect at once, because the network is back or the tab is visible again. */
  hurry() {
    for (const ear of this.ears) ear.hurry();
  }

  /** @param {Mix} mix how the deck is heard from now on */
  setMix(mix) {
    this.mix = mix;
    for (const { ear, direction } of this.#ears.values()) ear.setVoice(this.#voice(direction));
    this.#changed();
  }

  /** @param {Direction} direction */
  #voice(direction) {
    return voiceOf(this.mix, direction, this.#ears.size > 1);
  }

  /** @param {PlayedLeg} leg */
  #open({ id, direction }) {
    const scope = this.scope.child();
    /** @type {Ear} */
    const ear = new Ear({ ...this.names, id }, scope, {
      listenUrl: this.listenUrlOf(id),
      output: this.output,
      outcomes: this.outcomes,
      voice: this.#voice(direction),
      onBuild: this.onBuild,
      isDue: (ms) => this.head.isDue(ear, ms),
    });
    scope.listen(ear, "change", () => {
      this.head.update();
      this.#changed();
    });
    this.#ears.set(id, { ear, direction, scope });
    ear.listen();
    this.head.join(ear);
  }

  #release() {
    for (const { scope } of this.#ears.values()) scope.dispose();
    this.#ears.clear();
    this.head = new Head(() => this.ears);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
