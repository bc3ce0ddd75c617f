// Where rows stand while a pointer is on them, and which are marked.
import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, emptyArrangement, isBusy, mark, noMarks } from "../../../static/js/list/marks.js";

/** @typedef {import("../../../static/js/list/marks.js").Arrangement} Arrangement */
/** @typedef {import("../../../static/js/list/marks.js").MarkedCall} MarkedCall */

const AWAY = { pressed: false, pointerAt: Number.NEGATIVE_INFINITY, keyAt: Number.NEGATIVE_INFINITY };
/** @type {ReadonlySet<string>} */
const NOBODY = new Set();

/**
 * @param {Arrangement} shown
 * @param {string} wanted ids of one letter
 * @param {{busy: boolean, known?: string}} how
 */
function arranged(shown, wanted, { busy, known = wanted }) {
  return arrange(shown, [...wanted], new Set(known), busy);
}

/** Rows at rest. @param {string} wanted */
function atRest(wanted) {
  return arranged(emptyArrangement(), wanted, { busy: false });
}

/** @param {Arrangement} shown */
function seen({ ids, waiting }) {
  return [ids.join(""), [...waiting].sort().join("")];
}

/**
 * @param {string} id
 * @param {Partial<MarkedCall>} [changes]
 * @returns {MarkedCall}
 */
function call(id, changes = {}) {
  return { id, state: "tapping", over: false, attention: [], ...changes };
}

const OVER = { state: "finished", over: true };

/**
 * Take note of the calls at each of these times.
 * @param {[now: number, calls: MarkedCall[], waiting?: string][]} steps
 */
function marksAfter(...steps) {
  let marks = noMarks();
  for (const [now, calls, waiting = ""] of steps) marks = mark(marks, calls, new Set(waiting), now);
  return Object.fromEntries([...marks.marks].map(([id, { kind }]) => [id, kind]));
}

test("rows must not move while a pointer moves on them, nor for three seconds after that", () => {
  assert.equal(isBusy(AWAY, 10_000), false);
  assert.equal(isBusy({ ...AWAY, pointerAt: 7001 }, 10_000), true);
  assert.equal(isBusy({ ...AWAY, pointerAt: 7000 }, 10_000), false);
});

test("rows must not move while keys walk through them, or while one is pressed", () => {
  assert.equal(isBusy({ ...AWAY, keyAt: 7001 }, 10_000), true);
  assert.equal(isBusy({ ...AWAY, keyAt: 7000 }, 10_000), false);
  assert.equal(isBusy({ ...AWAY, pressed: true }, 10_000), true);
});

test("at rest rows stand as wanted", () => {
  assert.deepEqual(seen(arranged(atRest("abc"), "cda", { busy: false })), ["cda", ""]);
});

test("while the list is busy rows keep their places, and say who waits", () => {
  assert.deepEqual(seen(arranged(atRest("abc"), "cab", { busy: true })), ["abc", "c"]);
});

test("while the list is busy new rows are added below all others", () => {
  assert.deepEqual(seen(arranged(atRest("abc"), "xaybc", { busy: true })), ["abcxy", "xy"]);
  assert.deepEqual(seen(arranged(atRest("abc"), "abcx", { busy: true })), ["abcx", ""]);
});

test("a row that the filter no longer wants leaves only when the list is at rest", () => {
  const busy = arranged(atRest("abc"), "ac", { busy: true, known: "abc" });
  assert.deepEqual(seen(busy), ["abc", "b"]);
  assert.deepEqual(seen(arranged(busy, "ac", { busy: false, known: "abc" })), ["ac", ""]);
});

test("a row whose call is gone leaves at once", () => {
  assert.deepEqual(seen(arranged(atRest("abc"), "ac", { busy: true })), ["ac", ""]);
});

test("the first rows appear in order, even below a pointer", () => {
  assert.deepEqual(seen(arranged(emptyArrangement(), "bca", { busy: true })), ["bca", ""]);
});

test("what waited moves into place when the list is let go", () => {
  const busy = arranged(atRest("abc"), "xcab", { busy: true });
  assert.deepEqual(seen(busy), ["abcx", "cx"]);
  assert.deepEqual(seen(arranged(busy, "xcab", { busy: false })), ["xcab", ""]);
});

test("as long as no row moves the ids are the same array", () => {
  const shown = atRest("abc");
  assert.equal(arranged(shown, "abc", { busy: false }).ids, shown.ids);
  assert.equal(arranged(shown, "cba", { busy: true }).ids, shown.ids);
  assert.notEqual(arranged(shown, "cba", { busy: false }).ids, shown.ids);
});

test("the first calls are not new, and those after them are", () => {
  assert.deepEqual(marksAfter([0, [call("a")]]), {});
  assert.deepEqual(marksAfter([0, [call("a")]], [1, [call("a"), call("b")]]), { b: "new" });
  assert.deepEqual(marksAfter([0, []], [1, [call("a")]]), { a: "new" });
});

test("a mark lasts six seconds", () => {
  const [before, after] = [[call("a")], [call("a"), call("b")]];
  assert.deepEqual(marksAfter([0, before], [1000, after], [6999, after]), { b: "new" });
  assert.deepEqual(marksAfter([0, before], [1000, after], [7000, after]), {});
});

test("the mark of a row that waits for its place lasts until six seconds after that", () => {
  const [before, after] = [[call("a")], [call("a"), call("b")]];
  assert.deepEqual(marksAfter([0, before], [1000, after, "b"], [6000, after, "b"], [11_999, after]), { b: "new" });
  assert.deepEqual(marksAfter([0, before], [1000, after, "b"], [6000, after, "b"], [12_000, after]), {});
});

test("a mark that has faded does not come back because its row waits", () => {
  const calls = [call("a"), call("b")];
  assert.deepEqual(marksAfter([0, [call("a")]], [1000, calls], [7000, calls], [7001, calls, "b"]), {});
});

test("an end is marked once", () => {
  const over = [call("a", OVER)];
  assert.deepEqual(marksAfter([0, [call("a")]], [1, over]), { a: "ended" });
  assert.deepEqual(marksAfter([0, [call("a")]], [1, over], [6001, over]), {});
});

test("a call that comes with its end was not new", () => {
  assert.deepEqual(marksAfter([0, []], [1, [call("a", OVER)]]), { a: "ended" });
});

test("a correction of how a call ended is a change, and so is its return", () => {
  const lost = call("a", { state: "lost", over: true });
  assert.deepEqual(marksAfter([0, [lost]], [1, [call("a", OVER)]]), { a: "changed" });
  assert.deepEqual(marksAfter([0, [lost]], [1, [call("a")]]), { a: "changed" });
});

test("a call that needs attention is changed, and also when it no longer does", () => {
  const conditions = [{ kind: "one_way" }, { kind: "clipping" }];
  const needy = [call("a", { attention: conditions })];
  assert.deepEqual(marksAfter([0, [call("a")]], [1, needy]), { a: "changed" });
  assert.deepEqual(marksAfter([0, needy], [1, [call("a")]]), { a: "changed" });
  assert.deepEqual(marksAfter([0, needy], [1, [call("a", { attention: [...conditions].reverse() })]]), {});
});

test("a new call that goes live is still new, and fades as such", () => {
  const [asked, live] = [[call("a", { state: "requested" })], [call("a")]];
  assert.deepEqual(marksAfter([0, []], [1000, asked], [3000, live]), { a: "new" });
  assert.deepEqual(marksAfter([0, []], [1000, asked], [3000, live], [7000, live]), {});
  assert.deepEqual(marksAfter([0, []], [1000, asked], [8000, live]), { a: "changed" });
});

test("a call that is gone takes its mark along", () => {
  assert.deepEqual(marksAfter([0, []], [1, [call("a")]], [2, []]), {});
});

test("what was given stays as it is", () => {
  const before = mark(noMarks(), [call("a")], NOBODY, 0);
  const copy = structuredClone(before);
  mark(before, [call("a", OVER), call("b")], NOBODY, 1);
  assert.deepEqual(before, copy);
});
