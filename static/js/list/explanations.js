/**
 * The explanations of conditions. The style sheet shows one while its condition has the pointer
 * or the focus; Escape hides it, because it covers the rows below.
 */

const SHOWN = '[data-part="need"]:is(:hover, :focus-within):not([data-away])';

/**
 * Let Escape hide an explanation, and do nothing else, until pointer and focus have left its condition.
 * @param {HTMLElement} list
 * @param {import("../ui/scope.js").Scope} scope
 */
export function letEscapeHide(list, scope) {
  scope.listen(document, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const shown = event.key === "Escape" && list.querySelector(SHOWN);
    if (!shown) return;
    shown.setAttribute("data-away", "");
    event.preventDefault();
  });
  for (const left of ["pointerout", "focusout"]) {
    scope.listen(list, left, (event) => {
      /** @type {Element} */ (event.target).closest('[data-part="need"]')?.removeAttribute("data-away");
    });
  }
}
