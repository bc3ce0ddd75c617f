/** What is above the list: the search field, the menus of the filter, and the order. */

import { copyOf, part, setAttr, setText } from "../ui/dom.js";
import { LOCALES, number } from "../ui/locale.js";
import { closeMenus } from "../ui/menus.js";
import { agentName } from "../ui/words.js";
import { DIRECTIONS, everyCall, isFiltering, readView, STATES, writeView } from "./filter.js";
import { orderOf } from "./order.js";
import { ViewsMenu } from "./views.js";

/** @typedef {import("./filter.js").Filter} Filter */
/** @typedef {import("./filter.js").View} View */
/** @typedef {"agents" | "states" | "legs"} MenuName */

/**
 * @typedef {object} ToolsOptions
 * @property {import("../ui/tap-words.js").TapWords} words
 * @property {import("../ui/settings.js").Settings} settings the user's
 * @property {() => Iterable<string>} agentsNow the agents of the calls in the list
 * @property {() => void} onView runs when the user has chosen another view
 */

/** @type {readonly MenuName[]} */
const MENUS = ["agents", "states", "legs"];

export class ListTools {
  /**
   * @param {HTMLElement} root
   * @param {import("../ui/scope.js").Scope} scope
   * @param {ToolsOptions} options
   */
  constructor(root, scope, options) {
    this.root = root;
    this.options = options;
    this.form = part(root, "filter");
    const { settings } = options;
    this.view = viewOf(location.search, settings.get("order"));
    this.views = new ViewsMenu(root, scope, {
      settings,
      viewNow: () => this.view,
      onChoose: (view) => this.#choose(view),
    });
    scope.listen(this.form, "submit", (event) => event.preventDefault());
    scope.listen(this.form, "input", (event) => this.#change(/** @type {HTMLInputElement} */ (event.target)));
    for (const name of MENUS) scope.listen(this.#menu(name), "toggle", () => this.#fill(name));
    scope.listen(part(root, "clear"), "click", () => this.#clear());
    closeMenus(part(root, "tools"), scope);
    this.#show();
  }

  /** Show all calls again, in the same order. */
  #clear() {
    this.#choose({ ...this.view, filter: everyCall() });
    this.#text.focus();
  }

  /** Let the user type what to look for. */
  find() {
    this.#text.focus();
  }

  get #text() {
    return /** @type {HTMLInputElement} */ (part(this.form, "text"));
  }

  /** @param {View} view */
  #choose(view) {
    this.view = view;
    const query = new URLSearchParams(writeView(view));
    if (view.order !== this.options.settings.get("order")) query.set("order", view.order);
    history.replaceState(history.state, "", query.size ? `?${query}` : location.pathname);
    this.#show();
    this.options.onView();
  }

  /** @param {HTMLInputElement} input that has just changed */
  #change(input) {
    const { filter, order } = this.view;
    const menu = input.closest("[data-menu]")?.getAttribute("data-menu");
    if (menu) this.#choose({ order, filter: { ...filter, [menu]: toggled(filter, /** @type {MenuName} */ (menu), input) } });
    else if (input === this.#text) this.#choose({ order, filter: { ...filter, text: input.value } });
    else this.#reorder(orderOf(input.value));
  }

  /** Show another order, which is also that of the next visit. @param {import("./order.js").Order} order */
  #reorder(order) {
    this.options.settings.set("order", order);
    this.#choose({ filter: this.view.filter, order });
  }

  #show() {
    const { filter, order } = this.view;
    if (this.#text.value !== filter.text) this.#text.value = filter.text;
    const choice = /** @type {HTMLSelectElement} */ (part(this.form, "order"));
    choice.value = order;
    for (const name of MENUS) {
      const chosen = filter[name].map((value) => this.#label(name, value));
      setText(part(this.form, `${name}-chosen`), chosen.length > 1 ? number(chosen.length) : (chosen[0] ?? ""));
      setAttr(this.#menu(name), "data-chosen", String(chosen.length));
      this.#check(name);
    }
    this.views.show();
    part(this.root, "clear").hidden = !isFiltering(filter);
    setAttr(part(this.root, "panel-link"), "href", this.#signInUrl());
  }

  /** Signing in leads back to this view. */
  #signInUrl() {
    return `${this.root.dataset.loginUrl}?next=${encodeURIComponent(location.pathname + location.search)}`;
  }

  /** @param {MenuName} name @returns {HTMLElement} */
  #menu(name) {
    return part(this.form, `${name}-menu`);
  }

  /** Make a menu's options when it opens, and leave them in place while it is open. @param {MenuName} name */
  #fill(name) {
    if (!this.#menu(name).hasAttribute("open")) return;
    const options = this.#values(name).map((value) => this.#option(name, value));
    part(this.form, `${name}-options`).replaceChildren(...options);
    this.#check(name);
  }

  /**
   * @param {MenuName} name
   * @param {string} value
   */
  #option(name, value) {
    const option = copyOf(part(this.root, "option"));
    setAttr(part(option, "input"), "value", value);
    setText(part(option, "label"), this.#label(name, value));
    return option;
  }

  /** @param {MenuName} name */
  #check(name) {
    /** @type {readonly string[]} */
    const chosen = this.view.filter[name];
    for (const input of part(this.form, `${name}-options`).querySelectorAll("input")) {
      input.checked = chosen.includes(input.value);
    }
  }

  /** @param {MenuName} name @returns {readonly string[]} */
  #values(name) {
    if (name === "states") return STATES;
    if (name === "legs") return DIRECTIONS;
    const names = new Set([...this.options.agentsNow(), ...this.view.filter.agents]);
    return [...names].sort((a, b) => agentName(a).localeCompare(agentName(b), LOCALES));
  }

  /**
   * @param {MenuName} name
   * @param {string} value
   */
  #label(name, value) {
    const { states, sides } = this.options.words;
    if (name === "agents") return agentName(value);
    return (name === "states" ? states : sides)[value] ?? value;
  }
}

/**
 * The view of an address. One that names no order leaves it to the user's settings.
 * @param {string} query
 * @param {import("./order.js").Order} usual
 * @returns {View}
 */
function viewOf(query, usual) {
  const view = readView(query);
  return new URLSearchParams(query).has("order") ? view : { ...view, order: usual };
}

/**
 * What is chosen in a menu after one of its options was.
 * @param {Filter} filter
 * @param {MenuName} menu
 * @param {{checked: boolean, value: string}} option
 */
function toggled(filter, menu, { checked, value }) {
  const others = filter[menu].filter((one) => one !== value);
  return checked ? [...others, value] : others;
}
