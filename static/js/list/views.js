/** The menu of named views: each is a filter and an order that the user keeps under a name. */

import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext } from "../ui/i18n.js";
import { forgetView, keepView, nameOf, readView } from "./filter.js";

/** @typedef {import("./filter.js").NamedView} NamedView */
/** @typedef {import("./filter.js").View} View */

export class ViewsMenu {
  /**
   * @param {HTMLElement} root
   * @param {import("../ui/scope.js").Scope} scope
   * @param {object} options
   * @param {import("../ui/settings.js").Settings} options.settings which keep the views
   * @param {() => View} options.viewNow
   * @param {(view: View) => void} options.onChoose
   */
  constructor(root, scope, options) {
    this.options = options;
    this.option = part(root, "view");
    this.menu = part(root, "views-menu");
    this.name = /** @type {HTMLInputElement} */ (part(root, "view-name"));
    scope.listen(part(root, "keep-view"), "submit", (event) => this.#keep(event));
    scope.listen(part(root, "views"), "click", (event) => this.#click(/** @type {Element} */ (event.target)));
    scope.listen(options.settings, "change", () => this.show());
  }

  /** Show the views, and which of them is the present one. */
  show() {
    const { settings, viewNow } = this.options;
    const views = settings.get("views");
    const name = nameOf(views, viewNow());
    setText(part(this.menu, "views-chosen"), name);
    setAttr(this.menu, "data-chosen", name ? "1" : "0");
    part(this.menu, "views").replaceChildren(...views.map((view) => this.#entry(view, view.name === name)));
    part(this.menu, "no-views").hidden = views.length > 0;
  }

  /**
   * @param {NamedView} view
   * @param {boolean} isPresent
   */
  #entry({ name }, isPresent) {
    const entry = copyOf(this.option);
    setAttr(entry, "data-view", name);
    setText(part(entry, "view-choose"), name);
    setAttr(part(entry, "view-choose"), "aria-current", String(isPresent));
    setAttr(part(entry, "view-forget"), "aria-label", fill(gettext("Forget the view %(name)s"), { name }));
    return entry;
  }

  /** @param {Event} event */
  #keep(event) {
    event.preventDefault();
    const { settings, viewNow } = this.options;
    settings.set("views", keepView(settings.get("views"), this.name.value, viewNow()));
    this.name.value = "";
  }

  /** @param {Element} target */
  #click(target) {
    const { settings, onChoose } = this.options;
    const name = target.closest("[data-view]")?.getAttribute("data-view");
    const view = settings.get("views").find((one) => one.name === name);
    if (!view) return;
    if (target.closest('[data-part="view-choose"]')) this.#choose(view, onChoose);
    else if (target.closest('[data-part="view-forget"]')) this.#forget(view);
  }

  /**
   * @param {NamedView} view
   * @param {(view: View) => void} onChoose
   */
  #choose(view, onChoose) {
    this.menu.removeAttribute("open");
    this.menu.querySelector("summary")?.focus();
    onChoose(readView(view.query));
  }

  /** @param {NamedView} view */
  #forget({ name }) {
    const { settings } = this.options;
    settings.set("views", forgetView(settings.get("views"), name));
    this.name.focus(); // the button that had the focus is gone
  }
}
