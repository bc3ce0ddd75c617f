// The bar of a level meter.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fraction } from "../../../static/js/ui/meter.js";

test("the bar is empty at −60 dBFS and below, and full at 0 dBFS and above", () => {
  assert.deepEqual([-96, -60, -30, 0, 3].map(fraction), [0, 0, 0.5, 1, 1]);
});
