// What the list shows of the calls.
import assert from "node:assert/strict";
import { test } from "node:test";

import { everyCall } from "../../../static/js/list/filter.js";
import { emptyListing, list } from "../../../static/js/list/listing.js";
import { call, endedCall, iso, NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/list/listing.js").Listing} Listing */
/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */

const CONDITION = { kind: "dead_air", leg: null, severity: 60, since: iso(NOW), note: "" };

/**
 * The calls "a", "b" and so on, of which the first is the newest.
 * @param {string} ids of one letter
 * @param {Record<string, Partial<Call>>} [changes] by id
 * @returns {Map<string, Call>}
 */
function calls(ids, changes = {}) {
  const made = [...ids].map((id, age) => call(id, { requested_at: iso(NOW - 1000 * age), ...changes[id] }));
  return new Map(made.map((one) => [one.id, one]));
}

/**
 * @param {Map<string, Call>} from
 * @param {{before?: Listing, text?: string, busy?: boolean, live?: boolean, now?: number}} [how]
 */
function listed(from, { before = emptyListing(), text = "", busy = false, live = true, now = NOW } = {}) {
  return list(before, from, { filter: { ...everyCall(), text }, order: "attention" }, { busy, live, now });
}

/** @param {Listing} listing */
function rows({ rows: { ids, waiting } }) {
  return [ids.join(""), [...waiting].join("")];
}

test("calls stand in the order of the view, and those that the filter hides are counted", () => {
  const listing = listed(calls("abcd", { b: { agent: "other" }, d: { attention: [CONDITION] } }), { text: "receptionist" });
  assert.deepEqual(rows(listing), ["dac", ""]);
  assert.deepEqual([listing.hidden, listing.needy], [1, 0]);
});

test("hidden calls that need attention are counted, unless they are over", () => {
  const attention = [CONDITION];
  const from = calls("abc", { a: { attention }, b: { attention } });
  from.set("d", endedCall("d", { attention }));
  const listing = listed(from, { text: "nobody" });
  assert.deepEqual([rows(listing)[0], listing.hidden, listing.needy], ["", 4, 2]);
});

test("while somebody's pointer is on the list an urgent call waits, and moves after that", () => {
  const before = listed(calls("abc"));
  const urgent = calls("abc", { c: { attention: [CONDITION] } });
  const busy = listed(urgent, { before, busy: true });
  assert.deepEqual(rows(busy), ["abc", "c"]);
  assert.deepEqual(rows(listed(urgent, { before: busy })), ["cab", ""]);
});

test("a call that comes is marked new, even if the filter hides it", () => {
  const before = listed(calls("a"), { text: "x" });
  assert.deepEqual([...listed(calls("ab"), { before, text: "x" }).marks.marks.keys()], ["b"]);
});

test("the calls of the first snapshot are not new, nor is anything while the connection is down", () => {
  const waiting = listed(new Map(), { live: false });
  const first = listed(calls("a"), { before: waiting });
  assert.equal(first.marks.marks.size, 0);
  const down = listed(calls("ab"), { before: first, live: false });
  assert.equal(down.marks, first.marks);
});

test("each of 500 calls is looked at a few times, and not once for every other", () => {
  let looks = 0;
  const counted = (/** @type {ReturnType<typeof call>} */ one) =>
    new Proxy(one, {
      get(target, name) {
        looks += 1;
        return Reflect.get(target, name);
      },
    });
  const many = new Map(Array.from({ length: 500 }, (_, n) => [`c${n}`, counted(call(`c${n}`))]));
  const before = listed(many, { text: "receptionist" });
  looks = 0;
  const listing = listed(many, { before, text: "receptionist" });
  assert.equal(listing.rows.ids.length, 500);
  assert.ok(looks < 500 * 50, `${looks} looks`);
});
