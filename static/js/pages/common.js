/** What the pages with decks share. */

import { chosenDevice } from "../audio/devices.js";
import { AudioOutput } from "../audio/output.js";
import { refusalWords } from "../list/orders.js";
import { part } from "../ui/dom.js";
import { ask } from "../wire/orders.js";

/** @typedef {import("../ui/scope.js").Scope} Scope */

/**
 * The page's addresses, which the server wrote into the markup.
 * @param {HTMLElement} root
 * @param {string} name
 */
export function url(root, name) {
  return root.dataset[`${name}Url`] ?? "";
}

/**
 * The address of one tap on a page of many, whose markup has a placeholder for the tap's id.
 * @param {HTMLElement} root
 * @param {string} name
 * @param {string} id
 */
export function tapUrl(root, name, id) {
  return url(root, name).replace(root.dataset.anyTap ?? "", id);
}

/**
 * The address of the page about a call, on a page of many.
 * @param {HTMLElement} root
 * @param {string} id
 */
export function callUrl(root, id) {
  return url(root, "call").replace(/0$/, id);
}

/**
 * The address of something that the server tells of a call; the markup has 0 for the call.
 * @param {HTMLElement} root
 * @param {"timeline" | "words" | "reason"} name
 * @param {string} id the call's
 */
export function callPartUrl(root, name, id) {
  return url(root, name).replace("/0/", `/${id}/`);
}

/**
 * The token against forged requests, which the server writes into every form.
 * @param {ParentNode} root
 */
export function csrfToken(root) {
  return /** @type {HTMLInputElement} */ (root.querySelector("[name=csrfmiddlewaretoken]")).value;
}

/**
 * What a deck needs to ask why its call is listened to.
 * @param {HTMLElement} root the page's
 * @param {string} id the call's
 * @param {import("../ui/tap-words.js").OrderWords} words
 * @returns {import("../deck/reason.js").ReasonOptions}
 */
export function reasonOptions(root, id, words) {
  const address = callPartUrl(root, "reason", id);
  return {
    offered: part(root, "reasons"),
    give: async (reason) => {
      const refusal = await ask(address, csrfToken(document), { reason });
      return refusal && refusalWords(refusal, words);
    },
  };
}

/**
 * The one AudioContext that all decks of the page share, on the device that the user chose.
 * @param {HTMLElement} root
 * @param {Scope} scope
 * @param {import("../ui/settings.js").Settings} settings
 */
export function openOutput(root, scope, settings) {
  const output = new AudioOutput(url(root, "worklet"));
  const route = () => output.playOn(chosenDevice(settings));
  scope.listen(settings, "change", route);
  route();
  scope.own(() => output.close());
  return output;
}

/**
 * The names of those who listen to a call, except this user's.
 * @param {HTMLElement} root
 * @param {{listeners: string[]} | undefined} call
 */
export function others(root, call) {
  return (call?.listeners ?? []).filter((name) => name !== root.dataset.user);
}

/**
 * Run something when connections may work again: the network is back, or the tab is visible again.
 * @param {Scope} scope
 * @param {() => void} run
 */
export function onReturn(scope, run) {
  scope.listen(globalThis, "online", run);
  scope.listen(document, "visibilitychange", () => {
    if (!document.hidden) run();
  });
}
