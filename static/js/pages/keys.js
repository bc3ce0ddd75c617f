/** The keys of a page: what they do, and the dialog that lists them. */

import { Shortcuts } from "../ui/shortcuts.js";
import { ShortcutsDialog } from "../ui/shortcuts-dialog.js";

/**
 * @param {HTMLElement} root the page's
 * @param {import("../ui/scope.js").Scope} scope
 * @param {import("../ui/settings.js").Settings} settings
 * @param {{actions: import("../ui/shortcuts.js").Actions, holdSolo?: (on: boolean) => void}} options
 */
export function openKeys(root, scope, settings, { actions, holdSolo }) {
  const dialog = new ShortcutsDialog(root, scope, settings);
  const all = { ...actions, help: () => dialog.show() };
  dialog.list(all);
  new Shortcuts(scope, { actions: all, holdSolo, enabled: () => settings.get("shortcuts") });
}
