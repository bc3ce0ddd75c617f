/** Helpers that write to the page. They write text, never markup, and only what has changed. */

import { timeFormat } from "./locale.js";

/**
 * The element marked data-part="name".
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement}
 */
export function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`the page has no part "${name}"`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * Copy the one element in a template.
 * @param {HTMLElement} template
 * @returns {HTMLElement}
 */
export function copyOf(template) {
  const { content } = /** @type {HTMLTemplateElement} */ (template);
  const fragment = /** @type {DocumentFragment} */ (content.cloneNode(true));
  return /** @type {HTMLElement} */ (fragment.firstElementChild);
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setAttr(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {Element} use a <use> of the sprite in templates/includes/icons.html
 * @param {string} icon
 */
export function setIcon(use, icon) {
  setAttr(use, "href", `#i-${icon}`);
}

const MOMENT = timeFormat({ dateStyle: "medium", timeStyle: "medium" });

/**
 * Show the times of the server in the reader's own zone and format.
 * @param {ParentNode} root
 */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const at = element.getAttribute("datetime") ?? "";
    element.setAttribute("title", element.textContent ?? "");
    setText(element, MOMENT.format(new Date(at)));
  }
}
