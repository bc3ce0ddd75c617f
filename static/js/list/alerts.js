/** Which calls the user is told of outside the page: in the tab's title, and on the desktop. Pure. */

import { fill, ngettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { agentName, wordsOf } from "../ui/words.js";
import { conditionWords, urgentOf } from "./attention.js";
import { goesOn } from "./calls.js";

/** Whoever is told more often than this switches it off. */
const REST_MS = 10_000;

/** @typedef {import("../wire/messages.js").Call} Call */

/**
 * What the user was told of.
 * @typedef {object} Told
 * @property {ReadonlySet<string>} keys of the conditions
 * @property {number} at ms, when last
 */

/** @typedef {{id: string, title: string, body: string}} Alert about the call of that id */

/** @type {Told} */
export const NOTHING_TOLD = { keys: new Set(), at: Number.NEGATIVE_INFINITY };

/**
 * How many calls need attention now, for the tab's title: "(2) ".
 * @param {Iterable<Call>} calls
 */
export function titleMark(calls) {
  const needy = new Set(urgent(calls).map(({ call }) => call));
  return needy.size ? `(${number(needy.size)}) ` : "";
}

/**
 * Choose what to tell. Each condition is told once; those that come up while the last alert is
 * fresh wait, and are told together. A condition that has ended and comes back is told again.
 * @param {Iterable<Call>} calls
 * @param {Told} told
 * @param {{now: number, serverNow: number, away: boolean}} moment `away` if the user wants alerts and
 *   does not look at the page: what comes up on the page before their eyes counts as told
 * @returns {{told: Told, alert: Alert | null}}
 */
export function nextAlert(calls, told, { now, serverNow, away }) {
  const found = urgent(calls);
  if (!away) return { told: { ...told, keys: keysOf(found) }, alert: null };
  const known = found.filter(({ key }) => told.keys.has(key));
  const news = found.filter(({ key }) => !told.keys.has(key));
  const [first] = news;
  if (!first || now - told.at < REST_MS) {
    return { told: { ...told, keys: keysOf(known) }, alert: null };
  }
  return { told: { keys: keysOf(found), at: now }, alert: alertOf(news, serverNow) };
}

/** The urgent conditions of calls that go on, the most severe first. @param {Iterable<Call>} calls */
function urgent(calls) {
  const found = [...calls].filter(goesOn).flatMap((call) => urgentOf(call));
  return found.sort((a, b) => b.condition.severity - a.condition.severity);
}

/** @param {{key: string}[]} found */
function keysOf(found) {
  return new Set(found.map(({ key }) => key));
}

/**
 * Put it into words. The desktop may be shown to others, or keep what it was shown, so it is told
 * neither who calls nor what the agent noted.
 * @param {ReturnType<typeof urgentOf>} news
 * @param {number} serverNow
 * @returns {Alert}
 */
function alertOf(news, serverNow) {
  const calls = new Set(news.map((one) => one.call));
  const [{ call, condition }] = /** @type {[typeof news[number]]} */ (news);
  const words = conditionWords({ ...condition, note: "" }, serverNow);
  const name = agentName(call.agent);
  if (calls.size === 1) return { id: call.id, title: name, body: words };
  const title = ngettext("%(n)s call needs attention", "%(n)s calls need attention", calls.size);
  return { id: call.id, title: fill(title, { n: number(calls.size) }), body: wordsOf(name, words) };
}
