/** The dialog in which users change their settings. Its markup is templates/includes/settings.html. */

import { askForNames, canChooseDevice, chooseDevice, chosenDevice, soundDevices } from "../audio/devices.js";
import { askToNotify, canNotify, mayNotify } from "./desktop.js";
import { part, setText } from "./dom.js";
import { gettext } from "./i18n.js";

/** @typedef {import("./scope.js").Scope} Scope */
/** @typedef {import("./settings.js").Settings} Settings */

const REFUSED = gettext("The browser did not allow it, or has no microphone. Earshot plays on the system’s own device.");
const NOT_NOTIFIED = gettext("The browser does not allow it. You can change that in the browser’s settings of this page.");
const NO_OTHERS = gettext("No other device is connected.");
const ON_NEXT_PAGE = gettext("The language changes with the next page that you open. Until then you go on hearing your calls.");

export class SettingsDialog {
  /**
   * @param {HTMLElement} root the page's header
   * @param {Scope} scope
   * @param {Settings} settings
   */
  constructor(root, scope, settings) {
    const dialog = /** @type {HTMLDialogElement} */ (part(root, "settings"));
    const opener = part(root, "settings-open");
    this.root = root;
    this.settings = settings;
    opener.hidden = false;
    scope.listen(opener, "click", () => {
      dialog.showModal();
      this.#showDevices();
    });
    scope.listen(part(dialog, "settings-close"), "click", () => dialog.close());
    this.#themes(scope);
    this.#languages(scope);
    this.#automaticGain(scope);
    if (canNotify()) this.#alerts(scope);
    if (canChooseDevice()) this.#devices(scope);
  }

  /** @param {Scope} scope */
  #themes(scope) {
    const themes = part(this.root, "themes");
    const dark = /** @type {HTMLLinkElement} */ (document.head.querySelector('[data-part="dark"]'));
    scope.listen(themes, "change", (event) => {
      const { dataset, value } = /** @type {HTMLInputElement} */ (event.target);
      const theme = /** @type {import("./settings.js").Theme} */ (value);
      document.documentElement.dataset.theme = theme;
      dark.media = dataset.media ?? "";
      this.settings.set("theme", theme);
    });
  }

  /**
   * A page changes its language only when it is loaded again, which would end what the user hears.
   * So the user says when. By then the browser must have the choice, which the answer to the save
   * brings.
   * @param {Scope} scope
   */
  #languages(scope) {
    const select = /** @type {HTMLSelectElement} */ (part(this.root, "language"));
    const reload = part(this.root, "language-reload");
    let isChosen = false;
    scope.listen(select, "change", () => {
      isChosen = true;
      reload.hidden = true;
      this.settings.set("language", /** @type {import("./settings.js").Language} */ (select.value));
      setText(part(this.root, "language-hint"), ON_NEXT_PAGE);
    });
    scope.listen(this.settings, "saved", () => {
      if (isChosen && !this.settings.unsaved) reload.hidden = false;
    });
    scope.listen(reload, "click", () => location.reload());
  }

  /** @param {Scope} scope */
  #automaticGain(scope) {
    const box = /** @type {HTMLInputElement} */ (part(this.root, "automatic-gain"));
    scope.listen(box, "change", () => this.settings.set("automatic_gain", box.checked));
  }

  /** @param {Scope} scope */
  #alerts(scope) {
    const box = /** @type {HTMLInputElement} */ (part(this.root, "alerts"));
    part(this.root, "alerts-field").hidden = false;
    box.checked = mayNotify(this.settings);
    scope.listen(box, "change", async () => {
      if (box.checked) box.checked = await askToNotify();
      setText(part(this.root, "alerts-hint"), Notification.permission === "denied" ? NOT_NOTIFIED : "");
      this.settings.set("alerts", box.checked);
    });
  }

  /** @param {Scope} scope */
  #devices(scope) {
    const select = /** @type {HTMLSelectElement} */ (part(this.root, "device"));
    part(this.root, "device-field").hidden = false;
    scope.listen(select, "change", () => chooseDevice(this.settings, select.value));
    scope.listen(part(this.root, "device-names"), "click", () => this.#nameDevices());
    scope.listen(navigator.mediaDevices, "devicechange", () => this.#showDevices());
  }

  async #nameDevices() {
    const allowed = await askForNames();
    const found = await this.#showDevices();
    if (!found) setText(part(this.root, "device-hint"), allowed ? NO_OTHERS : REFUSED);
  }

  /** @returns {Promise<number>} how many devices the browser names */
  async #showDevices() {
    if (!canChooseDevice()) return 0;
    const devices = await soundDevices();
    const chosen = chosenDevice(this.settings);
    const options = devices.map(({ id, label }) => new Option(label, id, false, id === chosen));
    const isAway = chosen !== "" && !devices.some(({ id }) => id === chosen);
    if (isAway) options.push(new Option(gettext("Your device is not connected"), chosen, false, true));
    const select = /** @type {HTMLSelectElement} */ (part(this.root, "device"));
    select.replaceChildren(new Option(gettext("The system’s own"), "", false, !chosen), ...options);
    part(this.root, "device-names").hidden = devices.length > 0;
    if (devices.length) setText(part(this.root, "device-hint"), "");
    return devices.length;
  }
}
