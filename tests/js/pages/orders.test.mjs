// What a page does about the orders that it has made itself.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { CallOrders } from "../../../static/js/pages/orders.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { call, endedCall } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */

/** @type {import("../../../static/js/ui/tap-words.js").OrderWords} */
const WORDS = {
  underWay: { start: "Starting", stop: "Stopping" },
  errors: { start: { busy: "Not started" }, stop: { busy: "Not told" } },
  refusals: { too_many: "Too many", failed: "It failed" },
};

/** @type {Ledger} */
let ledger;

beforeEach(() => {
  ledger = new Ledger();
  installDocument(ledger);
  Object.assign(document, { querySelector: () => ({ value: "token" }) });
});

afterEach(() => mock.restoreAll());

/** A page that shows one call, whose server answers each order with this refusal. */
function open({ refusal = "", canListen = true } = {}) {
  const body = JSON.stringify(refusal ? { error: refusal } : {});
  mock.method(globalThis, "fetch", async () => new Response(body, { status: refusal ? 409 : 202 }));
  const root = new FakeElement(ledger);
  root.dataset = { startUrl: "/calls/0/start", stopUrl: "/calls/0/stop", pauseUrl: "/calls/0/pause", resumeUrl: "/calls/0/resume" };
  if (canListen) root.setAttribute("data-can-listen", "");
  root.setAttribute("data-orders", "a");
  const scope = new Scope();
  /** @type {string[]} */
  const done = [];
  /** @type {ReadonlyMap<string, Call>} */
  let calls = new Map();
  const options = {
    words: WORDS,
    blocks: () => [],
    onChange: () => orders.update(calls),
    onAsk: () => done.push("asked"),
    onStarted: () => done.push("heard"),
  };
  const orders = new CallOrders(/** @type {HTMLElement} */ (/** @type {unknown} */ (root)), scope, options);
  return {
    done,
    scope,
    said: () => root.part("order-announce").textContent,
    show: (/** @type {Call} */ one) => {
      calls = new Map([[one.id, one]]);
      orders.update(calls);
    },
    ask: async (/** @type {"start" | "really-stop" | "pause" | "prolong" | "resume"} */ what) => {
      root.setAttribute("data-order", what);
      root.dispatchEvent(new Event("click"));
      await new Promise(setImmediate);
    },
  };
}

/** The addresses to which the page has posted. */
function posted() {
  const { calls } = /** @type {import("node:test").Mock<typeof fetch>} */ (globalThis.fetch).mock;
  return calls.map((one) => String(one.arguments[0]));
}

/** A call to start, as the page knows it and as it is described while and after that is tried. */
const ENDED = endedCall("a", { version: 3 });
const STARTING = call("a", { version: 5, state: "requested", order: { kind: "start", error: "" } });
const FAILED = endedCall("a", { version: 7, order: { kind: "start", error: "busy" } });

test("a call that was asked for is heard as soon as it can be, once", async () => {
  const page = open();
  page.show(ENDED);
  await page.ask("start");
  page.show(STARTING);
  page.show(call("a", { version: 6 }));
  assert.deepEqual(page.done, ["asked", "heard"]);
});

test("a call that somebody else asked for is not heard by itself", () => {
  const page = open();
  page.show(ENDED);
  page.show(STARTING);
  assert.deepEqual(page.done, []);
});

test("who may not listen hears nothing of what they started", async () => {
  const page = open({ canListen: false });
  page.show(ENDED);
  await page.ask("start");
  page.show(STARTING);
  assert.deepEqual(page.done, []);
});

test("the failure of an order is read out, and not the one before it", async () => {
  const page = open();
  page.show(FAILED);
  await page.ask("start");
  assert.equal(page.said(), "");
  page.show({ ...STARTING, version: 8 });
  page.show({ ...FAILED, version: 10 });
  assert.equal(page.said(), "Receptionist · +15550100: Not started");
});

test("an order that succeeds is left to the row and the deck to tell", async () => {
  const page = open();
  page.show(call("a"));
  await page.ask("really-stop");
  page.show(endedCall("a", { version: 4, order: { kind: "stop", error: "" } }));
  page.show(endedCall("a", { version: 5 }));
  assert.equal(page.said(), "");
});

test("what the server does not take is read out", async () => {
  const page = open({ refusal: "too_many" });
  page.show(ENDED);
  await page.ask("start");
  assert.equal(page.said(), "Receptionist · +15550100: Too many");
});

for (const [button, path] of [["pause", "pause"], ["prolong", "pause"], ["resume", "resume"]]) {
  test(`the button to ${button} posts at once to ${path}`, async () => {
    const page = open();
    page.show(call("a"));
    await page.ask(/** @type {"pause"} */ (button));
    assert.deepEqual(posted(), [`/calls/a/${path}`]);
  });
}

test("it leaves no listener behind", () => {
  const { scope } = open();
  assert.ok(ledger.listeners > 0);
  scope.dispose();
  assert.equal(ledger.listeners, 0);
});
