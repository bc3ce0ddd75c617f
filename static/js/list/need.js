/** Why a call needs attention, in its row: the most severe condition, and an explanation of all. */

import { part, setAttr, setIcon, setText } from "../ui/dom.js";
import { number } from "../ui/locale.js";
import { conditionReason, conditionWords, urgencyOf } from "./attention.js";

/** @typedef {import("../wire/messages.js").Condition} Condition */

export class Need {
  /** @type {readonly Condition[]} of which the explanation was written last */
  #explained = [];

  /**
   * @param {HTMLElement} details of the call's row
   * @param {string} id the call's
   */
  constructor(details, id) {
    this.element = part(details, "need");
    this.button = part(details, "condition");
    this.why = part(details, "why");
    setAttr(this.why, "id", `why-${id}`);
    setAttr(this.button, "aria-describedby", `why-${id}`);
  }

  /**
   * @param {readonly Condition[]} conditions the most severe first
   * @param {number} serverNow
   */
  show(conditions, serverNow) {
    const [worst] = conditions;
    this.element.hidden = !worst;
    if (!worst) return;
    setText(part(this.button, "condition-words"), conditionWords(worst, serverNow));
    if (conditions === this.#explained) return;
    this.#explained = conditions;
    setIcon(part(this.button, "condition-icon"), urgencyOf(worst) === "notice" ? "notice" : "failed");
    setText(part(this.button, "condition-more"), conditions.length > 1 ? `+${number(conditions.length - 1)}` : "");
    this.why.replaceChildren(...conditions.map(explanation));
  }
}

/** @param {Condition} condition */
function explanation(condition) {
  const line = document.createElement("span");
  line.textContent = conditionReason(condition);
  return line;
}
