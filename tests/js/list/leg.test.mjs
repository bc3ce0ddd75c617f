// One leg's sound, for people who cannot see it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { talkWords } from "../../../static/js/list/leg.js";
import { emptyStrip, filledStrip } from "../../../static/js/list/strip.js";

const SPEECH = 195;
const QUIET = 67;

/** @param {number[]} bytes */
function words(...bytes) {
  return talkWords("Caller", filledStrip(Uint8Array.from(bytes), 1_772_366_400));
}

test("a whole minute is told in seconds of speech", () => {
  const minute = [...Array(23).fill(SPEECH), ...Array(37).fill(QUIET)];
  assert.equal(words(...minute), "Caller: spoke in 23 of the last 60 seconds");
});

test("of less than a minute only the seconds with audio count", () => {
  assert.equal(words(SPEECH, QUIET, 0, SPEECH), "Caller: spoke in 2 of the 3 seconds with audio in the last minute");
  assert.equal(words(QUIET), "Caller: spoke in 0 of the 1 second with audio in the last minute");
});

test("a minute without audio is told as such", () => {
  assert.equal(talkWords("Agent", emptyStrip()), "Agent: no audio in the last minute");
});

test("before there is a strip it is told that there was no audio", () => {
  assert.equal(talkWords("Caller"), "Caller: no audio in the last minute");
});
