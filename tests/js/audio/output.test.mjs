// The page's sound output, on a stand-in for the browser.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { FakeContext, FakeNode, install, uninstall } from "../support/browser.mjs";
import { installDocument, Ledger } from "../support/page.mjs";

beforeEach(() => {
  install();
  installDocument(new Ledger());
});

afterEach(uninstall);

/** Let the page load what it plays with. */
async function prepared() {
  const output = new AudioOutput("/processors.js");
  await output.prepare();
  return output;
}

test("each context has one limiter, behind all decks", async () => {
  const output = await prepared();
  await output.load();
  assert.deepEqual(FakeNode.limiters.map((limiter) => limiter.context), FakeContext.made);
});

test("when the limiter stops, the page is told, and the next click gets a context that sounds", async () => {
  const output = await prepared();
  /** @type {string[]} */
  const told = [];
  output.addEventListener("failed", (event) => told.push(/** @type {CustomEvent<string>} */ (event).detail));
  FakeNode.limiters[0].onprocessorerror();
  assert.deepEqual(told, ["The player stopped working. Listen again."]);
  assert.ok(FakeContext.made[0].closed);
  output.unlock();
  await output.load();
  assert.equal(FakeNode.limiters.length, 2);
  output.close();
});
