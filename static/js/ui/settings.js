/**
 * The user's settings, which the server keeps. A page has them from its markup, and saves what
 * changes. Of two windows, the one that changes a setting last wins.
 */

import { fill, gettext } from "./i18n.js";

const SAVE_AFTER_MS = 500; // a slider changes many times before it rests
const TRY_AGAIN_MS = 10_000;

/** @typedef {"attention" | "newest" | "longest" | "agent"} Order */
/** @typedef {"system" | "light" | "dark"} Theme */
/** @typedef {"" | "en" | "es"} Language "" is the browser's */
/** @typedef {{name: string, query: string}} NamedView */

/**
 * @typedef {object} UserSettings
 * @property {number} volume 0 to 1
 * @property {boolean} mono a deck opens with both sides in both ears
 * @property {boolean} automatic_gain quiet and loud voices are heard about equally loud
 * @property {readonly {browser: string, device: string}[]} outputs the sound device of each browser
 * @property {Order} order of the list
 * @property {readonly NamedView[]} views of the list
 * @property {Theme} theme
 * @property {Language} language
 * @property {boolean} shortcuts single keys do something
 * @property {boolean} alerts the desktop shows calls that need attention
 * @property {boolean} transcript decks show what is said
 */

/**
 * What became of a save: it was kept, or refused in words, or the server could not be reached.
 * @typedef {{kept: true} | {kept: false, refused: string}} Outcome
 */

/**
 * Sends changed settings to the server.
 * @callback Save
 * @param {Partial<UserSettings>} changes
 * @returns {Promise<Outcome>}
 */

/** Dispatches "change" when a setting changes, and "saved" when `unsaved` may have changed. */
export class Settings extends EventTarget {
  /** Why the last change is not kept, in words; "" if it is. */
  unsaved = "";
  /** @type {UserSettings} */
  #values;
  /** @type {Partial<UserSettings>} */
  #changes = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {UserSettings} values
   * @param {import("./scope.js").Scope} scope
   * @param {Save} save
   */
  constructor(values, scope, save) {
    super();
    this.#values = values;
    this.save = save;
    scope.listen(globalThis, "pagehide", () => this.#flush());
    scope.own(() => clearTimeout(this.#timer));
  }

  /**
   * @template {keyof UserSettings} Name
   * @param {Name} name
   * @returns {UserSettings[Name]}
   */
  get(name) {
    return this.#values[name];
  }

  /**
   * @template {keyof UserSettings} Name
   * @param {Name} name
   * @param {UserSettings[Name]} value
   */
  set(name, value) {
    this.#values = { ...this.#values, [name]: value };
    this.#changes = { ...this.#changes, [name]: value };
    this.#flushAfter(SAVE_AFTER_MS);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} ms */
  #flushAfter(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), ms);
  }

  async #flush() {
    clearTimeout(this.#timer);
    const changes = this.#changes;
    if (!Object.keys(changes).length) return;
    this.#changes = {};
    const outcome = await this.save(changes);
    if (outcome.kept) this.#settled("");
    else if (outcome.refused) this.#settled(outcome.refused);
    else this.#later(changes);
  }

  /** Keep what could not be sent, under what has changed since. @param {Partial<UserSettings>} changes */
  #later(changes) {
    this.#changes = { ...changes, ...this.#changes };
    this.#flushAfter(TRY_AGAIN_MS);
    this.#settled(gettext("The server cannot be reached. Your settings are saved when it is back."));
  }

  /** @param {string} unsaved */
  #settled(unsaved) {
    this.unsaved = unsaved;
    this.dispatchEvent(new Event("saved"));
  }
}

/**
 * Make the way in which a page saves: a request that outlives the page.
 * @param {string} url
 * @param {string} token against forged requests
 * @returns {Save}
 */
export function saveTo(url, token) {
  return async (changes) => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(changes),
        keepalive: true,
        redirect: "error",
      });
      return answer.ok ? { kept: true } : { kept: false, refused: await reasonOf(answer) };
    } catch {
      return { kept: false, refused: "" };
    }
  };
}

/**
 * Why the server refused, or "" if it failed and may take the same later.
 * @param {Response} answer
 */
async function reasonOf(answer) {
  if (answer.status >= 500) return "";
  const ours = answer.headers.get("Content-Type")?.startsWith("text/plain");
  const why = ours ? (await answer.text()).trim() : gettext("Reload the page, or sign in again.");
  // Translators: why is one or more sentences
  return fill(gettext("Your settings were not saved. %(why)s"), { why });
}
