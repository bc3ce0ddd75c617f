/**
 * The waveform of what a deck holds, as a slider: mouse, finger and keys move the place that is
 * heard. It is drawn at most once for each frame of the screen.
 */

import { part, setAttr } from "../ui/dom.js";
import { fill, gettext, pgettext } from "../ui/i18n.js";
import { spokenDuration } from "../ui/words.js";
import { indexAt, stripOf, target, targetAt } from "./waveform.js";
import { WaveformCanvas } from "./waveform-canvas.js";

/** How much of the call is in sight. */
const SHOWN_SECONDS = 60;
/** While somebody listens to the slider with a screen reader, smaller changes are not told. */
const TOLD_SECONDS = 10;

/** Seconds by which a key moves the place. @type {ReadonlyMap<string, number>} */
const STEPS = new Map([
  ["ArrowLeft", -5], ["ArrowDown", -5], ["ArrowRight", 5], ["ArrowUp", 5], ["PageDown", -30], ["PageUp", 30],
]);

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("./head.js").Head} Head */
/** @typedef {import("./waveform.js").Strip} Strip */

export class WaveformSlider {
  /** While a drag lasts: where it is, and the strip on which it began. @type {{x: number, strip: Strip} | null} */
  #drag = null;
  #frame = 0;
  #told = 0; // seconds, a screen reader knows them
  #canvas;

  /**
   * @param {HTMLElement} element
   * @param {() => Head} head the deck's
   * @param {Scope} scope
   * @param {() => void} onMove runs when a drag moves
   */
  constructor(element, head, scope, onMove) {
    this.element = element;
    this.head = head;
    this.onMove = onMove;
    const canvas = /** @type {HTMLCanvasElement} */ (part(element, "canvas"));
    const context = canvas.getContext("2d");
    this.#canvas = context && new WaveformCanvas(context);
    this.#listen(scope);
    scope.own(() => cancelAnimationFrame(this.#frame));
  }

  /** @param {Scope} scope */
  #listen(scope) {
    const { element } = this;
    scope.listen(element, "pointerdown", (/** @type {PointerEvent} */ event) => this.#grab(event));
    scope.listen(element, "pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    scope.listen(element, "pointerup", () => this.#drop());
    scope.listen(element, "pointercancel", () => this.#cancel());
    scope.listen(element, "keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  /** Seconds from the place that a drag is at to live; null while there is no drag. */
  get dragged() {
    const history = this.#history;
    if (!this.#drag || !history) return null;
    const { index } = targetAt(history, this.#drag.strip, this.#drag.x);
    return (history.end - index) / history.rate;
  }

  /** Show the present place, soon. */
  render() {
    this.#describe();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  get #history() {
    return this.head().reference?.sound.history;
  }

  /** The part of the call that is in sight. @returns {Strip | null} null while there is nothing to show */
  get strip() {
    return this.#drag?.strip ?? this.#newStrip();
  }

  /** @returns {Strip | null} */
  #newStrip() {
    const history = this.#history;
    const width = this.element.clientWidth;
    if (!history || !width) return null;
    const { live, index } = this.head();
    return stripOf(history, width, SHOWN_SECONDS, live ? history.end : index);
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    const { strip } = this;
    if (event.button !== 0 || !strip) return;
    this.element.setPointerCapture(event.pointerId);
    this.#drag = { x: event.offsetX, strip };
    this.#moved();
  }

  /** @param {PointerEvent} event */
  #move({ offsetX }) {
    if (!this.#drag) return;
    this.#drag = { ...this.#drag, x: offsetX };
    this.#moved();
  }

  #drop() {
    const drag = this.#drag;
    const history = this.#history;
    this.#drag = null;
    if (drag && history) this.head().seek(targetAt(history, drag.strip, drag.x));
    this.#moved();
  }

  #cancel() {
    this.#drag = null;
    this.#moved();
  }

  #moved() {
    this.render();
    this.onMove();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const seconds = STEPS.get(event.key);
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Home") this.#goToStart();
    else if (event.key === "End") this.head().goLive();
    else if (seconds !== undefined) this.head().step(seconds);
    else return;
    event.preventDefault();
    this.#tell();
  }

  #goToStart() {
    const history = this.#history;
    if (history) this.head().seek(target(history, history.first));
  }

  /**
   * Keep what a screen reader says of the slider up to date. It reads each change of the slider
   * that it is on, so small changes wait for the listener's next key.
   */
  #describe() {
    const behind = this.#behind;
    const isRead = document.activeElement === this.element;
    if (!isRead || behind === 0 || Math.abs(behind - this.#told) >= TOLD_SECONDS) this.#tell();
  }

  get #behind() {
    const { live, playback } = this.head();
    return live ? 0 : Math.round(playback.behind);
  }

  #tell() {
    const history = this.#history;
    const behind = this.#behind;
    this.#told = behind;
    const held = history ? Math.round((history.end - history.first) / history.rate) : 0;
    setAttr(this.element, "aria-valuemin", String(-held));
    setAttr(this.element, "aria-valuenow", String(-behind));
    setAttr(this.element, "aria-valuetext", placeWords(behind));
  }

  #draw() {
    const { strip } = this;
    const [first, ...others] = this.#histories;
    if (!strip || !first || !this.#canvas) return;
    const { canvas } = this.#canvas.context;
    const width = Math.round(strip.width * devicePixelRatio);
    const height = Math.round(this.element.clientHeight * devicePixelRatio);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const head = this.#drag ? indexAt(strip, this.#drag.x) : this.head().index;
    this.#canvas.draw([first, ...others], strip, head, this.#colours);
  }

  /** The reference's first, and those of the other legs. */
  get #histories() {
    const { reference } = this.head();
    const ears = this.head().ears().filter((ear) => ear !== reference && !ear.sound.history.isEmpty);
    return (reference ? [reference, ...ears] : []).map((ear) => ear.sound.history);
  }

  get #colours() {
    const style = getComputedStyle(this.element);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--transport-${name}`).trim();
    return { heard: colour("heard"), ahead: colour("ahead"), gap: colour("gap"), head: colour("head") };
  }
}

/** Say where in the call the listener is. @param {number} behind seconds */
function placeWords(behind) {
  // Translators: behind is a duration in words, such as 40 seconds; what is heard is older than live audio by that much
  const words = gettext("%(behind)s behind live");
  return behind ? fill(words, { behind: spokenDuration(behind * 1000) }) : pgettext("sound", "Live");
}
