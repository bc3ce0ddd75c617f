/** Tells the user of calls that need attention while they look at something else. */

import { NOTHING_TOLD, nextAlert, titleMark } from "../list/alerts.js";
import { mayNotify } from "../ui/desktop.js";

/** @typedef {import("../list/state.js").ListState} ListState */

export class Alerts {
  #told = NOTHING_TOLD;

  /**
   * @param {import("../ui/scope.js").Scope} scope
   * @param {import("../ui/settings.js").Settings} settings the user's
   * @param {(id: string) => void} onOpen runs when the user clicks what the desktop shows about a call
   */
  constructor(scope, settings, onOpen) {
    this.scope = scope;
    this.settings = settings;
    this.onOpen = onOpen;
  }

  /**
   * @param {ListState} list
   * @param {number} now ms
   * @returns {string} what the tab's title begins with
   */
  update({ calls, link, offset }, now) {
    if (link !== "live") return ""; // what the page knows may be out of date
    const away = !document.hasFocus() && mayNotify(this.settings);
    const { told, alert } = nextAlert(calls.values(), this.#told, { now, serverNow: now + offset, away });
    this.#told = told;
    if (alert) this.#notify(alert);
    return titleMark(calls.values());
  }

  /** @param {import("../list/alerts.js").Alert} alert */
  #notify({ id, title, body }) {
    // Of two windows that tell the same, the desktop shows one.
    const notification = new Notification(title, { body, tag: `earshot ${id}` });
    this.scope.own(() => notification.close());
    notification.onclick = () => {
      globalThis.focus();
      notification.close();
      this.onOpen(id);
    };
  }
}
