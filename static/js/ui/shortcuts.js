/**
 * The keys that do something by themselves. One table says which key asks for which action, and
 * one dispatcher runs it. A page registers the actions that it has; the keys of others do nothing
 * and are not listed.
 */

import { gettext, pgettext } from "./i18n.js";

/** A key that is let go sooner was pressed, and not held. */
const TAP_MS = 300;

/**
 * @typedef {"help" | "next" | "previous" | "first" | "last" | "listen" | "dismiss" | "find"
 *   | "stop" | "mute" | "solo" | "back" | "forward" | "live" | "words" | "deck"} ActionName
 */

/**
 * @typedef {object} Shortcut
 * @property {ActionName} action
 * @property {readonly string[]} keys any of them, as the browser names them; letters in lower case
 * @property {string} words what it does
 * @property {string} scope what it is about, in words
 * @property {boolean} [repeats] a key that is kept down does it again and again
 * @property {boolean} [native] what has the focus does it by itself
 */

const LIST = gettext("The list");
const DECK = gettext("The selected deck");
const PAGE = gettext("This page");

/** @type {readonly Shortcut[]} */
export const SHORTCUTS = [
  { action: "next", keys: ["ArrowDown", "j"], words: gettext("Next call"), scope: LIST, repeats: true },
  { action: "previous", keys: ["ArrowUp", "k"], words: gettext("Previous call"), scope: LIST, repeats: true },
  { action: "first", keys: ["Home"], words: gettext("First call"), scope: LIST, native: true },
  { action: "last", keys: ["End"], words: gettext("Last call"), scope: LIST, native: true },
  { action: "listen", keys: ["Enter"], words: gettext("Listen to the call, or stop it"), scope: LIST, native: true },
  { action: "dismiss", keys: ["Delete"], words: gettext("Dismiss a call that has ended"), scope: LIST, native: true },
  { action: "find", keys: ["/"], words: gettext("Find calls"), scope: LIST },
  { action: "deck", keys: ["1", "2", "3", "4", "5", "6"], words: gettext("Select a deck"), scope: DECK },
  { action: "stop", keys: ["Escape"], words: gettext("Stop listening"), scope: DECK },
  // Translators: the same key ends it
  { action: "mute", keys: ["m"], words: gettext("Mute, and back"), scope: DECK },
  // Translators: the same key ends it; while it is held down, all other calls are silent
  { action: "solo", keys: ["s"], words: gettext("Solo, and back; held down: only this call"), scope: DECK },
  { action: "back", keys: ["ArrowLeft"], words: gettext("10 seconds back"), scope: DECK, repeats: true },
  { action: "forward", keys: ["ArrowRight"], words: gettext("10 seconds forward"), scope: DECK, repeats: true },
  { action: "live", keys: [" "], words: gettext("Back to live"), scope: DECK },
  { action: "words", keys: ["f"], words: gettext("Find in what is said"), scope: DECK },
  { action: "help", keys: ["?"], words: gettext("Show the keys"), scope: PAGE },
];

/** How keys are called that have no letter on them. @type {Record<string, string>} */
const NAMES = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  ArrowLeft: "←",
  ArrowRight: "→",
  " ": pgettext("key", "Space"),
  Delete: pgettext("key", "Delete"),
  End: pgettext("key", "End"),
  Enter: pgettext("key", "Enter"),
  Escape: pgettext("key", "Esc"),
  Home: pgettext("key", "Home"),
};

/** Where every key writes or finds, or belongs to a dialog. */
const WRITING = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog";
/** What arrows move, and the space bar chooses. */
const MOVED = "input, [role=slider]";
const MOVING = new Set(["arrowleft", "arrowright", "arrowup", "arrowdown", " "]);
/** What the space bar presses. */
const PRESSED = "button, a[href], summary";

/**
 * What a page does when a key is pressed, of which it is told.
 * @typedef {Partial<Record<ActionName, (key: string) => void>>} Actions
 */

/** Stands for what needs no help of ours. */
export const NATIVE = () => {};

/**
 * What must be known of a key that went down.
 * @typedef {object} KeyPress
 * @property {string} key
 * @property {boolean} altKey
 * @property {boolean} ctrlKey
 * @property {boolean} metaKey
 * @property {boolean} repeat
 * @property {boolean} defaultPrevented something on the page has taken it already
 */

/**
 * The name of a key as it is written on keyboards.
 * @param {string} key
 */
export function keyName(key) {
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/**
 * Find what a key asks for.
 * @param {KeyPress} press
 * @param {Element | null} target where the focus is
 * @returns {Shortcut | undefined} none for a key that belongs to the element or to the browser
 */
export function shortcutOf(press, target) {
  if (press.altKey || press.ctrlKey || press.metaKey || press.defaultPrevented) return undefined;
  const key = press.key.toLowerCase();
  if (target?.closest(WRITING) || (MOVING.has(key) && target?.closest(MOVED))) return undefined;
  if (key === " " && target?.closest(PRESSED)) return undefined;
  const found = SHORTCUTS.find(({ keys, native }) => !native && keys.some((one) => one.toLowerCase() === key));
  return press.repeat && !found?.repeats ? undefined : found;
}

/**
 * Those shortcuts that a page has, in the order of the table.
 * @param {Actions} actions
 */
export function listed(actions) {
  return SHORTCUTS.filter(({ action }) => actions[action]);
}

export class Shortcuts {
  /** When the key that may be held went down, or null. @type {number | null} */
  #heldSince = null;

  /**
   * @param {import("./scope.js").Scope} scope
   * @param {object} options
   * @param {Actions} options.actions
   * @param {(on: boolean) => void} [options.holdSolo] hear only the selected deck while the key is down
   * @param {() => boolean} options.enabled does the user want single keys to do something?
   */
  constructor(scope, { actions, holdSolo = () => {}, enabled }) {
    this.actions = actions;
    this.holdSolo = holdSolo;
    this.enabled = enabled;
    scope.listen(document, "keydown", (/** @type {KeyboardEvent} */ event) => this.#down(event));
    scope.listen(document, "keyup", (/** @type {KeyboardEvent} */ event) => this.#up(event));
    // A key that is let go in another window is never told to this one.
    scope.listen(globalThis, "blur", () => this.#release());
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (!this.enabled()) return;
    const found = shortcutOf(event, /** @type {Element | null} */ (event.target));
    const run = found && this.actions[found.action];
    if (!run) return;
    event.preventDefault(); // the page would scroll, or Firefox would search in it
    if (found.action !== "solo") run(event.key);
    else {
      this.#heldSince = event.timeStamp;
      this.holdSolo(true);
    }
  }

  /** @param {KeyboardEvent} event */
  #up(event) {
    const since = this.#heldSince;
    if (since === null || event.key.toLowerCase() !== "s") return;
    this.#release();
    if (event.timeStamp - since < TAP_MS) this.actions.solo?.(event.key);
  }

  #release() {
    if (this.#heldSince === null) return;
    this.#heldSince = null;
    this.holdSolo(false);
  }
}
