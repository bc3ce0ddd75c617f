/** The words about taps, which the server writes into the page. */

/**
 * @typedef {object} TapWords
 * @property {Record<string, string>} states the label of each state
 * @property {Record<string, string>} hints what each state means
 * @property {Record<string, string>} directions
 * @property {Record<string, string>} sides whose voice each direction carries
 * @property {Record<string, string>} notices how the parties of a call are told that it is listened to
 * @property {Record<string, string>} outcomes how a call ended, by the server's reason
 * @property {OrderWords} orders
 */

/**
 * @typedef {object} OrderWords
 * @property {Record<string, string>} underWay what is said while an order is, by its kind
 * @property {Record<string, Record<string, string>>} errors why an order failed, by its kind and its error
 * @property {Record<string, string>} refusals why the server did not take an order
 */

/**
 * @param {HTMLElement} root the page's, which holds the words as JSON
 * @returns {TapWords}
 */
export function readTapWords(root) {
  return JSON.parse(root.dataset.words ?? "");
}
