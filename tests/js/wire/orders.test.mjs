// How the page asks the server for an order, and what it makes of the answer.
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { ask } from "../../../static/js/wire/orders.js";

afterEach(() => mock.restoreAll());

/** Have the server answer. @param {number} status @param {string} body */
function answering(status, body) {
  return mock.method(globalThis, "fetch", async () => new Response(body, { status }));
}

/** @type {[status: number, body: string, refusal: string][]} */
const ANSWERS = [
  [202, "{}", ""],
  [409, '{"error":"already_asked"}', "already_asked"],
  [403, '{"error":"not_allowed"}', "not_allowed"],
  [403, "<!doctype html>", "old_page"],
  [200, "<!doctype html>", "failed"],
  [500, "<!doctype html>", "failed"],
  [502, "{}", "failed"],
];

for (const [status, body, refusal] of ANSWERS) {
  test(`${status} ${body} means: ${refusal || "taken"}`, async () => {
    answering(status, body);
    assert.equal(await ask("/calls/1/start", "token"), refusal);
  });
}

test("an order is posted with the token against forgery", async () => {
  const { mock: posted } = answering(202, "{}");
  await ask("/calls/1/stop", "token");
  const [url, options] = /** @type {[string, RequestInit]} */ (/** @type {unknown} */ (posted.calls[0].arguments));
  assert.equal(url, "/calls/1/stop");
  assert.equal(options.method, "POST");
  assert.deepEqual(options.headers, { "X-CSRFToken": "token" });
});

test("what the server must know beside the address is posted as a form", async () => {
  const { mock: posted } = answering(202, "{}");
  await ask("/calls/1/reason", "token", { reason: "a complaint & more" });
  const [, { body }] = /** @type {[string, RequestInit]} */ (/** @type {unknown} */ (posted.calls[0].arguments));
  assert.equal(String(body), "reason=a+complaint+%26+more");
});

test("a server that is away is told", async () => {
  mock.method(globalThis, "fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
  assert.equal(await ask("/calls/1/start", "token"), "unreachable");
});
