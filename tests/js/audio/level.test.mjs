// Levels of sound in dBFS.
import assert from "node:assert/strict";
import { test } from "node:test";

import { toDb } from "../../../static/js/audio/level.js";

test("full scale is 0 dBFS, and half of it about 6 dB less", () => {
  assert.equal(toDb(1), 0);
  assert.ok(Math.abs(toDb(0.5) + 6.02) < 0.01);
});

test("digital silence is the lowest level", () => {
  assert.equal(toDb(0), -96);
});
