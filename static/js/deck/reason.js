/**
 * The form in which a deck asks why its call is listened to. It is shown while the server refuses the
 * call for want of a reason; once the server has one, the deck joins by itself. The markup is in
 * templates/includes/deck.html.
 */

import { part, setText } from "../ui/dom.js";
import { reasonHelps } from "../wire/protocol.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */

/**
 * @typedef {object} ReasonOptions
 * @property {(reason: string) => Promise<string>} give tells the server; it returns why the server did not take it, or ""
 * @property {HTMLElement} offered the page's list of the user's recent reasons
 */

export class ReasonForm {
  #isAsking = false; // the server has not answered yet

  /**
   * @param {HTMLElement} form
   * @param {import("./deck.js").Deck} deck
   * @param {Scope} scope
   * @param {ReasonOptions} options
   */
  constructor(form, deck, scope, { give, offered }) {
    this.form = form;
    this.deck = deck;
    this.scope = scope;
    this.give = give;
    this.offered = offered;
    this.input = /** @type {HTMLInputElement} */ (part(form, "reason-text"));
    scope.listen(form, "submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit(this.input.value.trim());
    });
    scope.listen(deck, "change", () => this.#show());
  }

  #show() {
    const { deck, form } = this;
    const isWanted = deck.light.state === "refused" && reasonHelps(deck.leading?.facts.code ?? 0);
    if (form.hidden !== isWanted) return;
    form.hidden = !isWanted;
    // Who clicked the deck's own button, which is gone now, goes on typing; nobody else is interrupted.
    if (isWanted && (!document.activeElement || document.activeElement === document.body)) this.input.focus();
  }

  /** @param {string} reason */
  async #submit(reason) {
    if (this.#isAsking) return;
    this.deck.resume(); // inside the click, because the browser may hold the sound back
    this.#isAsking = true;
    const refusal = await this.give(reason);
    this.#isAsking = false;
    if (this.scope.disposed) return;
    setText(part(this.form, "reason-error"), refusal);
    if (refusal) this.input.focus();
    else this.#taken(reason);
  }

  /** @param {string} reason */
  #taken(reason) {
    const known = [...this.offered.querySelectorAll("option")].find((one) => one.value === reason);
    const option = known ?? document.createElement("option");
    option.value = reason;
    this.offered.prepend(option);
    this.input.value = "";
    this.deck.retry();
  }
}
