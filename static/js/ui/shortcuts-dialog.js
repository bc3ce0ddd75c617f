/** The dialog that lists the keys of a page. Its markup is templates/includes/shortcuts.html. */

import { copyOf, part, setText } from "./dom.js";
import { keyName, listed } from "./shortcuts.js";

/** @typedef {import("./shortcuts.js").Actions} Actions */
/** @typedef {import("./shortcuts.js").Shortcut} Shortcut */

export class ShortcutsDialog {
  /**
   * @param {HTMLElement} root the page's
   * @param {import("./scope.js").Scope} scope
   * @param {import("./settings.js").Settings} settings
   */
  constructor(root, scope, settings) {
    this.dialog = /** @type {HTMLDialogElement} */ (part(root, "shortcuts"));
    this.root = root;
    const box = /** @type {HTMLInputElement} */ (part(this.dialog, "shortcuts-on"));
    box.checked = settings.get("shortcuts");
    scope.listen(box, "change", () => settings.set("shortcuts", box.checked));
    scope.listen(part(root, "shortcuts-open"), "click", () => this.show());
    scope.listen(part(this.dialog, "shortcuts-close"), "click", () => this.dialog.close());
  }

  show() {
    this.dialog.showModal();
  }

  /** List the keys of these actions. @param {Actions} actions */
  list(actions) {
    const shortcuts = listed(actions);
    const scopes = [...new Set(shortcuts.map(({ scope }) => scope))];
    const groups = scopes.map((name) => this.#group(name, shortcuts.filter(({ scope }) => scope === name)));
    part(this.dialog, "shortcuts-list").replaceChildren(...groups);
  }

  /**
   * @param {string} name
   * @param {Shortcut[]} shortcuts
   */
  #group(name, shortcuts) {
    const group = copyOf(part(this.root, "shortcut-group"));
    setText(part(group, "shortcut-scope"), name);
    part(group, "shortcut-lines").replaceChildren(...shortcuts.map((one) => this.#line(one)));
    return group;
  }

  /** @param {Shortcut} shortcut */
  #line({ keys, words }) {
    const line = copyOf(part(this.root, "shortcut"));
    setText(part(line, "shortcut-words"), words);
    const shown = keys.map((key) => {
      const element = document.createElement("kbd");
      setText(element, keyName(key));
      return element;
    });
    part(line, "shortcut-keys").replaceChildren(...shown);
    return line;
  }
}
