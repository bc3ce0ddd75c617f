// The words of a page: from the catalogue that the page loaded, else as they are written.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fill, gettext, ngettext, pgettext } from "../../../static/js/ui/i18n.js";

test("without a catalogue the words stay as they are written", () => {
  assert.equal(gettext("Live calls"), "Live calls");
  assert.equal(pgettext("state", "Live"), "Live");
});

test("without a catalogue a number picks the English form", () => {
  const forms = [0, 1, 2].map((n) => fill(ngettext("%(n)s call", "%(n)s calls", n), { n }));
  assert.deepEqual(forms, ["0 calls", "1 call", "2 calls"]);
});

test("with a catalogue the words are its own", async () => {
  const catalogue = {
    gettext: (/** @type {string} */ text) => `⟦${text}⟧`,
    ngettext: (/** @type {string} */ one, /** @type {string} */ many, /** @type {number} */ n) => `⟦${n < 2 ? one : many}⟧`,
    pgettext: (/** @type {string} */ context, /** @type {string} */ text) => `⟦${context}:${text}⟧`,
  };
  Object.assign(globalThis, { django: catalogue });
  const module = "../../../static/js/ui/i18n.js?with-a-catalogue";
  const loaded = /** @type {typeof import("../../../static/js/ui/i18n.js")} */ (await import(module));
  assert.equal(loaded.gettext("Live calls"), "⟦Live calls⟧");
  assert.equal(loaded.ngettext("a call", "calls", 0), "⟦a call⟧", "the catalogue knows what zero takes");
  assert.equal(loaded.pgettext("state", "Live"), "⟦state:Live⟧");
  Reflect.deleteProperty(globalThis, "django");
});

test("values take their places by name, in any order and more than once", () => {
  assert.equal(fill("%(who)s: %(n)s of %(n)s", { n: 2, who: "alice" }), "alice: 2 of 2");
});

test("a value is text and nothing else", () => {
  assert.equal(fill("%(who)s joined", { who: "$& %(who)s" }), "$& %(who)s joined");
});

test("a place without a value stays to be seen, and a percentage is left alone", () => {
  assert.equal(fill("50 % of %(what)s", {}), "50 % of %(what)s");
});
