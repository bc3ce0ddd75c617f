// The picture of a strip.
import assert from "node:assert/strict";
import { test } from "node:test";

import { pictureOf } from "../../../static/js/list/picture.js";
import { emptyStrip, filledStrip } from "../../../static/js/list/strip.js";

const SECOND = 1_772_366_400; // Unix time
const [FAINT, QUIET, LOUD, SPEECH] = [1, 67, 127, 195];

/** The picture of a strip whose newest bars these are. @param {number[]} bytes */
function picture(...bytes) {
  return pictureOf(filledStrip(Uint8Array.from(bytes), SECOND));
}

test("bars are two pixels wide, the newest at the right end, and each kind has its path", () => {
  assert.deepEqual(picture(QUIET, 0, SPEECH), { speech: "M118,18V9H120V18", noise: "M114,18V9H116V18" });
});

test("bars side by side have one outline", () => {
  assert.equal(picture(LOUD, QUIET, SPEECH, QUIET).noise, "M112,18V0H114V9H116V18M118,18V9H120V18");
});

test("the quietest audio can be seen, and none cannot", () => {
  assert.equal(picture(FAINT).noise, "M118,18V17H120V18");
  assert.deepEqual(pictureOf(emptyStrip()), { speech: "", noise: "" });
});
