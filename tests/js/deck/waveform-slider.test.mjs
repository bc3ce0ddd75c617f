// The waveform as a slider: keys, drags, and what a screen reader is told.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { History } from "../../../static/js/audio/history.js";
import { playbackOf } from "../../../static/js/deck/waveform.js";
import { WaveformSlider } from "../../../static/js/deck/waveform-slider.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { install, uninstall } from "../support/browser.mjs";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";

/** @typedef {import("../../../static/js/deck/head.js").Head} Head */

const RATE = 8000;

beforeEach(() => {
  install();
  installDocument(new Ledger());
});

afterEach(uninstall);

/** A slider over a minute of a call, and what it asked of the deck's head. */
function newSlider() {
  const history = new History();
  history.put({ pcm: new Int16Array(60 * RATE), position: 0, flags: 0, receivedAt: 0n });
  /** @type {unknown[]} */
  const asked = [];
  const head = {
    live: true,
    index: history.end,
    reference: { sound: { history } },
    ears: () => [],
    get playback() {
      return playbackOf(history, { head: this.index, live: this.live, speed: 1 });
    },
    seek: (/** @type {unknown} */ place) => asked.push(place),
    step: (/** @type {number} */ seconds) => asked.push(seconds),
    goLive: () => asked.push("live"),
  };
  const element = new FakeElement(new Ledger());
  const real = /** @type {HTMLElement} */ (/** @type {unknown} */ (element));
  const slider = new WaveformSlider(real, () => /** @type {Head} */ (/** @type {unknown} */ (head)), new Scope(), () => {});
  return { slider, element, head, asked };
}

/** @param {FakeElement} element @param {string} type @param {object} [facts] */
function happen(element, type, facts = {}) {
  const event = Object.assign(new Event(type, { cancelable: true }), facts);
  element.dispatchEvent(event);
  return event;
}

for (const [key, wanted] of /** @type {const} */ ([
  ["ArrowLeft", -5], ["ArrowDown", -5], ["ArrowRight", 5], ["ArrowUp", 5], ["PageDown", -30], ["PageUp", 30], ["End", "live"],
])) {
  test(`${key} moves by ${wanted}`, () => {
    const { element, asked } = newSlider();
    assert.ok(happen(element, "keydown", { key }).defaultPrevented);
    assert.deepEqual(asked, [wanted]);
  });
}

test("Home plays the oldest audio", () => {
  const { element, asked } = newSlider();
  happen(element, "keydown", { key: "Home" });
  assert.deepEqual(asked, [{ index: 0, live: false }]);
});

test("keys with a modifier, and other keys, are the browser's", () => {
  const { element, asked } = newSlider();
  assert.ok(!happen(element, "keydown", { key: "ArrowLeft", altKey: true }).defaultPrevented);
  assert.ok(!happen(element, "keydown", { key: "Tab" }).defaultPrevented);
  assert.deepEqual(asked, []);
});

test("a drag shows where it is, and plays from there when it ends", () => {
  const { slider, element, asked } = newSlider();
  happen(element, "pointerdown", { button: 0, offsetX: 300, pointerId: 1 });
  assert.equal(slider.dragged, 30);
  happen(element, "pointermove", { offsetX: 400 });
  assert.equal(slider.dragged, 20);
  assert.deepEqual(asked, []);
  happen(element, "pointerup");
  assert.deepEqual(asked, [{ index: 40 * RATE, live: false }]);
  assert.equal(slider.dragged, null);
});

test("a drag that the browser takes over moves nothing", () => {
  const { slider, element, asked } = newSlider();
  happen(element, "pointerdown", { button: 0, offsetX: 300, pointerId: 1 });
  happen(element, "pointercancel");
  assert.deepEqual([asked, slider.dragged], [[], null]);
});

test("a screen reader is told how far behind live the place is", () => {
  const { slider, element, head } = newSlider();
  slider.render();
  assert.equal(element.getAttribute("aria-valuetext"), "Live");
  Object.assign(head, { live: false, index: 26 * RATE });
  slider.render();
  assert.deepEqual(
    ["aria-valuetext", "aria-valuenow", "aria-valuemin"].map((name) => element.getAttribute(name)),
    ["34 seconds behind live", "-34", "-60"],
  );
});

test("while the slider has the focus, a catch-up is told in steps of ten seconds", () => {
  const { slider, element, head } = newSlider();
  Object.assign(head, { live: false, index: 26 * RATE });
  slider.render();
  Object.assign(document, { activeElement: element });
  head.index = 30 * RATE;
  slider.render();
  assert.equal(element.getAttribute("aria-valuetext"), "34 seconds behind live");
  head.index = 36 * RATE;
  slider.render();
  assert.equal(element.getAttribute("aria-valuetext"), "24 seconds behind live");
});
