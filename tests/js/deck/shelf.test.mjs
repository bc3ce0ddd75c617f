// Which call plays on which deck.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  callAt, closed, EMPTY_SHELF, fullWords, inOrder, opened, PLACES, selected, swapToggled,
} from "../../../static/js/deck/shelf.js";

/** @typedef {import("../../../static/js/deck/shelf.js").Shelf} Shelf */

/**
 * @param {Shelf} shelf
 * @param {string} id
 * @returns {Shelf}
 */
function open(shelf, id) {
  const next = opened(shelf, id);
  assert.ok(next);
  return next;
}

/** A shelf with these calls on its first decks. @param {string[]} ids */
const shelfOf = (...ids) => ids.reduce(open, EMPTY_SHELF);

test("calls get the first free decks, and the newest one is selected", () => {
  const shelf = shelfOf("a", "b", "c");
  assert.deepEqual(inOrder(shelf), ["a", "b", "c"]);
  assert.equal(callAt(shelf, 2), "b");
  assert.equal(callAt(shelf, 4), "");
  assert.equal(shelf.selected, "c");
});

test("a deck that was closed is the next to be taken, and the others stay where they are", () => {
  const shelf = open(closed(shelfOf("a", "b", "c"), "a"), "d");
  assert.deepEqual(inOrder(shelf), ["d", "b", "c"]);
});

test("a call that plays already is selected and keeps its deck", () => {
  const shelf = open(shelfOf("a", "b"), "a");
  assert.deepEqual([inOrder(shelf), shelf.selected], [["a", "b"], "a"]);
});

test("the seventh call gets no deck", () => {
  const full = shelfOf("a", "b", "c", "d", "e", "f");
  assert.equal(full.places.size, PLACES);
  assert.equal(opened(full, "g"), null);
  assert.ok(opened(full, "a"), "a call that plays is not refused");
});

test("on a deck that is marked for swapping each call takes the place of the last one", () => {
  const marked = swapToggled(shelfOf("a", "b", "c"), "b");
  const next = open(marked, "d");
  assert.deepEqual(inOrder(next), ["a", "d", "c"]);
  assert.deepEqual(inOrder(open(next, "e")), ["a", "e", "c"]);
});

test("the mark stays with a place that was closed, so that sampling goes on there", () => {
  const shelf = closed(swapToggled(shelfOf("a", "b"), "b"), "b");
  assert.equal(open(open(shelf, "c"), "d").places.get("d"), 2);
});

test("a full shelf still swaps", () => {
  const full = swapToggled(shelfOf("a", "b", "c", "d", "e", "f"), "f");
  assert.deepEqual(inOrder(open(full, "g")), ["a", "b", "c", "d", "e", "g"]);
});

test("one deck at most is marked, and marking it again ends that", () => {
  const marked = swapToggled(swapToggled(shelfOf("a", "b"), "a"), "b");
  assert.equal(marked.swap, 2);
  assert.equal(swapToggled(marked, "b").swap, 0);
});

test("when the selected deck is closed, its neighbour is selected", () => {
  assert.equal(closed(selected(shelfOf("a", "b", "c"), "b"), "b").selected, "c");
  assert.equal(closed(shelfOf("a", "b"), "b").selected, "a");
  assert.equal(closed(shelfOf("a"), "a").selected, "");
  assert.equal(closed(shelfOf("a", "b"), "a").selected, "b");
});

test("what is on no deck cannot be selected", () => {
  const shelf = shelfOf("a");
  assert.equal(selected(shelf, "gone"), shelf);
});

/** Six decks. @param {Record<number, {over?: boolean, muted?: boolean}>} changes by place */
const words = (changes) =>
  fullWords([1, 2, 3, 4, 5, 6].map((place) => ({ place, name: `agent ${place}`, over: false, muted: false, ...changes[place] })));

test("the refusal names a deck to close: an ended call's, else a muted one, else the oldest", () => {
  assert.match(words({ 3: { muted: true }, 5: { over: true } }), /^All 6 decks .* deck 5, agent 5: its call has ended\.$/);
  assert.match(words({ 3: { muted: true } }), /deck 3, agent 3: you have muted it/);
  assert.match(words({}), /deck 1, agent 1: it has been open for longest/);
});
