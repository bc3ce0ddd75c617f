/**
 * The shelf of a page: which call plays on which deck. Pure: a shelf is a value, and each change
 * makes another one.
 */

import { fill, gettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";

/** As many decks as keys 1 to 6 can name. The server lets one user hear 8 calls in all windows together. */
export const PLACES = 6;

/**
 * @typedef {object} Shelf
 * @property {ReadonlyMap<string, number>} places 1 to 6, by call
 * @property {string} selected the call on the deck that keys are about, or ""
 * @property {number} swap the place where each new call takes the place of the last one, 0 for none
 */

/** @type {Shelf} */
export const EMPTY_SHELF = { places: new Map(), selected: "", swap: 0 };

/**
 * The call on a deck.
 * @param {Shelf} shelf
 * @param {number} place
 * @returns {string} "" while the place is free
 */
export function callAt({ places }, place) {
  return [...places].find(([, taken]) => taken === place)?.[0] ?? "";
}

/**
 * The calls on the decks, in the order of their places.
 * @param {Shelf} shelf
 */
export function inOrder({ places }) {
  return [...places].sort(([, a], [, b]) => a - b).map(([id]) => id);
}

/**
 * Put a call on a deck: on the one that is marked for swapping, else on the first free one. A call
 * that plays already keeps its deck.
 * @param {Shelf} shelf
 * @param {string} id
 * @returns {Shelf | null} null if all decks are taken
 */
export function opened(shelf, id) {
  if (shelf.places.has(id)) return selected(shelf, id);
  const place = shelf.swap || firstFree(shelf);
  if (!place) return null;
  const before = callAt(shelf, place);
  const next = before ? replaced(shelf, before, id) : { ...shelf, places: new Map(shelf.places).set(id, place) };
  return { ...next, selected: id };
}

/**
 * Put a call in the place of another.
 * @param {Shelf} shelf
 * @param {string} before
 * @param {string} id
 * @returns {Shelf}
 */
export function replaced(shelf, before, id) {
  const places = new Map(shelf.places);
  const place = places.get(before) ?? 0;
  places.delete(before);
  return { ...shelf, places: places.set(id, place), selected: shelf.selected === before ? id : shelf.selected };
}

/** @param {Shelf} shelf */
function firstFree({ places }) {
  const taken = new Set(places.values());
  return Array.from({ length: PLACES }, (_, index) => index + 1).find((place) => !taken.has(place)) ?? 0;
}

/**
 * Take a call off its deck. Its neighbour is selected, the next one if there is one. A mark for
 * swapping stays with the place, so that somebody who samples calls goes on there.
 * @param {Shelf} shelf
 * @param {string} id
 * @returns {Shelf}
 */
export function closed(shelf, id) {
  const places = new Map(shelf.places);
  places.delete(id);
  if (shelf.selected !== id) return { ...shelf, places };
  const order = inOrder(shelf);
  const at = order.indexOf(id);
  return { ...shelf, places, selected: order[at + 1] ?? order[at - 1] ?? "" };
}

/**
 * Mark the deck of a call, so that each new call takes the place of the last one there, or end
 * that. One deck at most is marked.
 * @param {Shelf} shelf
 * @param {string} id
 * @returns {Shelf}
 */
export function swapToggled(shelf, id) {
  const place = shelf.places.get(id) ?? 0;
  return { ...shelf, swap: shelf.swap === place ? 0 : place };
}

/**
 * @param {Shelf} shelf
 * @param {string} id
 * @returns {Shelf} the same if the call is on no deck
 */
export function selected(shelf, id) {
  return shelf.places.has(id) ? { ...shelf, selected: id } : shelf;
}

const FULL = {
  // Translators: n is 6; place is the number of a deck, and who is the call that plays on it
  over: gettext("All %(n)s decks are taken. Close one first, for example deck %(place)s, %(who)s: its call has ended."),
  // Translators: n is 6; place is the number of a deck, and who is the call that plays on it
  muted: gettext("All %(n)s decks are taken. Close one first, for example deck %(place)s, %(who)s: you have muted it."),
  // Translators: n is 6; place is the number of a deck, and who is the call that plays on it
  oldest: gettext(
    "All %(n)s decks are taken. Close one first, for example deck %(place)s, %(who)s: it has been open for longest.",
  ),
};

/**
 * Say why a call gets no deck, and which deck to close: one whose call has ended, else a muted
 * one, else the one that has been open for longest.
 * @param {readonly {place: number, name: string, over: boolean, muted: boolean}[]} decks the oldest first
 */
export function fullWords(decks) {
  const over = decks.find((one) => one.over);
  const muted = decks.find((one) => one.muted);
  const deck = over ?? muted ?? decks[0];
  if (!deck) return "";
  const words = over ? FULL.over : muted ? FULL.muted : FULL.oldest;
  return fill(words, { n: number(PLACES), place: number(deck.place), who: deck.name });
}
