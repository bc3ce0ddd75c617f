// Whatever a script says to people is translated: its syntax tree has no other words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { codesOf, sourcesOf, untranslated } from "./support/literals.mjs";

const sources = sourcesOf("tsconfig.json");
const codes = codesOf(sources.values());

test("the rule finds scripts to check", () => {
  assert.ok(sources.size > 80);
});

for (const [name, source] of sources) {
  test(`${name}: every word for people is translated`, () => {
    assert.deepEqual(untranslated(source, codes), []);
  });
}
