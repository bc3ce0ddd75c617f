// Which calls the list shows, and the views of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  everyCall, forgetView, isFiltering, keepView, matcher, nameOf, readView, writeView,
} from "../../../static/js/list/filter.js";

/** @typedef {import("../../../static/js/list/filter.js").Filter} Filter */
/** @typedef {import("../../../static/js/list/filter.js").FilteredCall} FilteredCall */
/** @typedef {import("../../../static/js/list/filter.js").View} View */

/**
 * @param {Partial<FilteredCall>} [changes]
 * @returns {FilteredCall}
 */
function call(changes = {}) {
  return {
    call_id: "3f2a-9c", agent: "front_desk", caller: "+13035550150", caller_name: "Zoë Müller",
    reason: "upset about a refund", state: "tapping", legs: [{ direction: "speak" }, { direction: "listen" }],
    listeners: ["alice"], ...changes,
  };
}

/**
 * Is the usual call shown?
 * @param {Partial<Filter>} filter
 * @param {Partial<FilteredCall>} [changes] to the call
 */
function shows(filter, changes) {
  return matcher({ ...everyCall(), ...filter })(call(changes));
}

/**
 * @param {Partial<Filter>} filter
 * @param {import("../../../static/js/list/order.js").Order} [order]
 * @returns {View}
 */
function view(filter, order = "attention") {
  return { filter: { ...everyCall(), ...filter }, order };
}

test("without a filter every call is shown", () => {
  assert.ok(shows({}));
  assert.equal(isFiltering(everyCall()), false);
});

for (const text of [
  "front_desk", "Front desk", "zoe", "MULLER", "müller zoë", "refund", "3f2a", "alice", "desk refund",
  "+1303", "(303) 555-0150", "555.0150", "0150", "  ",
]) {
  test(`the text "${text}" finds the call`, () => assert.ok(shows({ text })));
}

for (const text of ["bob", "zoe bob", "556", "--", "()", "desk\nbob"]) {
  test(`the text "${text}" does not find the call`, () => assert.ok(!shows({ text })));
}

test("a caller without a number is not found by digits", () => {
  assert.ok(!shows({ text: "0150" }, { caller: "" }));
});

test("a call must have one of the agents, one of the states and one of the legs", () => {
  assert.ok(shows({ agents: ["sales", "front_desk"], states: ["tapping"], legs: ["listen", "both"] }));
  assert.ok(!shows({ agents: ["sales"] }));
  assert.ok(!shows({ states: ["requested", "lost"] }));
  assert.ok(!shows({ legs: ["both"] }));
  assert.ok(!shows({ agents: ["front_desk"], states: ["lost"] }));
});

test("a call without a leg is shown unless a side is asked for", () => {
  const untapped = { state: /** @type {const} */ ("untapped"), legs: [] };
  assert.ok(shows({ states: ["untapped"] }, untapped));
  assert.ok(!shows({ legs: ["both"] }, untapped));
});

test("a call without an agent's name can be asked for", () => {
  assert.ok(shows({ agents: [""] }, { agent: "" }));
  assert.ok(!shows({ agents: [""] }));
});

test("any part of a filter hides calls", () => {
  /** @type {Partial<Filter>[]} */
  const parts = [{ text: "a" }, { agents: ["a"] }, { states: ["lost"] }, { legs: ["both"] }];
  for (const part of parts) assert.ok(isFiltering({ ...everyCall(), ...part }));
  assert.ok(!isFiltering({ ...everyCall(), text: " " }));
});

/** @type {[query: string, view: View][]} */
const addresses = [
  ["", view({})],
  ["q=zo%C3%AB+303", view({ text: "zoë 303" })],
  ["agent=a%26b&agent=front_desk", view({ agents: ["a&b", "front_desk"] })],
  ["agent=", view({ agents: [""] })],
  ["state=requested&state=lost&leg=speak", view({ states: ["requested", "lost"], legs: ["speak"] })],
  ["q=a&order=longest", view({ text: "a" }, "longest")],
];
for (const [query, value] of addresses) {
  test(`the address ?${query} holds a view, and a view writes it`, () => {
    assert.deepEqual(readView(query), value);
    assert.equal(writeView(value), query);
  });
}

test("a query may begin as location.search does", () => {
  assert.deepEqual(readView("?q=a"), view({ text: "a" }));
});

test("equal views have equal queries, however they came about", () => {
  const one = view({ text: " a ", agents: ["b", "a"], states: ["lost", "tapping"], legs: ["speak", "both"] });
  assert.equal(writeView(one), "q=a&agent=a&agent=b&state=tapping&state=lost&leg=both&leg=speak");
  assert.equal(writeView(readView(writeView(one))), writeView(one));
  assert.equal(writeView(readView("leg=speak&q=a&state=lost&q=b&leg=speak")), "q=a&state=lost&leg=speak");
});

test("what an address should not hold is left out", () => {
  assert.deepEqual(readView("state=asleep&leg=third&order=best&page=7&q="), view({}));
  assert.equal(readView(`q=${"x".repeat(5000)}`).filter.text.length, 100);
  const agents = Array.from({ length: 500 }, (_, n) => `agent=${n}`).join("&");
  assert.equal(readView(agents).filter.agents.length, 50);
});

test("a view is kept under a name, and found by what it shows", () => {
  const views = keepView([], "  My   sales ", view({ agents: ["sales"] }));
  assert.deepEqual(views, [{ name: "My sales", query: "agent=sales" }]);
  assert.equal(nameOf(views, view({ agents: ["sales"] })), "My sales");
  assert.equal(nameOf(views, view({ agents: ["sales"] }, "newest")), "");
  assert.equal(nameOf([{ name: "Old", query: "leg=both&q=a" }], view({ text: "a", legs: ["both"] })), "Old");
});

test("a view replaces the one of the same name in its place", () => {
  let views = keepView([], "Zoë", view({ text: "a" }));
  views = keepView(views, "Other", view({ text: "b" }));
  views = keepView(views, "ZOE", view({ text: "c" }));
  assert.deepEqual(views, [{ name: "ZOE", query: "q=c" }, { name: "Other", query: "q=b" }]);
});

test("a view without a name, or one too many, is not kept", () => {
  assert.deepEqual(keepView([], " ", view({})), []);
  /** @type {readonly import("../../../static/js/list/filter.js").NamedView[]} */
  let views = [];
  for (let n = 0; n < 30; n++) views = keepView(views, `view ${n}`, view({}));
  assert.equal(views.length, 20);
  assert.equal(keepView(views, "view 3", view({ text: "x" }))[3].query, "q=x");
});

test("a name is cut at 40 characters, and is still the same name", () => {
  const [long, views] = ["n".repeat(60), keepView([], "n".repeat(60), view({}))];
  assert.equal(views[0].name.length, 40);
  assert.equal(keepView(views, long, view({ text: "x" })).length, 1);
});

test("a view is forgotten by its name", () => {
  const views = keepView(keepView([], "One", view({})), "Two", view({ text: "b" }));
  assert.deepEqual(forgetView(views, "one").map(({ name }) => name), ["Two"]);
  assert.deepEqual(forgetView(views, "Three"), views);
});
