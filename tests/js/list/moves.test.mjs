// Which rows are moved to bring a list into another order.
import assert from "node:assert/strict";
import { test } from "node:test";

import { moved } from "../../../static/js/list/moves.js";

/**
 * @param {string} from ids of one letter
 * @param {string} to
 * @param {string} [keep]
 */
function moves(from, to, keep) {
  return [...moved([...from], [...to], keep)].join("");
}

/**
 * Put the moved rows into their places, as the page does, and leave all others alone.
 * @param {string[]} from
 * @param {string[]} to
 * @param {Set<string>} which
 */
function carriedOut(from, to, which) {
  const stay = from.filter((id) => to.includes(id) && !which.has(id));
  return to.map((id) => (which.has(id) ? id : stay.shift()));
}

/** @type {[from: string, to: string, moves: string][]} */
const cases = [
  ["", "", ""], ["abc", "abc", ""], ["", "ab", "ab"], ["abc", "", ""],
  ["abcde", "eabcd", "e"], ["abcde", "bcdea", "a"], ["abc", "axbc", "x"], ["abcd", "acd", ""],
];
for (const [from, to, which] of cases) {
  test(`from "${from}" to "${to}" moves "${which}"`, () => assert.equal(moves(from, to), which));
}

test("the row with the focus is not moved, even if more others must be", () => {
  assert.equal(moves("abcde", "eabcd"), "e");
  assert.equal(moves("abcde", "eabcd", "e"), "abcd");
  assert.equal(moves("abcde", "ecbad", "c"), "eba");
});

test("a focus that is not in both orders does not matter", () => {
  assert.equal(moves("abc", "cab", "x"), "c");
  assert.equal(moves("abc", "caxb", "x"), "cx");
  assert.equal(moves("abcd", "cab", "d"), "c");
});

test("the moves lead to the new order, and a kept row stays, in any list", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 75 + 74) % 65537;
    return seed / 65537;
  };
  const shuffled = () => [..."abcdefghij"].filter(() => random() > 0.2).sort(() => random() - 0.5);
  for (let n = 0; n < 500; n++) {
    const [from, to] = [shuffled(), shuffled()];
    const keep = from[0];
    for (const which of [moved(from, to), moved(from, to, keep)]) {
      assert.deepEqual(carriedOut(from, to, which), to);
    }
    assert.ok(!moved(from, to, keep).has(keep));
    assert.ok(moved(from, to).size <= moved(from, to, keep).size);
  }
});

test("500 rows are quick", () => {
  const rows = Array.from({ length: 500 }, (_, n) => `row-${n}`);
  assert.equal(moved(rows, [...rows].reverse()).size, 499);
  assert.deepEqual([...moved(rows, [...rows.slice(1), "row-0"])], ["row-0"]);
});
