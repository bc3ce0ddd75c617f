// What a row offers to do with its call.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { RowDetails } from "../../../static/js/list/details.js";
import { CallRow } from "../../../static/js/list/row.js";
import { emptyList } from "../../../static/js/list/state.js";
import { part } from "../../../static/js/ui/dom.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { said } from "../support/said.mjs";
import { call, endedCall, leg, NOW, WORDS } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/list/details.js").RowParts} RowParts */
/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */

const REFUSAL = "Earshot has no access to SignalWire.";
const NO_TAP = "It could not be tapped.";
const LIVE = { ...emptyList(), link: /** @type {const} */ ("live") };

/** @type {Ledger} */
let ledger;

beforeEach(() => {
  ledger = new Ledger();
  installDocument(ledger);
});

/** @param {Partial<RowParts>} [changes] @returns {RowParts} */
function parts(changes = {}) {
  const template = () => /** @type {HTMLElement} */ (/** @type {unknown} */ (new FakeElement(ledger)));
  return {
    row: template(),
    details: template(),
    leg: template(),
    words: { ...JSON.parse(WORDS), outcomes: { failed: NO_TAP } },
    urlOf: ({ id }) => `/calls/${id}`,
    saidIn: () => undefined,
    canListen: true,
    noStart: "",
    ...changes,
  };
}

/**
 * The details of a call.
 * @param {Call} one
 * @param {Partial<RowParts>} [changes]
 */
function shown(one, changes = {}) {
  const details = new RowDetails(one.id, parts(changes));
  // The page's script hides the button where nothing can be started: see pages/orders.js.
  if (details.start) details.start.hidden = one.state === "tapping" || changes.noStart !== undefined;
  details.show(one, null);
  return details;
}

test("a call that is not tapped is listened in to, and has no other button", () => {
  const { action, button, start } = shown(call("a", { state: "untapped" }));
  assert.equal(button.hidden, true);
  assert.equal(action, start);
});

test("where it cannot be tapped the button says why", () => {
  const { action, button } = shown(call("a", { state: "untapped" }), { noStart: REFUSAL });
  assert.equal(action, button);
  assert.equal(button.getAttribute("title"), REFUSAL);
  assert.equal(button.getAttribute("aria-disabled"), "true");
});

test("a call of which nobody was told cannot be heard where a team demands that, and the button says why", () => {
  const untold = call("a", { needs_notice: true });
  const { button } = shown(untold);
  assert.equal(button.hidden, false);
  assert.equal(button.getAttribute("aria-disabled"), "true");
  assert.match(button.getAttribute("title") ?? "", /were not told/);
  for (const heard of [call("b", { needs_notice: true }, { notice: "tone" }), call("c")]) {
    assert.equal(shown(heard).button.getAttribute("data-action"), "listen");
  }
});

test("a call that is tapped is listened to, whoever may start taps", () => {
  for (const noStart of ["", REFUSAL]) {
    const { action, button } = shown(call("a"), { noStart });
    assert.equal(action, button);
    assert.equal(button.getAttribute("data-action"), "listen");
    assert.equal(button.getAttribute("title"), "");
  }
});

test("a call that is over is dismissed first", () => {
  const { action, button } = shown(endedCall("a"));
  assert.equal(action, button);
  assert.equal(button.getAttribute("data-action"), "dismiss");
});

test("of a call that is not tapped there is no sound to tell of, but that no tap could be had", () => {
  const words = (/** @type {Call} */ one) => {
    const details = shown(one);
    details.draw(LIVE, NOW);
    return details.sound.textContent;
  };
  assert.equal(words(call("a", { state: "untapped" })), "");
  const failed = leg("l", { state: "failed", end_reason: "nothing followed the request" });
  assert.equal(words(call("a", { state: "untapped", legs: [failed] })), NO_TAP);
});

test("its time runs from its first word on", () => {
  const details = shown(call("a", { state: "untapped" }));
  details.draw(LIVE, NOW);
  assert.equal(details.time.textContent, "0:50");
});

test("the Tab key stops at the button that starts a tap only in the row that has the focus", () => {
  const row = new CallRow("a", parts());
  row.open();
  const index = () => row.details?.start?.getAttribute("tabindex");
  row.show(call("a", { state: "untapped" }), null, undefined);
  assert.equal(index(), "-1");
  row.tab(true);
  assert.equal(index(), "0");
  assert.equal(row.stop, row.details?.start);
});

test("what was said last is told with its speaker", () => {
  let line = said(1, "How can I help?");
  const details = shown(call("a"), { saidIn: () => line });
  const told = () => ["said-who", "said-words"].map((name) => part(details.said, name).textContent);
  details.draw(LIVE, NOW);
  assert.deepEqual(told(), ["Agent", "How can I help?"]);
  line = said(2, "I lost my bag.", { side: "caller" });
  details.draw(LIVE, NOW);
  assert.deepEqual(told(), ["Caller", "I lost my bag."]);
  assert.equal(details.said.getAttribute("title"), "I lost my bag.");
});
