/**
 * Which calls the list shows. A filter and an order are a view, which the page's address holds
 * as its query; a view with a name is kept with the user's settings. Pure.
 */

import { readableName } from "../ui/words.js";
import { ORDERS, orderOf } from "./order.js";

const LONGEST_TEXT = 100;
const MOST_AGENTS = 50; // in an address, which anybody may have written
const LONGEST_NAME = 40;
const MOST_VIEWS = 20;

/** @typedef {import("../wire/messages.js").Direction} Direction */
/** @typedef {import("../wire/messages.js").CallState} CallState */

/** @type {readonly CallState[]} */
export const STATES = ["requested", "tapping", "untapped", "finished", "failed", "lost"];
/** @type {readonly Direction[]} */
export const DIRECTIONS = ["both", "speak", "listen"];

/**
 * What a call must be to be shown. An empty list asks for nothing.
 * @typedef {object} Filter
 * @property {string} text each of its words must be found in the call
 * @property {readonly string[]} agents one of these
 * @property {readonly CallState[]} states one of these
 * @property {readonly Direction[]} legs it has one of these
 */

/** @typedef {{filter: Filter, order: import("./order.js").Order}} View */
/** @typedef {{name: string, query: string}} NamedView */

/**
 * What the filter must know of a call.
 * @typedef {object} FilteredCall
 * @property {string} call_id
 * @property {string} agent
 * @property {string} caller
 * @property {string} caller_name
 * @property {string} reason
 * @property {CallState} state
 * @property {readonly {direction: Direction}[]} legs
 * @property {readonly string[]} listeners their names
 */

/** @returns {Filter} that shows every call */
export function everyCall() {
  return { text: "", agents: [], states: [], legs: [] };
}

/** Does a filter hide any calls at all? @param {Filter} filter */
export function isFiltering({ text, agents, states, legs }) {
  return text.trim() !== "" || agents.length + states.length + legs.length > 0;
}

/**
 * Make the test of a filter, which is then run on every call.
 * @param {Filter} filter
 * @returns {(call: FilteredCall) => boolean}
 */
export function matcher({ text, agents, states, legs }) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  return (call) =>
    isAmong(agents, [call.agent]) &&
    isAmong(states, [call.state]) &&
    isAmong(legs, call.legs.map((leg) => leg.direction)) &&
    hasWords(call, words);
}

/**
 * @param {readonly string[]} wanted
 * @param {readonly string[]} found
 */
function isAmong(wanted, found) {
  return !wanted.length || found.some((one) => wanted.includes(one));
}

/**
 * @param {FilteredCall} call
 * @param {string[]} words
 */
function hasWords(call, words) {
  if (!words.length) return true;
  const { agent, caller, caller_name, call_id, reason, listeners } = call;
  const said = plain([agent, readableName(agent), caller, caller_name, call_id, reason, ...listeners].join("\n"));
  const digits = caller.replace(/\D/g, "");
  return words.every((word) => said.includes(word) || isPartOf(digits, word));
}

/**
 * Is a word a part of a number, however it is written: as 0150, 555-0150 or (303)?
 * @param {string} digits of the number
 * @param {string} word
 */
function isPartOf(digits, word) {
  const asked = /^[\d()+./-]+$/.test(word) ? word.replace(/\D/g, "") : "";
  return asked !== "" && digits.includes(asked);
}

/** Text without case and accents. @param {string} text */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * The view that an address asks for. What it does not understand is left out, because people
 * edit addresses.
 * @param {string} query
 * @returns {View}
 */
export function readView(query) {
  const asked = new URLSearchParams(query);
  const filter = {
    text: (asked.get("q") ?? "").trim().slice(0, LONGEST_TEXT),
    agents: [...new Set(asked.getAll("agent"))].sort().slice(0, MOST_AGENTS),
    states: namedIn(STATES, asked.getAll("state")),
    legs: namedIn(DIRECTIONS, asked.getAll("leg")),
  };
  return { filter, order: orderOf(asked.get("order")) };
}

/**
 * Those of the possible values that were named, each once and always in the same order.
 * @template {string} T
 * @param {readonly T[]} possible
 * @param {string[]} named
 */
function namedIn(possible, named) {
  return possible.filter((one) => named.includes(one));
}

/**
 * The query of a view, "" for all calls in the usual order. Equal views have equal queries.
 * @param {View} view
 */
export function writeView({ filter, order }) {
  const query = new URLSearchParams();
  const text = filter.text.trim();
  if (text) query.set("q", text);
  for (const agent of [...filter.agents].sort()) query.append("agent", agent);
  for (const state of namedIn(STATES, [...filter.states])) query.append("state", state);
  for (const leg of namedIn(DIRECTIONS, [...filter.legs])) query.append("leg", leg);
  if (order !== ORDERS[0]) query.set("order", order);
  return query.toString();
}

/**
 * Keep a view under a name, in the place of an older view of that name. A view without a name,
 * or one too many, is not kept.
 * @param {readonly NamedView[]} views
 * @param {string} name
 * @param {View} view
 * @returns {readonly NamedView[]}
 */
export function keepView(views, name, view) {
  const kept = { name: tidy(name), query: writeView(view) };
  if (!kept.name) return views;
  const older = views.findIndex((one) => isNamed(one, kept.name));
  if (older >= 0) return views.map((one, index) => (index === older ? kept : one));
  return views.length < MOST_VIEWS ? [...views, kept] : views;
}

/**
 * @param {readonly NamedView[]} views
 * @param {string} name
 * @returns {readonly NamedView[]}
 */
export function forgetView(views, name) {
  return views.filter((one) => !isNamed(one, name));
}

/**
 * The name under which a view is kept, or "".
 * @param {readonly NamedView[]} views
 * @param {View} view
 */
export function nameOf(views, view) {
  const query = writeView(view);
  return views.find((one) => writeView(readView(one.query)) === query)?.name ?? "";
}

/** @param {string} name */
function tidy(name) {
  return name.replace(/\s+/g, " ").trim().slice(0, LONGEST_NAME).trim();
}

/**
 * Names that differ in case or accents only are the same.
 * @param {NamedView} view
 * @param {string} name
 */
function isNamed(view, name) {
  return plain(view.name) === plain(tidy(name));
}
