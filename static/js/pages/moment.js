/** The moment to which an address of a call's page leads: the history's search links to `#at=<Unix time in ms>`. */

/** @typedef {import("../ui/scope.js").Scope} Scope */

/**
 * Go to the moment in the page's address, now and whenever it changes.
 * @param {Scope} scope
 * @param {(ms: number) => void} onMoment
 */
export function followMoment(scope, onMoment) {
  const go = () => {
    const ms = momentIn(location.hash);
    if (ms !== null) onMoment(ms);
  };
  scope.listen(globalThis, "hashchange", go);
  go();
}

/**
 * Find the moment in an address.
 * @param {string} hash
 * @returns {number | null} Unix time in ms
 */
function momentIn(hash) {
  const digits = /^#at=(\d{1,15})$/.exec(hash)?.[1];
  return digits === undefined ? null : Number(digits);
}
