// Finds words in the scripts' sources that nobody translates: literals that look like words, and
// that stand where a person may come to read them. TypeScript 7 has its syntax tree below "unstable".
import { fileURLToPath } from "node:url";
import {
  isBinaryExpression, isCallExpression, isCaseClause, isElementAccessExpression, isIdentifier, isImportDeclaration,
  isLiteralTypeNode, isNewExpression, isNoSubstitutionTemplateLiteral, isPropertyAccessExpression,
  isPrivateIdentifier, isPropertyAssignment, isPropertyDeclaration, isStringLiteral, isTemplateExpression,
} from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

/** @typedef {import("typescript/unstable/ast").Node} Node */
/** @typedef {import("typescript/unstable/ast").SourceFile} SourceFile */

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Two words, or one that begins as a sentence or a label does. */
const WORDS = /\p{L}.*\s|\s.*\p{L}|^\p{Lu}\p{Ll}/u;
/** The product's name and units, which every language writes alike; names of keys, selectors, lengths, headers. */
const SAME = /\bEarshot\b|^ m?s$|^(Arrow|Page)(Up|Down|Left|Right)$|^(Home|End|Enter|Escape|Delete)$|^[^A-Z]*\[[\w-]+[\]=].*$|\d+(%|px)|^[A-Z]\w*(-[A-Z]\w*)+$/g;
const TRANSLATING = ["gettext", "ngettext", "pgettext"];
/** What takes selectors, names of events and codes, or text for developers. */
const CALLED = /^(querySelector(All)?|matches|close|#giveUp|\w*Error|\w*Event|listen|addEventListener)$/;
/** Properties that hold what the browser reads. */
const HELD = ["name", "tag"];
const COMPARING = ["===", "!==", "in"];

/**
 * The sources of a project of TypeScript, by their paths below this one's root.
 * @param {string} config
 * @returns {Map<string, SourceFile>}
 */
export function sourcesOf(config) {
  const api = new API({ cwd: ROOT });
  const [project] = api.updateSnapshot({ openProject: `${ROOT}${config}` }).getProjects();
  const sources = new Map();
  for (const path of project.rootFiles) {
    const source = project.program.getSourceFile(path);
    if (source) sources.set(path.replace(ROOT, ""), source);
  }
  api.close();
  return sources;
}

/**
 * The codes in the types of sources, such as "catching up": scripts compare them, and nobody reads them.
 * @param {Iterable<SourceFile>} sources
 */
export function codesOf(sources) {
  const codes = new Set();
  for (const source of sources) {
    walk(source, (node) => {
      if (isLiteralTypeNode(node) && isStringLiteral(node.literal)) codes.add(node.literal.text);
    });
  }
  return codes;
}

/**
 * The words in a source that nobody translates, with their lines.
 * @param {SourceFile} source
 * @param {ReadonlySet<string>} codes
 */
export function untranslated(source, codes) {
  /** @type {string[]} */
  const found = [];
  walk(source, (node) => {
    const text = textOf(node);
    if (text === null || codes.has(text) || !WORDS.test(text.replace(SAME, "")) || isForMachines(node)) return;
    const line = source.text.slice(0, node.getStart(source)).split("\n").length;
    found.push(`${line}: ${text}`);
  });
  return found;
}

/**
 * @param {Node} node
 * @param {(node: Node) => void} visit
 */
function walk(node, visit) {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/**
 * The text of a literal, without the values in it; null for other nodes.
 * @param {Node} node
 */
function textOf(node) {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!isTemplateExpression(node)) return null;
  return [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join("");
}

/**
 * Whether a literal stands where it is translated, or where no person reads it.
 * @param {Node} node
 */
function isForMachines(node) {
  const { parent } = node;
  if ([isImportDeclaration, isCaseClause, isElementAccessExpression].some((is) => is(parent))) return true;
  if (isPropertyAssignment(parent)) return parent.name === node || isHeld(parent.name);
  if (isPropertyDeclaration(parent)) return isHeld(parent.name);
  if (isBinaryExpression(parent)) return COMPARING.includes(parent.operatorToken.getText()) || isHeld(parent.left);
  return (isCallExpression(parent) || isNewExpression(parent)) && isHandedOn(parent.expression);
}

/** Whether a name, or the property at its end, is one of those whose value the browser reads. @param {Node} node */
function isHeld(node) {
  const name = isPropertyAccessExpression(node) ? node.name : node;
  return isIdentifier(name) && HELD.includes(name.text);
}

/** Whether a function translates what it is given, or takes what no person reads. @param {Node} called */
function isHandedOn(called) {
  const name = isPropertyAccessExpression(called) ? called.name : called;
  return (isIdentifier(name) || isPrivateIdentifier(name)) && (TRANSLATING.includes(name.text) || CALLED.test(name.text));
}
