/** Offers to reload a page that is older or newer than the server. */

import { part } from "./dom.js";

/**
 * Show or hide the offer. The page is not reloaded by itself, because that would end what the
 * listener hears.
 * @param {HTMLElement} root names the page's build
 * @param {string | undefined} build the server's; "" where it has none
 */
export function compareBuild(root, build) {
  part(root, "update").hidden = !build || build === root.dataset.build;
}
