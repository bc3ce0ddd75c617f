/**
 * A scope owns what was acquired in it: listeners, timers, sockets, audio nodes, other scopes.
 * Disposing of the scope releases all of it, so that nobody has to remember what to undo.
 */

export class Scope {
  /** @type {Set<() => void>} in the order of acquisition */
  #releases = new Set();
  #disposed = false;

  get disposed() {
    return this.#disposed;
  }

  /**
   * Own something. It is released once: with the scope, or earlier by the returned function.
   * What is acquired after the scope was disposed of is released at once.
   * @param {() => void} release
   * @returns {() => void} releases it now
   */
  own(release) {
    const once = () => {
      if (this.#releases.delete(once)) release();
    };
    this.#releases.add(once);
    if (this.#disposed) once();
    return once;
  }

  /**
   * @template {Event} E
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: E) => void} listener
   */
  listen(target, type, listener) {
    const run = /** @type {EventListener} */ (listener);
    target.addEventListener(type, run);
    this.own(() => target.removeEventListener(type, run));
  }

  /**
   * @param {() => void} run
   * @param {number} ms
   */
  interval(run, ms) {
    const timer = setInterval(run, ms);
    this.own(() => clearInterval(timer));
  }

  /** @returns {Scope} disposed of with this one, or earlier */
  child() {
    const child = new Scope();
    child.own(this.own(() => child.dispose()));
    return child;
  }

  /**
   * Release everything, the last acquired first. A release that throws does not keep the others
   * from running; its error is thrown when all have run.
   */
  dispose() {
    if (this.#disposed) return;
    this.#disposed = true;
    /** @type {unknown[]} */
    const errors = [];
    for (const release of [...this.#releases].reverse()) {
      try {
        release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length) throw errors.length > 1 ? new AggregateError(errors, "releases failed") : errors[0];
  }
}
