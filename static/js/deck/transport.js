/**
 * What moves a deck through its call: the waveform, the steps back, the speeds and the way back
 * to live. The markup is templates/includes/transport.html.
 */

import { part, setAttr, setText } from "../ui/dom.js";
import { behindWords } from "../ui/words.js";
import { EventsView } from "./events-view.js";
import { momentsOf, Timeline } from "./timeline.js";
import { WaveformSlider } from "./waveform-slider.js";

/** Seconds by which each button moves the place. @type {Record<string, number>} */
const STEPS = { "back-30": -30, "back-10": -10 };

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./deck.js").Deck} Deck */

/**
 * @typedef {object} CallEvents where the events of the deck's call are
 * @property {string} timelineUrl
 * @property {() => number} version of the call; the events are asked for when it rises
 */

export class Transport {
  #slider;
  #timeline;
  #events;

  /**
   * @param {HTMLElement} root
   * @param {Deck} deck
   * @param {Scope} scope
   * @param {CallEvents} call
   */
  constructor(root, deck, scope, call) {
    this.root = root;
    this.deck = deck;
    this.call = call;
    this.speeds = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-speed]")]);
    this.#slider = new WaveformSlider(part(root, "wave"), () => deck.head, scope, () => this.#place());
    this.#timeline = new Timeline(call.timelineUrl, scope);
    this.#events = new EventsView(root, () => deck.head, () => this.#moments(), scope);
    this.#buttons(scope);
  }

  /** @param {Scope} scope */
  #buttons(scope) {
    const { deck, root } = this;
    for (const [name, seconds] of Object.entries(STEPS)) {
      scope.listen(part(root, name), "click", () => deck.head.step(seconds));
    }
    scope.listen(part(root, "live"), "click", () => deck.head.goLive());
    for (const button of this.speeds) {
      scope.listen(button, "click", () => {
        deck.head.setSpeed(Number(button.dataset.speed));
        this.render();
      });
    }
  }

  render() {
    const { deck, root } = this;
    const { head } = deck;
    root.hidden = !deck.on || !head.reference;
    if (root.hidden) return;
    setAttr(root, "data-live", String(head.live));
    // They are never disabled: a button that has the focus would lose it when live audio is reached.
    setAttr(part(root, "live"), "aria-pressed", String(head.live));
    for (const button of this.speeds) {
      setAttr(button, "aria-pressed", String(Number(button.dataset.speed) === head.speed));
      setAttr(button, "aria-disabled", String(head.live));
    }
    this.#place();
    this.#slider.render();
    const now = performance.now();
    this.#timeline.update(this.call.version(), now);
    this.#events.render(this.#slider.strip, now);
  }

  #moments() {
    const { held } = this.deck;
    const isApart = held.length > 1;
    return momentsOf(this.#timeline.entries, held, (direction) => (isApart ? this.deck.sideOf(direction) : ""));
  }

  #place() {
    const { playback } = this.deck.head;
    const dragged = this.#slider.dragged;
    setText(part(this.root, "behind"), dragged === null ? behindWords(playback) : behindWords({ behind: dragged }));
  }
}
