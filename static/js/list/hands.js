/** Notices what the user does with the list, because its rows must not move meanwhile. */

import { isBusy } from "./marks.js";

const ELSEWHERE = Number.NEGATIVE_INFINITY;

export class HandsOnList {
  /** @type {import("./marks.js").Hands} */
  #hands = { pressed: false, pointerAt: ELSEWHERE, keyAt: ELSEWHERE };
  /** @type {string | undefined} */
  #under = undefined;

  /**
   * @param {HTMLElement} list
   * @param {import("../ui/scope.js").Scope} scope
   */
  constructor(list, scope) {
    this.list = list;
    scope.listen(list, "pointermove", (event) => this.#point(event));
    scope.listen(list, "pointerleave", () => this.#leave());
    scope.listen(list, "pointerdown", () => (this.#hands.pressed = true));
    // The button may be let go elsewhere, and a touch that becomes a scroll ends as cancelled.
    for (const end of ["pointerup", "pointercancel"]) {
      scope.listen(globalThis, end, () => (this.#hands.pressed = false));
    }
    scope.listen(list, "keydown", () => (this.#hands.keyAt = performance.now()));
    scope.listen(list, "focusout", (/** @type {FocusEvent} */ event) => {
      if (!list.contains(/** @type {Node | null} */ (event.relatedTarget))) this.#hands.keyAt = ELSEWHERE;
    });
  }

  /** Must the rows stay where they are? */
  get busy() {
    return isBusy(this.#hands, performance.now());
  }

  /** @returns {string | undefined} the call whose row has the focus */
  get focused() {
    const row = document.activeElement?.closest("[data-call]");
    return row && this.list.contains(row) ? callOf(row) : undefined;
  }

  /** @returns {string | undefined} the call whose row has the focus, or else the one under the pointer */
  get kept() {
    return this.focused ?? this.#under;
  }

  /** Let the rows move now, because the user has asked for it. */
  letGo() {
    this.#hands = { pressed: false, pointerAt: ELSEWHERE, keyAt: ELSEWHERE };
  }

  /** @param {Event} event */
  #point(event) {
    this.#hands.pointerAt = performance.now();
    this.#under = callOf(/** @type {Element} */ (event.target));
  }

  #leave() {
    this.#hands.pointerAt = ELSEWHERE;
    this.#under = undefined;
  }
}

/**
 * The call to whose row an element belongs.
 * @param {Element} element
 */
export function callOf(element) {
  return element.closest("[data-call]")?.getAttribute("data-call") ?? undefined;
}
