// The orders of the list.
import assert from "node:assert/strict";
import { test } from "node:test";

import { inOrder, ORDERS, orderOf } from "../../../static/js/list/order.js";
import { iso, NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/list/order.js").OrderedCall} OrderedCall */

/**
 * A call that was asked for `age` seconds ago and went live at once.
 * @param {string} id
 * @param {number} age
 * @param {Partial<OrderedCall>} [changes]
 * @returns {OrderedCall}
 */
function call(id, age, changes = {}) {
  const at = iso(NOW - age * 1000);
  return { id, agent: "desk", requested_at: at, started_at: at, ended_at: null, over: false, attention: [], ...changes };
}

/**
 * A call that ended `ago` seconds ago.
 * @param {string} id
 * @param {number} ago
 */
function ended(id, ago) {
  return call(id, 1000, { over: true, ended_at: iso(NOW - ago * 1000) });
}

/**
 * @param {number} severity
 * @param {number} age in seconds
 */
function condition(severity, age, kind = "dead_air") {
  return { kind, severity, since: iso(NOW - age * 1000) };
}

/**
 * @param {import("../../../static/js/list/order.js").Order} order
 * @param {OrderedCall[]} calls
 */
function ids(order, ...calls) {
  return inOrder(calls, order).map(({ id }) => id).join(" ");
}

test("the newest call comes first, or the one that has lasted longest", () => {
  const calls = [call("middle", 20), call("old", 300), call("new", 1)];
  assert.equal(ids("newest", ...calls), "new middle old");
  assert.equal(ids("longest", ...calls), "old middle new");
});

test("a call that has not started lasts since it was asked for", () => {
  const calls = [call("started", 60, { started_at: iso(NOW - 10_000) }), call("asked", 30, { started_at: null })];
  assert.equal(ids("longest", ...calls), "asked started");
});

test("agents are sorted as people sort names, and the newest call of each comes first", () => {
  const calls = [
    call("ten", 1, { agent: "desk_10" }),
    call("older", 50, { agent: "Desk 2" }),
    call("newer", 5, { agent: "desk 2" }),
    call("first", 9, { agent: "Ärzte" }),
    call("nobody", 9, { agent: "" }),
  ];
  assert.equal(ids("agent", ...calls), "first newer older ten nobody");
});

test("the call with the most severe condition comes first, then the newest of those that need nobody", () => {
  const calls = [
    call("old", 300),
    call("long", 900, { attention: [condition(10, 400, "long_call")] }),
    call("help", 40, { attention: [condition(10, 400, "long_call"), condition(100, 2, "help")] }),
    call("new", 3),
  ];
  assert.equal(ids("attention", ...calls), "help long new old");
});

test("of two equal conditions the one that has held for longer comes first", () => {
  const calls = [
    call("later", 90, { attention: [condition(50, 5)] }),
    call("earlier", 60, { attention: [condition(50, 3), condition(50, 20, "one_way")] }),
  ];
  assert.equal(ids("attention", ...calls), "earlier later");
});

for (const order of ORDERS) {
  test(`${order}: ended calls are at the bottom, the latest end first`, () => {
    const calls = [ended("before", 20), call("a", 5), ended("missed", 0), ended("just", 2), call("b", 6)];
    calls[2].ended_at = null;
    assert.match(ids(order, ...calls), /^(a b|b a) missed just before$/);
  });

  test(`${order}: the order in which calls are given makes no difference`, () => {
    const calls = [call("c", 7), call("a", 7), ended("e", 7), call("b", 7), ended("d", 7)];
    assert.equal(ids(order, ...calls), "a b c d e");
    assert.equal(ids(order, ...calls.reverse()), "a b c d e");
  });
}

test("two calls whose end was missed have an order, too", () => {
  const missed = { over: true, ended_at: null };
  assert.equal(ids("newest", call("b", 1, missed), call("a", 2, missed)), "a b");
});

test("the calls that were given stay as they are", () => {
  const calls = [call("a", 9), call("b", 1)];
  const sorted = inOrder(calls, "newest");
  assert.equal(sorted[1], calls[0]);
  assert.deepEqual(calls.map(({ id }) => id), ["a", "b"]);
});

test("an order that nobody knows is the usual one", () => {
  assert.equal(orderOf("longest"), "longest");
  for (const name of [null, "", "toString", "Newest"]) assert.equal(orderOf(name), "attention");
});
