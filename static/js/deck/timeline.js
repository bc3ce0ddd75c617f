/**
 * The events of a deck's call: what the server recorded, asked for when the call has changed, and
 * the gaps in the audio that the page holds.
 */

import { fill, gettext } from "../ui/i18n.js";
import { spokenDuration } from "../ui/words.js";

const ASK_MS = 2000; // at most once in this time
const RETRY_MS = 30_000; // after an answer that was none
/** A shorter gap is none that a listener would look for. */
const GAP_MS = 500;

/** @typedef {import("../audio/history.js").History} History */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").TimelineEntry} TimelineEntry */

/**
 * @typedef {object} Moment something that happened
 * @property {string} key tells it from all others of the call
 * @property {number} ms Unix time
 * @property {string} title
 * @property {string} words more about it, or ""
 * @property {string} state the leg's new state, "gap", or ""
 */

/** Asks the server for a call's events. */
export class Timeline {
  /** @type {TimelineEntry[]} */
  entries = [];
  #version = 0; // of the call, of which the entries are
  #nextAt = -Infinity; // ms
  #abort = new AbortController();

  /**
   * @param {string} url
   * @param {Scope} scope
   */
  constructor(url, scope) {
    this.url = url;
    scope.own(() => this.#abort.abort());
  }

  /**
   * Ask for the events if the call has changed since.
   * @param {number} version
   * @param {number} now ms
   * @returns {Promise<void>}
   */
  async update(version, now) {
    if (version <= this.#version || now < this.#nextAt) return;
    this.#nextAt = now + ASK_MS;
    try {
      const answer = await fetch(this.url, { signal: this.#abort.signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      this.entries = (await answer.json()).entries;
      this.#version = version;
    } catch {
      this.#nextAt = now + RETRY_MS; // the events that are known stay
    }
  }
}

/**
 * The moments of a call, oldest first.
 * @param {TimelineEntry[]} entries
 * @param {{side: string, history: History}[]} legs those that are held
 * @param {(direction: string) => string} sideOf the words for a direction, "" if the call has one leg
 * @returns {Moment[]}
 */
export function momentsOf(entries, legs, sideOf) {
  const told = entries.map((entry) => momentOf(entry, sideOf(entry.direction)));
  const gaps = legs.flatMap(({ side, history }) => gapsOf(history, legs.length > 1 ? side : ""));
  return [...told, ...gaps].sort((a, b) => a.ms - b.ms);
}

/**
 * @param {TimelineEntry} entry
 * @param {string} side
 * @returns {Moment}
 */
function momentOf({ at, direction, title, words, state }, side) {
  const key = [at, direction, state, title].join();
  return { key, ms: Date.parse(at), title, words: [side, words].filter(Boolean).join(" · "), state };
}

/**
 * @param {History} history
 * @param {string} side
 * @returns {Moment[]}
 */
function gapsOf(history, side) {
  return history.held.slice(1).flatMap((range, n) => {
    const before = history.held[n]?.to ?? range.from;
    const ms = history.timeOf(before - 1) ?? 0; // at a seam, `before` itself is after the gap
    const length = (history.timeOf(range.from) ?? 0) - ms;
    if (length < GAP_MS) return [];
    // Translators: duration is one in words, such as 40 seconds
    const title = fill(gettext("No audio for %(duration)s"), { duration: spokenDuration(Math.max(1000, length)) });
    return [{ key: `gap,${side},${range.from}`, ms, title, words: side, state: "gap" }];
  });
}
