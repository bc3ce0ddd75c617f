// @ts-check
/** Small hands for the page: everything is written as text, and only when it changed. */

/**
 * @param {ParentNode} root
 * @param {string} name
 * @returns {any} the element marked data-part="name"
 */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
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

/**
 * Times from the server in the reader's own zone and manner.
 * @param {ParentNode} root
 */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const element of root.querySelectorAll("time[data-local]")) {
    const at = element.getAttribute("datetime") ?? "";
    element.setAttribute("title", element.textContent ?? "");
    setText(element, format.format(new Date(at)));
  }
}
