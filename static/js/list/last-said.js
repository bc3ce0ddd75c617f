/**
 * What was said last in each call of the list. It is kept beside the list's state and changed in
 * place: in 500 calls a line may come each second.
 */

/** @typedef {import("../wire/messages.js").SaidLine} SaidLine */

const SPEAKERS = ["caller", "agent"];

export class LastSaid {
  /** @type {Map<string, SaidLine>} by call */
  #lines = new Map();

  /**
   * Know nothing but what a snapshot tells.
   * @param {Record<string, SaidLine>} [said] by call; a user who may not read words is told none
   */
  reset(said = {}) {
    this.#lines = new Map(Object.entries(said));
  }

  /**
   * Take the new lines of a call. Older ones, which are told again when something near them has
   * changed, do not replace a newer one.
   * @param {import("../wire/messages.js").WordsNews} news
   */
  take({ call, lines }) {
    const spoken = lines?.findLast((line) => SPEAKERS.includes(line.side));
    if (!spoken) return;
    const known = this.#lines.get(call);
    if (!known || Date.parse(spoken.at) >= Date.parse(known.at)) this.#lines.set(call, spoken);
  }

  /**
   * Forget the calls that have left the list.
   * @param {{has: (id: string) => boolean}} calls those that it has
   */
  keep(calls) {
    for (const id of this.#lines.keys()) if (!calls.has(id)) this.#lines.delete(id);
  }

  /**
   * @param {string} id a call's
   * @returns {SaidLine | undefined} none before anybody has spoken
   */
  of(id) {
    return this.#lines.get(id);
  }
}
