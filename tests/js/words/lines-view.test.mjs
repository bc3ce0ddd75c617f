// The lines of a transcript as elements.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { LinesView } from "../../../static/js/words/lines-view.js";
import { EMPTY, withAll, withWindow } from "../../../static/js/words/transcript.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { at, said, toolUse } from "../support/said.mjs";

/** @typedef {import("../support/said.mjs").SaidLine} SaidLine */

/** @type {FakeElement} */
let root;
/** @type {LinesView} */
let view;

beforeEach(() => {
  const ledger = new Ledger();
  installDocument(ledger);
  root = new FakeElement(ledger);
  view = new LinesView(/** @type {HTMLElement} */ (/** @type {unknown} */ (root)));
});

/** @param {SaidLine[]} lines */
function shown(...lines) {
  const transcript = withAll(EMPTY, lines);
  view.render(transcript.lines);
  return transcript;
}

function rows() {
  return /** @type {FakeElement[]} */ (root.part("lines").children);
}

function texts() {
  return rows().map((row) => row.part("text").textContent);
}

test("lines are in the order of their times, wherever they come in", () => {
  const transcript = shown(said(0, "One"), said(2, "Three"));
  view.render(withWindow(transcript, { from: at(1), until: at(1), lines: [said(1, "Two")] }).lines);
  assert.deepEqual(texts(), ["One", "Two", "Three"]);
});

test("a line that grows does so in its element", () => {
  const transcript = shown(said(0, "I have", { side: "caller", partial: true }));
  const [row] = rows();
  assert.equal(row.part("partial").hidden, false);
  view.render(withWindow(transcript, { from: at(0), until: at(9), lines: [said(2, "I have a card.", { side: "caller" })] }).lines);
  assert.deepEqual([rows(), texts()], [[row], ["I have a card."]]);
  assert.equal(row.part("partial").hidden, true);
});

test("a line that is no longer there is taken away, and the others keep their elements", () => {
  const transcript = shown(said(0, "One"), said(1, "Two"), said(2, "Three"));
  const [one, , three] = rows();
  view.render(withWindow(transcript, { from: at(1), until: at(1), lines: [] }).lines);
  assert.deepEqual(rows(), [one, three]);
});

test("markup in what is said is text", () => {
  shown(said(0, "<img src=x onerror=alert(1)>"));
  assert.deepEqual(texts(), ["<img src=x onerror=alert(1)>"]);
});

test("a line says whose it is, when it was said, and how fast the answer came", () => {
  shown(said(5, "Yes?", { side: "caller" }), said(6, "No problem.", { latency: 1.24 }));
  const [asks, answers] = rows();
  assert.deepEqual([asks.part("who").textContent, answers.part("who").textContent], ["Caller", "Agent"]);
  assert.match(asks.part("time").textContent, /:00:05/);
  assert.deepEqual([asks.part("latency").hidden, answers.part("latency").textContent], [true, "1.2 s"]);
});

test("a sentence that was interrupted says so", () => {
  shown(said(0, "We are open from", { interrupted: true }), said(1, "Yes."));
  assert.deepEqual(rows().map((row) => row.part("interrupted").hidden), [false, true]);
});

test("a tool says what it was given, what came of it and how long it took, and nothing that is not known", () => {
  shown(toolUse(0, "look_up", { arguments: "{}", milliseconds: 412 }), toolUse(1, "book", { error: "timed out" }));
  const [works, fails] = rows();
  assert.deepEqual([works.part("took").textContent, works.part("arguments").textContent], ["412 ms", "{}"]);
  assert.deepEqual([works.part("failed").hidden, works.part("result-field").hidden], [true, true]);
  assert.deepEqual([fails.part("failed").hidden, fails.part("error").textContent, fails.part("took").hidden], [false, "timed out", true]);
  assert.deepEqual(rows().map((row) => row.getAttribute("data-error")), ["false", "true"]);
});

test("the line that is heard is marked, and no other", () => {
  const { lines } = shown(said(0, "One"), said(1, "Two"));
  const marked = () => rows().map((row) => row.getAttribute("aria-current"));
  assert.equal(view.mark(lines[0].key), true);
  assert.equal(view.mark(lines[0].key), false, "it is the same one");
  assert.deepEqual(marked(), ["true", null]);
  view.mark(lines[1].key);
  assert.deepEqual(marked(), [null, "true"]);
  view.mark(undefined);
  assert.deepEqual(marked(), [null, null]);
});

test("a time that plays nothing says why", () => {
  const { lines } = shown(said(0, "One"), said(1, "Two"));
  view.showPlayable(lines, (index) => (index ? "" : "It is too old."));
  const times = rows().map((row) => row.part("time"));
  assert.deepEqual(times.map((time) => time.getAttribute("aria-disabled")), ["true", "false"]);
  assert.deepEqual(times.map((time) => time.getAttribute("title")), ["It is too old.", ""]);
});
