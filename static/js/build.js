// @ts-check
/** Offers to load a page again that is not of the server's build any more. */

import { part } from "./dom.js";

/**
 * Quietly: a reload would end what the listener hears.
 * @param {HTMLElement} root has the page's build
 * @param {string | undefined} build the server's, "" where it has none
 */
export function compareBuild(root, build) {
  part(root, "update").hidden = !build || build === root.dataset.build;
}
