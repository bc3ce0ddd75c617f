// How a deck plays the legs of a call beside each other.
import assert from "node:assert/strict";
import { test } from "node:test";

import { overlap } from "../../../static/js/deck/legs.js";

test("both sides together overlap with each of them, and the two sides not with each other", () => {
  assert.ok(overlap("both", "speak"));
  assert.ok(overlap("listen", "both"));
  assert.ok(overlap("speak", "speak"));
  assert.ok(!overlap("speak", "listen"));
});
