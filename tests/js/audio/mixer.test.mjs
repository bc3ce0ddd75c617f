// What each deck sounds like among the others.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  changed, EMPTY_DESK, gainSet, joined, left, mixOf, muteToggled, soloHeld, soloToggled, voiceOf,
} from "../../../static/js/audio/mixer.js";

/** @typedef {import("../../../static/js/audio/mixer.js").Desk} Desk */

/** Three decks at full volume. */
const THREE = ["a", "b", "c"].reduce((desk, id) => joined(desk, id), EMPTY_DESK);

/** How the three are heard. @param {Desk} desk */
const standings = (desk) => ["a", "b", "c"].map((id) => mixOf(desk, id).standing);

/** A ratio in dB. @param {number} factor */
const dB = (factor) => 20 * Math.log10(factor);

test("decks are heard beside each other at their volumes, which are squared", () => {
  const desk = changed(THREE, "b", { volume: 0.5 });
  assert.deepEqual(["a", "b"].map((id) => mixOf(desk, id).gain), [1, 0.25]);
});

test("a solo makes the others 18 dB quieter, and leaves itself as it is", () => {
  const desk = soloToggled(THREE, "b");
  assert.deepEqual(standings(desk), ["ducked", "heard", "ducked"]);
  assert.equal(mixOf(desk, "b").gain, 1);
  assert.ok(Math.abs(dB(mixOf(desk, "a").gain) + 18) < 0.01);
});

test("the next solo takes the place of the last, and the same one again ends it", () => {
  const desk = soloToggled(soloToggled(THREE, "a"), "b");
  assert.deepEqual(standings(desk), ["ducked", "heard", "ducked"]);
  assert.deepEqual(standings(soloToggled(desk, "b")), ["heard", "heard", "heard"]);
});

test("a held solo mutes the others, and what was before comes back when it is released", () => {
  const before = muteToggled(soloToggled(THREE, "a"), "c");
  const held = soloHeld(before, "b");
  assert.deepEqual(standings(held), ["held back", "heard", "held back"]);
  assert.deepEqual(["a", "b", "c"].map((id) => mixOf(held, id).gain), [0, 1, 0]);
  assert.deepEqual(standings(soloHeld(held, "")), ["heard", "ducked", "muted"]);
});

test("a held solo lets even a muted deck be heard", () => {
  assert.equal(mixOf(soloHeld(muteToggled(THREE, "b"), "b"), "b").standing, "heard");
});

test("a held solo of a deck that is gone holds nobody back", () => {
  assert.deepEqual(standings(soloHeld(THREE, "gone")), ["heard", "heard", "heard"]);
});

test("a mute ends the deck's solo, and a solo its mute", () => {
  assert.deepEqual(standings(muteToggled(soloToggled(THREE, "a"), "a")), ["muted", "heard", "heard"]);
  assert.deepEqual(standings(soloToggled(muteToggled(THREE, "a"), "a")), ["heard", "ducked", "ducked"]);
});

test("muting another deck leaves a solo alone", () => {
  assert.deepEqual(standings(muteToggled(soloToggled(THREE, "a"), "b")), ["heard", "muted", "ducked"]);
});

test("moving the volume ends a mute", () => {
  assert.equal(mixOf(changed(muteToggled(THREE, "a"), "a", { volume: 0.3 }), "a").standing, "heard");
});

test("a volume of zero is told from a mute", () => {
  assert.equal(mixOf(changed(THREE, "a", { volume: 0 }), "a").standing, "zero");
});

test("a deck that leaves takes its solo along", () => {
  const desk = left(soloToggled(THREE, "a"), "a");
  assert.equal(desk.channels.size, 2);
  assert.equal(mixOf(desk, "b").standing, "heard");
  assert.deepEqual(changed(desk, "a", { volume: 0.5 }), desk);
});

/**
 * How a side of a deck is heard.
 * @param {Partial<import("../../../static/js/audio/mixer.js").Channel>} changes
 * @param {import("../../../static/js/wire/messages.js").Direction} direction
 */
const voice = (changes, direction) => voiceOf(mixOf(changed(THREE, "a", changes), "a"), direction, direction !== "both");

test("the caller is heard left and the agent right, both in the middle in mono", () => {
  assert.deepEqual([voice({}, "speak").pan, voice({}, "both").pan, voice({}, "listen").pan], [-1, 0, 1]);
  assert.deepEqual([voice({ mono: true }, "speak").pan, voice({ mono: true }, "listen").pan], [0, 0]);
});

test("a deck is moved to a side with both its voices, which come closer there", () => {
  assert.deepEqual(["speak", "listen"].map((side) => voice({ pan: 0.5 }, /** @type {"speak"} */ (side)).pan), [0, 1]);
  assert.deepEqual(["speak", "listen"].map((side) => voice({ pan: -1 }, /** @type {"speak"} */ (side)).pan), [-1, -1]);
  assert.equal(voice({ pan: -0.4 }, "both").pan, -0.4);
});

test("the balance takes from one side and never adds to the other", () => {
  const gains = (/** @type {number} */ balance) => [voice({ balance }, "speak").gain, voice({ balance }, "listen").gain];
  assert.deepEqual([-1, -0.5, 0, 0.5, 1].map(gains), [[1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1]]);
});

test("the automatic gain is switched for all legs of all decks, and a deck that is closed does not change that", () => {
  const desk = left(gainSet(THREE, true), "c");
  for (const id of ["a", "b"]) assert.equal(voiceOf(mixOf(desk, id), "both", false).automaticGain, true);
  assert.equal(voiceOf(mixOf(gainSet(desk, false), "a"), "both", false).automaticGain, false);
  assert.equal(gainSet(desk, true), desk, "which tells the page that nothing has changed");
});

test("the balance does not silence the one side that a call has", () => {
  const mix = mixOf(changed(THREE, "a", { balance: 1 }), "a");
  assert.equal(voiceOf(mix, "speak", false).gain, 1);
});
