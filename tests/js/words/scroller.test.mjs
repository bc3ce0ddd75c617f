// What of a transcript stays in sight.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { Scroller } from "../../../static/js/words/scroller.js";

/** Runs when the lines have another height. */
let resized = () => {};

beforeEach(() => {
  Object.assign(globalThis, {
    ResizeObserver: class {
      /** @param {() => void} report */
      constructor(report) {
        resized = report;
      }

      observe() {}
      disconnect() {}
    },
  });
});

/** A box that shows 100 px of its lines, each of which is 20 px high. */
class Box extends EventTarget {
  clientHeight = 100;
  #place = 0;

  /** @param {number} lines */
  constructor(lines) {
    super();
    this.lines = lines;
  }

  get scrollHeight() {
    return this.lines * 20;
  }

  get scrollTop() {
    return this.#place;
  }

  set scrollTop(place) {
    this.#place = Math.max(0, Math.min(place, this.scrollHeight - this.clientHeight));
  }

  /** @param {number} place where the reader scrolls to */
  scrollTo(place) {
    this.scrollTop = place;
    this.dispatchEvent(new Event("scroll"));
  }
}

/** @param {number} n */
function line(n) {
  return /** @type {HTMLElement} */ (/** @type {unknown} */ ({ offsetTop: n * 20, offsetHeight: 20 }));
}

function scrolled(lines = 10) {
  const box = new Box(lines);
  /** @type {{line: HTMLElement | undefined}} */
  const now = { line: undefined };
  const element = /** @type {HTMLElement} */ (/** @type {unknown} */ (box));
  const scroller = new Scroller(element, element, new Scope(), { now: () => now.line, onChange: () => {} });
  scroller.keep();
  return { box, now, scroller };
}

/** @param {Box} box */
function grow(box, lines = 1) {
  box.lines += lines;
  resized();
}

test("the end stays in sight while lines come", () => {
  const { box } = scrolled();
  assert.equal(box.scrollTop, 100);
  grow(box);
  assert.equal(box.scrollTop, 120);
});

test("who scrolls up stays there, until they are back at the end", () => {
  const { box, scroller } = scrolled();
  box.scrollTo(40);
  grow(box, 3);
  assert.deepEqual([box.scrollTop, scroller.follows], [40, false]);
  box.scrollTo(160 - 20); // nearly
  assert.equal(scroller.follows, true);
  grow(box);
  assert.equal(box.scrollTop, 180);
});

test("the event of its own scrolling changes nothing", () => {
  const { box, scroller } = scrolled();
  box.dispatchEvent(new Event("scroll"));
  box.lines += 10; // before the event of the earlier place is told
  box.dispatchEvent(new Event("scroll"));
  assert.equal(scroller.follows, true);
});

test("a way back leads to the end", () => {
  const { box, scroller } = scrolled();
  box.scrollTo(0);
  scroller.follow();
  assert.deepEqual([box.scrollTop, scroller.follows], [100, true]);
});

test("the line that is heard is put in the middle, and stays where it is while it is in sight", () => {
  const { box, now, scroller } = scrolled(50);
  now.line = line(20);
  scroller.keep();
  assert.equal(box.scrollTop, 360);
  now.line = line(21);
  scroller.keep();
  assert.equal(box.scrollTop, 360);
  now.line = line(23);
  scroller.keep();
  assert.equal(box.scrollTop, 420);
});

test("who scrolls away from the line that is heard stays there, until it is in sight again", () => {
  const { box, now, scroller } = scrolled(50);
  now.line = line(20);
  scroller.keep();
  box.scrollTo(0);
  assert.equal(scroller.follows, false);
  scroller.keep();
  assert.equal(box.scrollTop, 0);
  box.scrollTo(330);
  assert.equal(scroller.follows, true);
});

test("a hit of a search stays in sight when the lines above it get their true height", () => {
  const { box, scroller } = scrolled(50);
  const hit = { offsetTop: 200, offsetHeight: 20 };
  scroller.show(/** @type {HTMLElement} */ (/** @type {unknown} */ (hit)));
  assert.deepEqual([box.scrollTop, scroller.follows], [160, false]);
  hit.offsetTop = 600;
  resized();
  assert.equal(box.scrollTop, 560);
});

test("when the line kept in sight is replaced, the list stays where it is, and follows no line", () => {
  const { box, scroller } = scrolled(50);
  const hit = { offsetTop: 200, offsetHeight: 20, isConnected: true };
  scroller.show(/** @type {HTMLElement} */ (/** @type {unknown} */ (hit)));
  Object.assign(hit, { offsetTop: 0, offsetHeight: 0, isConnected: false }); // as browsers measure what is off the page
  resized();
  assert.deepEqual([box.scrollTop, scroller.follows], [160, false]);
});
