// What the pages say when a socket was refused.
import assert from "node:assert/strict";
import { test } from "node:test";

import { listRefusal, refusal } from "../../static/js/words.js";

test("4410 is a lost right as well as a sign-out, and reads the same everywhere", () => {
  assert.match(refusal(4410), /signed out in another window, or your access was changed/);
  assert.equal(listRefusal(4410)[1], refusal(4410));
});

test("every refusal of the list has words of its own", () => {
  const titles = [4401, 4403, 4410, 4429].map((code) => listRefusal(code)[0]);
  assert.equal(new Set([...titles, listRefusal(4999)[0]]).size, 5);
  assert.match(listRefusal(4999)[1], /4999/);
});
