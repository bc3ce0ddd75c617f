/**
 * How the page of the live list and the windows that it opens for single decks agree on who plays
 * a call: the window says when it plays, and then the list's deck is closed.
 */

/** @typedef {import("../ui/scope.js").Scope} Scope */

const WINDOW = "popup,width=460,height=640";

/**
 * @param {string} token of the page that opened the window
 * @returns {BroadcastChannel}
 */
function channelOf(token) {
  return new BroadcastChannel(`earshot.deck.${token}`);
}

/** The windows that this page opens. Its token keeps them apart from those of the user's other pages. */
export class PopOuts {
  #token = String(Math.random()).slice(2);

  /**
   * @param {Scope} scope
   * @param {(id: string) => void} onPlays is told of a call that a window plays
   */
  constructor(scope, onPlays) {
    const channel = channelOf(this.#token);
    scope.listen(channel, "message", (/** @type {MessageEvent<{call: string}>} */ { data }) => onPlays(data.call));
    scope.own(() => channel.close());
  }

  /**
   * Open a window, or bring it to the front if it is open. Call it inside a click.
   * @param {string} address
   * @param {string} id the call's
   * @returns {boolean} false if the browser did not allow it
   */
  open(address, id) {
    return globalThis.open(`${address}#${this.#token}`, `earshot-deck-${id}`, WINDOW) !== null;
  }
}

/**
 * Tell the page that opened this window.
 * @param {Scope} scope
 * @param {string} hash of this window's address
 * @returns {(id: string) => void} says that a call is played here
 */
export function openerOf(scope, hash) {
  const channel = channelOf(hash.slice(1));
  scope.own(() => channel.close());
  return (id) => channel.postMessage({ call: id });
}
