// The form in which a deck asks why its call is listened to.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { Deck } from "../../../static/js/deck/deck.js";
import { ReasonForm } from "../../../static/js/deck/reason.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { leg, NAMES } from "../support/taps.mjs";

const LEGS = [leg("speak", { direction: "speak" }), leg("listen", { direction: "listen" })];
const WANTED = 4453;

beforeEach(() => {
  install();
  installDocument(new Ledger());
});
afterEach(() => {
  uninstall();
  mock.restoreAll();
});

/** An element as the scripts expect it. @param {FakeElement} element */
function real(element) {
  return /** @type {HTMLElement} */ (/** @type {unknown} */ (element));
}

/**
 * A deck with its form that listens to both sides of a call, whose server closes both sockets so.
 * @param {{code?: number, refusals?: string[]}} options `refusals`: what the server answers to each reason
 */
async function refused({ code = WANTED, refusals = [] } = {}) {
  const scope = new Scope();
  const output = new AudioOutput("/w.js");
  const deck = new Deck(NAMES, scope, { listenUrlOf: (id) => `/listen/${id}`, output });
  const [form, offered] = [new FakeElement(new Ledger()), new FakeElement(new Ledger())];
  form.hidden = true;
  /** @type {string[]} */
  const given = [];
  const give = async (/** @type {string} */ reason) => {
    given.push(reason);
    return refusals[given.length - 1] ?? "";
  };
  new ReasonForm(real(form), deck, scope, { give, offered: real(offered) });
  deck.listen(LEGS);
  for (const socket of FakeSocket.opened) {
    socket.accept();
    socket.end(code);
  }
  await pass(20);
  const input = form.part("reason-text");
  const submit = async (/** @type {string} */ reason) => {
    input.value = reason;
    form.dispatchEvent(new Event("submit", { cancelable: true }));
    await pass(20);
  };
  return { deck, form, given, input, offered, scope, submit };
}

/** The legs whose sockets were opened, in that order. */
function tried() {
  return FakeSocket.opened.map((socket) => socket.url.split("/").pop());
}

test("it is shown while a reason is wanted, and not for another refusal", async () => {
  assert.equal((await refused()).form.hidden, false);
  for (const code of [4451, 4403, 4401]) assert.equal((await refused({ code })).form.hidden, true, `${code}`);
});

test("a reason that is given is told to the server once, and both sides of the call are heard", async () => {
  const { deck, form, given, input, submit } = await refused();
  await submit("  a complaint ");
  assert.deepEqual(given, ["a complaint"]);
  assert.deepEqual(tried(), ["speak", "listen", "speak", "listen"]);
  for (const socket of FakeSocket.opened.slice(2)) {
    socket.accept();
    socket.say(hello());
  }
  assert.equal(form.hidden, true);
  assert.equal(input.value, "");
  assert.notEqual(deck.light.state, "refused");
});

test("a reason that the server does not take is to be corrected, and nothing is heard", async () => {
  const { form, input, submit } = await refused({ refusals: ["Too short."] });
  await submit("no");
  assert.equal(form.part("reason-error").textContent, "Too short.");
  assert.equal(form.hidden, false);
  assert.equal(input.value, "no");
  assert.equal(tried().length, 2);
  await submit("a better one");
  assert.equal(form.part("reason-error").textContent, "");
  assert.equal(tried().length, 4);
});

test("a reason that was given is offered first the next time, once", async () => {
  const { offered, submit } = await refused();
  const old = new FakeElement(new Ledger());
  old.value = "training";
  offered.append(old);
  offered.lists.set("option", [old]);
  await submit("a complaint");
  await submit("training");
  assert.deepEqual(offered.children.map((one) => typeof one !== "string" && one.value), ["training", "a complaint"]);
});

test("a second click before the answer tells the server nothing", async () => {
  const { form, given, input } = await refused();
  input.value = "a complaint";
  for (let click = 0; click < 2; click++) form.dispatchEvent(new Event("submit", { cancelable: true }));
  await pass(20);
  assert.deepEqual(given, ["a complaint"]);
});

test("the page is not left, and a deck that was closed meanwhile joins nothing", async () => {
  const { form, input, scope } = await refused();
  input.value = "a complaint";
  const event = new Event("submit", { cancelable: true });
  form.dispatchEvent(event);
  assert.equal(event.defaultPrevented, true);
  scope.dispose();
  await pass(20);
  assert.equal(tried().length, 2);
});

test("it takes the keyboard from nobody who is elsewhere on the page", async () => {
  const focus = mock.method(FakeElement.prototype, "focus");
  await refused();
  assert.equal(focus.mock.callCount(), 1);
  Object.assign(document, { activeElement: new FakeElement(new Ledger()) });
  await refused();
  assert.equal(focus.mock.callCount(), 1);
});
