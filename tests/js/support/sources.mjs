// The source files that the rules are checked on.
import { readdirSync, readFileSync } from "node:fs";

/** @typedef {[name: string, source: string]} SourceFile a path below the project, and its text */

/**
 * @param {string} folder
 * @param {string} ending
 * @returns {SourceFile[]}
 */
export function files(folder, ending) {
  const root = new URL(`../../../${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => [`${folder}/${name}`, readFileSync(new URL(name, root), "utf8")]);
}

/** Without comments, because JSDoc types look like imports. @param {string} source */
export function uncommented(source) {
  return source.replace(/\/\*[\s\S]*?\*\//g, "");
}
