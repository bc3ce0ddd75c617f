// What was said last in each call of the list.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LastSaid } from "../../../static/js/list/last-said.js";
import { ALL_CHANGED, said, toolUse, words } from "../support/said.mjs";

test("a snapshot tells what was said last, and nothing else is known after it", () => {
  const last = new LastSaid();
  last.take(words(0, 5, [said(1, "Hello.")]));
  last.reset({ 2: said(3, "Yes.") });
  assert.equal(last.of("1"), undefined);
  assert.equal(last.of("2")?.text, "Yes.");
});

test("the last line of a caller or an agent counts, and no tool and no note", () => {
  const last = new LastSaid();
  last.take(words(0, 9, [said(1, "Hello."), said(2, "Hi.", { side: "caller" }), toolUse(3, "lookup"), said(4, "Hold", { side: "note" })]));
  assert.equal(last.of("1")?.text, "Hi.");
});

test("lines that are told again do not replace a newer one", () => {
  const last = new LastSaid();
  last.take(words(20, 30, [said(25, "And now?")]));
  last.take(words(0, 10, [said(5, "Before.")]));
  assert.equal(last.of("1")?.text, "And now?");
});

test("a sentence that grows replaces itself", () => {
  const last = new LastSaid();
  last.take(words(0, 10, [said(5, "I need", { partial: true })]));
  last.take(words(0, 10, [said(5, "I need a taxi.")]));
  assert.equal(last.of("1")?.text, "I need a taxi.");
});

test("a conversation that is to be read anew says nothing about its last line", () => {
  const last = new LastSaid();
  last.take(words(0, 10, [said(5, "Hello.")]));
  last.take(ALL_CHANGED);
  assert.equal(last.of("1")?.text, "Hello.");
});

test("calls that have left the list are forgotten", () => {
  const last = new LastSaid();
  last.take(words(0, 10, [said(5, "Hello.")]));
  last.keep(new Set(["2"]));
  assert.equal(last.of("1"), undefined);
});
