/**
 * Moves the focus from line to line. Tab passes the lines by, because a call may have thousands;
 * within them the arrows, Home and End move, and Enter plays, as on any button.
 */

import { part } from "../ui/dom.js";

/** Which line a key leads to from another one. @type {Partial<Record<string, (at: number, last: number) => number>>} */
const MOVES = {
  ArrowUp: (at) => at - 1,
  ArrowDown: (at) => at + 1,
  Home: () => 0,
  End: (_, last) => last,
};
/** They scroll, and do nothing else on the page. */
const SCROLLING = new Set(["PageUp", "PageDown"]);

/**
 * @param {{box: HTMLElement, list: HTMLElement}} elements what scrolls, and the lines in it
 * @param {import("../ui/scope.js").Scope} scope
 * @param {(row: HTMLElement) => void} onShow runs when a line is to be seen
 */
export function openLineKeys({ box, list }, scope, onShow) {
  scope.listen(box, "keydown", (/** @type {KeyboardEvent} */ event) => {
    const move = MOVES[event.key];
    if (move || SCROLLING.has(event.key)) event.stopPropagation();
    const rows = /** @type {HTMLElement[]} */ ([...list.children]);
    if (!move || !rows.length) return;
    event.preventDefault();
    const at = rows.findIndex((one) => one.contains(/** @type {Node} */ (event.target)));
    const last = rows.length - 1;
    // From the box itself, the newest line comes first, as a transcript is read at its end.
    const row = rows[at < 0 && event.key !== "Home" ? last : Math.min(last, Math.max(0, move(at, last)))];
    if (!row) return;
    onShow(row);
    part(row, "time").focus({ preventScroll: true });
  });
}
