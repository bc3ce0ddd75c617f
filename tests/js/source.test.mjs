// Rules that the sources must keep, or the page breaks under its content security
// policy or under hashed file names.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

function files(folder, ending) {
  const root = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => [`${folder}/${name}`, readFileSync(new URL(name, root), "utf8")]);
}

/** JSDoc types look like imports. */
function uncommented(source) {
  return source.replace(/\/\*[\s\S]*?\*\//g, "");
}

const scripts = files("static/js", ".js").map(([name, source]) => [name, uncommented(source)]);
const pages = files("templates", ".html");

test("there is something to look at", () => {
  assert.ok(scripts.length >= 10);
  assert.ok(pages.length >= 8);
});

for (const [name, source] of scripts) {
  test(`${name}: imports are relative, name a file, and end in a semicolon`, () => {
    // Django hashes only what looks like this; the rest would keep its plain name.
    const imports = source.match(/^(import|export)\b[^;(]*\bfrom\b.*$/gm) ?? [];
    for (const line of imports) assert.match(line, /from "\.{1,2}\/[\w./-]+\.js";$/);
    assert.doesNotMatch(source, /\bimport\s*\(/);
  });

  test(`${name}: text goes in as text, and nothing is evaluated`, () => {
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
    assert.doesNotMatch(source, /blob:|createObjectURL|console\.(log|debug|info|warn|error)|setAttribute\("style"/);
  });
}

test("a worklet imports nothing", () => {
  const worklets = scripts.filter(([name]) => name.includes("worklets"));
  assert.ok(worklets.length);
  for (const [, source] of worklets) assert.doesNotMatch(source, /^\s*import\b/m);
});

for (const [name, source] of pages) {
  test(`${name}: no inline script, style or handler`, () => {
    assert.doesNotMatch(source, /<script(?![^>]*\bsrc=)/);
    assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|javascript:/);
  });
}

test("icons that scripts name are in the sprite", () => {
  const [, sprite] = pages.find(([name]) => name.endsWith("icons.html"));
  const named = [...scripts, ...pages].flatMap(([, source]) => [...source.matchAll(/#i-([a-z]+)\b/g)]);
  assert.ok(named.length > 5);
  for (const [, icon] of named) assert.ok(sprite.includes(`id="i-${icon}"`), icon);
});
