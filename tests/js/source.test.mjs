// Rules for the sources. Without them pages break under their content security policy or
// under hashed file names.
import assert from "node:assert/strict";
import { test } from "node:test";

import { files, uncommented } from "./support/sources.mjs";

/** @type {import("./support/sources.mjs").SourceFile[]} */
const scripts = files("static/js", ".js").map(([name, source]) => [name, uncommented(source)]);
const pages = files("templates", ".html");

test("the rules find files to check", () => {
  assert.ok(scripts.length >= 10);
  assert.ok(pages.length >= 8);
});

for (const [name, source] of scripts) {
  test(`${name}: imports are relative, name a file, and end in a semicolon`, () => {
    // Django gives hashed names only to imports of this form; others would keep their plain names.
    const imports = source.match(/^(import|export)\b[^;(]*\bfrom\b.*$/gm) ?? [];
    for (const line of imports) assert.match(line, /from "\.{1,2}\/[\w./-]+\.js";$/);
    assert.doesNotMatch(source, /\bimport\s*\(/);
  });

  test(`${name}: text is written as text, and nothing is evaluated`, () => {
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
    assert.doesNotMatch(source, /blob:|createObjectURL|console\.(log|debug|info|warn|error)|setAttribute\("style"/);
  });
}

test("a worklet imports only what lies beside it", () => {
  const worklets = scripts.filter(([name]) => name.includes("worklets"));
  assert.ok(worklets.length);
  for (const [, source] of worklets) assert.doesNotMatch(source, /^\s*import\b(?!.* from "\.\/[\w-]+\.js";$)/m);
});

for (const [name, source] of pages) {
  test(`${name}: no inline script, style or handler`, () => {
    assert.doesNotMatch(source, /<script(?![^>]*\bsrc=)/);
    assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|javascript:/);
  });
}

for (const [name, source] of pages) {
  test(`${name}: every line is shorter than 160 characters`, () => {
    assert.deepEqual(source.split("\n").filter((line) => line.length >= 160), []);
  });
}

test("no number in the sprite ends in a needless zero", () => {
  const [, sprite = ""] = pages.find(([name]) => name.endsWith("icons.html")) ?? [];
  assert.deepEqual(sprite.match(/\.\d*0\b/g) ?? [], []);
});

test("icons that scripts name are in the sprite", () => {
  const [, sprite = ""] = pages.find(([name]) => name.endsWith("icons.html")) ?? [];
  const named = [...scripts, ...pages].flatMap(([, source]) => [...source.matchAll(/#i-([a-z]+)\b/g)]);
  assert.ok(named.length > 5);
  for (const [, icon] of named) assert.ok(sprite.includes(`id="i-${icon}"`), icon);
});

const sheets = files("static/css", ".css").filter(([name]) => !name.endsWith("/admin.css"));

for (const [name, source] of sheets) {
  test(`${name}: all its rules are in one layer, named after its folder or itself`, () => {
    const [, folder, file] = name.match(/css\/(?:(\w+)\/)?([\w-]+)\.css$/) ?? [];
    const blocks = uncommented(source).match(/^@layer \w+ \{$/gm);
    assert.deepEqual(blocks, [`@layer ${folder ?? file} {`]);
    assert.doesNotMatch(uncommented(source), /^(?! |@layer |\}).+/m, "a rule outside the layer");
  });
}

for (const [name, source] of sheets.filter(([path]) => path.includes("components/"))) {
  test(`${name}: every selector names a class of this component`, () => {
    const [, prefix] = name.match(/\/(\w+)(?:-\w+)?\.css$/) ?? []; // calls-row.css is a part of calls
    const lines = uncommented(source).split("\n").filter((line) => /^ {2,4}[^@].*[{,]$/.test(line));
    const selectors = lines.filter((line) => !/^\s+[\w-]+: /.test(line));
    assert.ok(selectors.length);
    for (const selector of selectors) assert.match(selector, new RegExp(`\\.${prefix}\\b`));
  });
}
