// Rules for the texts that people read. The program that collects them for translators only reads
// the sources, so each text must be written out there. literals.test.mjs finds what is left out.
import assert from "node:assert/strict";
import { test } from "node:test";

import { files, uncommented } from "./support/sources.mjs";

const LITERAL = '\\s*"([^"\\\\]*)"\\s*,?';
/** What follows the name of each function that takes texts. */
const GIVEN = {
  gettext: new RegExp(`\\bgettext\\(${LITERAL}\\s*\\)`, "g"),
  pgettext: new RegExp(`\\bpgettext\\(${LITERAL}${LITERAL}\\s*\\)`, "g"),
  ngettext: new RegExp(`\\bngettext\\(${LITERAL}${LITERAL}`, "g"),
};
const CALL = /\bp?n?gettext\(/g;
const NAMED = /%\(\w+\)s/g;

const scripts = files("static/js", ".js")
  .filter(([name]) => !name.endsWith("ui/i18n.js"))
  .map(([name, source]) => ({ name, code: uncommented(source) }));

for (const { name, code } of scripts) {
  const calls = Object.values(GIVEN).flatMap((given) => [...code.matchAll(given)]);

  test(`${name}: every text that can be translated is a literal`, () => {
    assert.equal(calls.length, code.match(CALL)?.length ?? 0);
  });

  test(`${name}: values have names in texts, because each language has its order`, () => {
    for (const [, ...texts] of calls) {
      for (const text of texts) assert.doesNotMatch(text.replace(NAMED, ""), /%|\$\{/);
    }
  });

  test(`${name}: what translators are told stands right above the text`, () => {
    const orphans = code.match(/^.*\/\/ Translators:.*\n(?!.*\bp?n?gettext\().*$/gm);
    assert.deepEqual(orphans ?? [], []);
  });
}
