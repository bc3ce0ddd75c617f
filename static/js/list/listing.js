/**
 * What the list shows of the calls: which rows stand where, what is new about them, and what the
 * filter hides. Pure: the time is given.
 */

import { matcher } from "./filter.js";
import { arrange, emptyArrangement, mark, noMarks } from "./marks.js";
import { inOrder } from "./order.js";

/** @typedef {import("../wire/messages.js").Call} Call */

/**
 * @typedef {object} Listing
 * @property {import("./marks.js").Arrangement} rows
 * @property {import("./marks.js").Marks} marks
 * @property {number} hidden calls that the filter hides
 * @property {number} needy those of them that need attention
 */

/**
 * @typedef {object} Moment
 * @property {boolean} busy rows must not move
 * @property {boolean} live the calls are those of now: before the first snapshot, and while the
 *   connection is down, nothing about them is new
 * @property {number} now
 */

/** @returns {Listing} */
export function emptyListing() {
  return { rows: emptyArrangement(), marks: noMarks(), hidden: 0, needy: 0 };
}

/**
 * @param {Listing} before
 * @param {ReadonlyMap<string, Call>} calls
 * @param {import("./filter.js").View} view
 * @param {Moment} moment
 * @returns {Listing}
 */
export function list(before, calls, { filter, order }, { busy, live, now }) {
  const matches = matcher(filter);
  const wanted = inOrder(calls.values(), order).filter(matches);
  const rows = arrange(before.rows, wanted.map((call) => call.id), calls, busy);
  const marks = live ? mark(before.marks, calls.values(), rows.waiting, now) : before.marks;
  const needy = [...calls.values()].filter(needsAttention).length - wanted.filter(needsAttention).length;
  return { rows, marks, hidden: calls.size - wanted.length, needy };
}

/**
 * Should a supervisor look at a call? One that is over can no longer be helped.
 * @param {Call} call
 */
function needsAttention({ attention, over }) {
  return attention.length > 0 && !over;
}
