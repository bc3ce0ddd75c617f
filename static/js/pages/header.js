/** The header of every page whose user is signed in. */

import { part, setText } from "../ui/dom.js";
import { Settings, saveTo } from "../ui/settings.js";
import { SettingsDialog } from "../ui/settings-dialog.js";
import { csrfToken } from "./common.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */

/**
 * Bring the header to life.
 * @param {HTMLElement} root
 * @param {Scope} scope
 * @returns {Settings} the user's, which the page shares
 */
export function openHeader(root, scope) {
  const save = saveTo(root.dataset.settingsUrl ?? "", csrfToken(root));
  const settings = new Settings(JSON.parse(root.dataset.settings ?? ""), scope, save);
  scope.listen(settings, "saved", () => setText(part(root, "unsaved"), settings.unsaved));
  new SettingsDialog(root, scope, settings);
  return settings;
}
