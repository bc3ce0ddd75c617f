/** Menus made of <details>: one closes when the user is done with it. */

/**
 * Close the menus in an element on Escape, and when pointer or focus go elsewhere.
 * @param {HTMLElement} root
 * @param {import("./scope.js").Scope} scope
 */
export function closeMenus(root, scope) {
  scope.listen(root, "keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && closeAndFocus(root)) event.preventDefault();
  });
  scope.listen(document, "pointerdown", (event) => closeAllBut(root, event.target));
  scope.listen(root, "focusout", (/** @type {FocusEvent} */ event) => {
    if (event.relatedTarget) closeAllBut(root, event.relatedTarget);
  });
}

/**
 * @param {HTMLElement} root
 * @returns {boolean} whether a menu was open
 */
function closeAndFocus(root) {
  const open = root.querySelector("details[open]");
  open?.removeAttribute("open");
  open?.querySelector("summary")?.focus();
  return open !== null;
}

/**
 * @param {HTMLElement} root
 * @param {EventTarget | null} inside an element in the menu that stays
 */
function closeAllBut(root, inside) {
  for (const open of root.querySelectorAll("details[open]")) {
    if (!open.contains(/** @type {Node | null} */ (inside))) open.removeAttribute("open");
  }
}
