// Close codes: the browser does what docs/protocol.md says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isFinal, REACTIONS, reactionTo, reasonHelps, signInHelps } from "../../../static/js/wire/protocol.js";

const protocol = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
const section = protocol.split("## Pages' sockets")[1];
const documented = [...section.matchAll(/^\| (\d{4}) \| .* \| (.*) \|$/gm)].map(([, code, words]) => ({
  code: Number(code),
  words,
}));

/** How the document words each reaction. */
const WORDS = {
  nothing: /^nothing$/,
  "sign in": /^sign in$/,
  "give a reason": /^ask the user why, post it, and reconnect$/,
  "come back": /^reconnect after a while$/,
  "come back soon": /^reconnect within `come_back_ms`$/,
  "come back live": /^reconnect, and go on live$/,
  "wait for a place": /^let the user stop one; try again after 10 s/,
};

test("the document and the browser know the same codes", () => {
  assert.deepEqual([...REACTIONS.keys()], documented.map(({ code }) => code));
});

for (const { code, words } of documented) {
  test(`${code}: the document says "${words}"`, () => assert.match(words, WORDS[reactionTo(code)]));
}

test("after a code that is not listed the client comes back", () => {
  for (const code of [1001, 1011, 4999]) assert.equal(reactionTo(code), "come back");
});

test("signing in helps users who are signed out, and nobody else", () => {
  assert.deepEqual([4401, 4410, 4403, 4404, 4429, 1000].map(signInHelps), [true, true, false, false, false, false]);
});

test("a reason helps users whose reason is wanted, and nobody else", () => {
  assert.deepEqual([4453, 4451, 4403, 4401, 1000].map(reasonHelps), [true, false, false, false, false]);
});

test("codes that only the user can cure are final", () => {
  assert.deepEqual([4401, 4453, 4403, 1000, 4429, 4408, 1012].map(isFinal), [true, true, true, true, false, false, false]);
});
