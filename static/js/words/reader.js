/**
 * Reads a call's transcript from the server, and keeps it as the server's messages change it. It
 * dispatches "change" when the transcript or the state has changed.
 */

import { EMPTY, withAll, withWindow } from "./transcript.js";

const RETRY_MS = 5000;

/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").SaidWindow} SaidWindow */
/** @typedef {import("../wire/messages.js").WordsNews} WordsNews */

/** What the server has answered: nothing yet, the lines, nothing that helps, or no. @typedef {"reading" | "read" | "waiting" | "refused"} State */

/** Asks for something; the browser's own fetch is one. @typedef {(url: string, options: {signal: AbortSignal}) => Promise<Response>} Fetch */

export class TranscriptReader extends EventTarget {
  transcript = EMPTY;
  /** @type {State} */
  state = "reading";
  /** What has come since the server was asked, whose answer may be older; null while it is not asked. @type {SaidWindow[] | null} */
  #since = null;
  #asking = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} url
   * @param {Scope} scope
   * @param {Fetch} [ask]
   */
  constructor(url, scope, ask = (address, options) => fetch(address, options)) {
    super();
    this.url = url;
    this.ask = ask;
    scope.own(() => this.#stop());
  }

  /**
   * Read all of it. An answer that is still awaited no longer counts: it may be older than what
   * made somebody ask again.
   */
  async read() {
    this.#stop();
    const asking = new AbortController();
    this.#asking = asking;
    this.#since = [];
    const { lines, state } = await this.#answer(asking.signal);
    if (asking.signal.aborted) return;
    if (lines) this.transcript = (this.#since ?? []).reduce(withWindow, withAll(this.transcript, lines));
    this.#since = null;
    if (state === "refused") this.transcript = withAll(this.transcript, []); // the right was taken away
    this.state = state;
    if (state === "waiting") this.#timer = setTimeout(() => this.read(), RETRY_MS); // what is known stays
    this.#changed();
  }

  /** @param {WordsNews} news of this call */
  take({ from, until, lines }) {
    if (lines === null) {
      this.read();
      return;
    }
    const window = { from, until, lines };
    this.#since?.push(window);
    this.transcript = withWindow(this.transcript, window);
    this.#changed();
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<{lines?: import("../wire/messages.js").SaidLine[], state: State}>}
   */
  async #answer(signal) {
    try {
      const answer = await this.ask(this.url, { signal });
      if (answer.ok) return { lines: (await answer.json()).lines, state: "read" };
      return { state: answer.status < 500 ? "refused" : "waiting" };
    } catch {
      return { state: "waiting" };
    }
  }

  #stop() {
    this.#asking.abort();
    clearTimeout(this.#timer);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
