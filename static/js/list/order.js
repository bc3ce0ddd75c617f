/**
 * The order of the list. It never depends on the order in which the calls were given, so a
 * row moves only when something about its call has changed. Pure.
 */

import { LOCALES } from "../ui/locale.js";
import { agentName } from "../ui/words.js";

/** @typedef {"attention" | "newest" | "longest" | "agent"} Order */

/** @type {readonly [Order, ...Order[]]} the first one holds until another is chosen */
export const ORDERS = ["attention", "newest", "longest", "agent"];

/**
 * What the order must know of a call.
 * @typedef {object} OrderedCall
 * @property {string} id
 * @property {string} agent
 * @property {string} requested_at
 * @property {string | null} started_at
 * @property {string | null} ended_at null also where the end was missed
 * @property {boolean} over nothing of it will be heard any more
 * @property {readonly {severity: number, since: string}[]} attention
 */

/**
 * A call's place: what is compared, from left to right, and smaller first.
 * @typedef {object} Place
 * @property {number} block 0 for calls that go on, 1 for the ended ones below them
 * @property {string} name the agent's, or "" where the order does not ask for it
 * @property {readonly number[]} ranks
 * @property {string} id
 */

/** Names as people sort them: "Desk 2" comes before "desk 10". */
const NAMES = new Intl.Collator(LOCALES, { numeric: true, sensitivity: "base" });

/**
 * The order of that name.
 * @param {string | null} name anything, because it may come from an address
 * @returns {Order}
 */
export function orderOf(name) {
  return ORDERS.find((one) => one === name) ?? ORDERS[0];
}

/**
 * Sort calls. Those that are over come last in every order, the latest end first.
 * @template {OrderedCall} C
 * @param {Iterable<C>} calls
 * @param {Order} order
 * @returns {C[]}
 */
export function inOrder(calls, order) {
  const placed = [...calls].map((call) => ({ call, place: placeOf(call, order) }));
  return placed.sort((a, b) => compare(a.place, b.place)).map(({ call }) => call);
}

/**
 * @param {OrderedCall} call
 * @param {Order} order
 * @returns {Place}
 */
function placeOf(call, order) {
  const { id, over } = call;
  if (over) return { block: 1, name: "", ranks: [-endOf(call)], id };
  const name = order === "agent" ? agentName(call.agent) : "";
  return { block: 0, name, ranks: ranksOf(call, order), id };
}

/**
 * @param {OrderedCall} call
 * @param {Order} order
 * @returns {number[]}
 */
function ranksOf(call, order) {
  if (order === "longest") return [Date.parse(call.started_at ?? call.requested_at)];
  const newest = -Date.parse(call.requested_at);
  return order === "attention" ? [...urgency(call), newest] : [newest];
}

/**
 * The rank of a call's most severe condition. Of equal ones the one that has held longest counts.
 * @param {OrderedCall} call
 * @returns {[severity: number, since: number]}
 */
function urgency({ attention }) {
  let [most, first] = [0, 0];
  for (const { severity, since } of attention) {
    const at = Date.parse(since);
    if (severity > most || (severity === most && at < first)) [most, first] = [severity, at];
  }
  return [-most, first];
}

/** When a call ended. An end that was missed counts as the latest of all. @param {OrderedCall} call */
function endOf({ ended_at }) {
  return ended_at ? Date.parse(ended_at) : Number.POSITIVE_INFINITY;
}

/**
 * @param {Place} a
 * @param {Place} b
 */
function compare(a, b) {
  return (
    a.block - b.block ||
    NAMES.compare(a.name, b.name) ||
    compareRanks(a.ranks, b.ranks) ||
    (a.id < b.id ? -1 : 1)
  );
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b as many as in `a`
 */
function compareRanks(a, b) {
  for (const [index, rank] of a.entries()) {
    const other = b[index] ?? rank;
    if (rank !== other) return rank < other ? -1 : 1; // not a difference: infinities have none
  }
  return 0;
}
