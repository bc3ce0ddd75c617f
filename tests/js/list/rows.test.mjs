// The rows as elements, made and moved in slices.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Rows } from "../../../static/js/list/rows.js";
import { Slice } from "../../../static/js/list/slice.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";

/** @typedef {import("../../../static/js/list/row.js").CallRow} CallRow */

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** As much of a row as the list touches. */
class FakeRow {
  /** @type {object | null} */
  details = null;
  height = 0;

  /**
   * @param {string} id
   * @param {FakeElement} element
   */
  constructor(id, element) {
    this.id = id;
    this.element = element;
    this.stop = element;
    element.setAttribute("data-call", id);
  }

  open() {
    this.details = {};
  }

  /** @param {number} height */
  close(height) {
    this.details = null;
    this.height = height;
  }

  tab() {}
}

/** @type {Ledger} */
let ledger;

beforeEach(() => {
  ledger = new Ledger();
  installDocument(ledger);
});

/** A list whose rows take some time to make, the calls whose rows were made, and which rows are open. */
function listed({ took = 0 } = {}) {
  const list = new FakeElement(ledger);
  let now = 0;
  /** @type {string[]} */
  const made = [];
  /** @type {Map<string, FakeRow>} */
  const all = new Map();
  const make = (/** @type {string} */ id) => {
    now += took;
    made.push(id);
    const row = new FakeRow(id, new FakeElement(ledger));
    all.set(id, row);
    return /** @type {CallRow} */ (/** @type {unknown} */ (row));
  };
  const element = /** @type {HTMLElement} */ (/** @type {unknown} */ (list));
  const rows = new Rows(element, new Scope(), { make, change: () => false, onSight() {} });
  const shown = () => list.children.map((row) => /** @type {FakeElement} */ (row).getAttribute("data-call")).join("");
  return {
    made,
    rows,
    shown,
    open: () => [...shown()].filter((id) => all.get(id)?.details).join(""),
    height: (/** @type {string} */ id) => all.get(id)?.height,
    /**
     * @param {string} ids whose rows come near the sight, or go from it
     * @param {boolean} near
     */
    see: (ids, near, height = 49) => {
      for (const id of ids) ledger.see(/** @type {FakeRow} */ (all.get(id)).element, near, height);
    },
    /** @param {string} ids */
    update: (ids, known = new Set(LETTERS)) => rows.update({ ids: [...ids], known, keep: undefined }, new Slice(() => now)),
  };
}

test("rows that take long to make are made from the top down, over several frames", () => {
  const { shown, update } = listed({ took: 3 });
  assert.deepEqual([update("abcde"), shown()], [false, "abc"]);
  assert.deepEqual([update("abcde"), shown()], [true, "abcde"]);
});

test("a row counts for more than making it takes, because the browser draws it", () => {
  const { shown, update } = listed();
  const ids = [...Array(60).keys()].map((n) => String.fromCodePoint(0x100 + n)).join("");
  assert.deepEqual([update(ids), shown()], [false, ids.slice(0, 40)]);
  assert.deepEqual([update(ids), shown()], [true, ids]);
});

test("a row that is moved counts for more than a new one, because others move too", () => {
  const { shown, update } = listed();
  update(LETTERS);
  const turned = [...LETTERS].reverse().join("");
  assert.equal(update(turned), false);
  assert.deepEqual([update(turned), shown()], [true, turned]);
});

test("a row that the filter hides is not made again", () => {
  const { made, shown, update } = listed();
  update("abc");
  update("b");
  assert.equal(shown(), "b");
  update("bc");
  assert.equal(shown(), "bc");
  assert.deepEqual(made, ["a", "b", "c"]);
});

test("the row of a call that has left the list is forgotten", () => {
  const { made, update } = listed();
  update("ab");
  update("b", new Set("b"));
  update("ba");
  assert.deepEqual(made, ["a", "b", "a"]);
});

test("rows that are no longer shown leave from the bottom up, over several frames", () => {
  const { shown, update } = listed();
  update(LETTERS);
  update(LETTERS);
  assert.deepEqual([update("a"), shown()], [false, LETTERS.slice(0, 10)]);
  assert.deepEqual([update("a"), shown()], [true, "a"]);
});

test("a row is open while it is near the sight, and keeps its height when it closes", () => {
  const { height, open, see, update } = listed();
  update("abcd");
  see("c", true);
  update("abcd");
  assert.equal(open(), "ac", "the first has the Tab key");
  see("c", false, 70);
  update("abcd");
  assert.deepEqual([open(), height("c")], ["a", 70]);
});

test("rows open over several frames", () => {
  const { open, see, update } = listed();
  update("abcdefgh");
  see("abcdefgh", true);
  assert.deepEqual([update("abcdefgh"), open()], [false, "abcde"]);
  assert.deepEqual([update("abcdefgh"), open()], [true, "abcdefgh"]);
});

test("the focus opens a row wherever it is, and the row stays open while it has it", () => {
  const { open, rows, see, update } = listed();
  update("abcd");
  rows.focus(3);
  assert.equal(open(), "ad");
  rows.tabTo("d"); // as the page does when the focus comes
  see("ad", false);
  update("abcd");
  assert.equal(open(), "d");
});
