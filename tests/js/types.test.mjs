// Rules that keep the type checks on, and the modules free of exports that nobody uses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";

import { files, uncommented } from "./support/sources.mjs";

const scripts = files("static/js", ".js");
const tests = files("tests/js", ".mjs");

test("the type check of the tests covers their whole folder", () => {
  const config = readFileSync(new URL("tsconfig.json", import.meta.url), "utf8");
  const { include, exclude = [] } = JSON.parse(config);
  assert.deepEqual([include, exclude], [[".", "../../types"], []]);
});

for (const [name, source] of [...scripts, ...tests]) {
  test(`${name}: no comment turns the type checks off`, () => {
    const unchecked = /@ts-(ignore|nocheck|expect-error)|@[a-z]+ \{[^\n]*\bany\b[^\n]*\}/g;
    assert.deepEqual(source.match(unchecked) ?? [], []);
  });
}

/** The names that a module exports. @param {string} source */
function exportsOf(source) {
  const declared = /^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm;
  return [...uncommented(source).matchAll(declared)].map(([, name]) => name);
}

/**
 * What a module imports, as "path name".
 * @param {string} path
 * @param {string} source
 */
function importsOf(path, source) {
  const clauses = /(?:import|const) \{([^}]*)\} (?:from|= await import\() ?"(\.[^"]+)"/g;
  return [...uncommented(source).matchAll(clauses)].flatMap(([, names, from]) => {
    const module = join(dirname(path), from);
    return names.split(",").map((name) => `${module} ${name.split(" as ")[0].trim()}`);
  });
}

const imported = new Set([...scripts, ...tests].flatMap(([path, source]) => importsOf(path, source)));

for (const [path, source] of scripts) {
  test(`${path}: another module imports every name that it exports`, () => {
    assert.deepEqual(exportsOf(source).filter((name) => !imported.has(`${path} ${name}`)), []);
  });
}
