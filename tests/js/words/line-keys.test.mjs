// The keyboard in a transcript.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { openLineKeys } from "../../../static/js/words/line-keys.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";

/** @type {FakeElement} */
let box;
/** @type {FakeElement[]} */
let rows;
/** The lines that were to be seen, by number. @type {number[]} */
let shown;
/** @type {number | null} */
let focused;

beforeEach(() => {
  const ledger = new Ledger();
  installDocument(ledger);
  [shown, focused] = [[], null];
  box = new FakeElement(ledger);
  const list = new FakeElement(ledger);
  rows = [0, 1, 2].map((n) => {
    const row = new FakeElement(ledger);
    row.contains = () => focused === n;
    row.part("time").focus = () => {
      focused = n;
    };
    list.append(row);
    return row;
  });
  const elements = /** @type {{box: HTMLElement, list: HTMLElement}} */ (/** @type {unknown} */ ({ box, list }));
  openLineKeys(elements, new Scope(), (row) => shown.push(rows.findIndex((one) => Object.is(one, row))));
});

/** @param {string} key @returns {Event} */
function press(key) {
  const event = Object.assign(new Event("keydown", { cancelable: true, bubbles: true }), { key });
  box.dispatchEvent(event);
  return event;
}

test("the arrows move from line to line, the newest first, and stay at the ends", () => {
  for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"]) press(key);
  assert.deepEqual(shown, [2, 1, 0, 0, 1]);
  assert.equal(focused, 1);
});

test("Home and End lead to the first line and to the last", () => {
  press("Home");
  press("End");
  assert.deepEqual(shown, [0, 2]);
});

test("keys that move or scroll here do nothing else on the page, and others are left to it", () => {
  const stopped = (/** @type {string} */ key) => press(key).cancelBubble;
  assert.deepEqual(["ArrowUp", "End", "PageUp", "m", "Enter", "ArrowLeft"].map(stopped), [true, true, true, false, false, false]);
  assert.deepEqual([press("PageDown").defaultPrevented, press("ArrowDown").defaultPrevented], [false, true]);
});
