// What a page leaves behind when its scope is disposed of: nothing.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { FakeChannel, FakeContext, FakeNode, install, pass, uninstall } from "../support/browser.mjs";
import { snapshot } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger, openPage } from "../support/page.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { call, leg, WORDS } from "../support/taps.mjs";

const ADDRESSES = { consoleUrl: "/console", listenUrl: "/listen/t1", callUrl: "/calls/0", workletUrl: "/w.js" };
const TAP = leg("t1");
const CALL = call("1", { legs: [TAP] });

/** @type {Ledger} */
let ledger;

beforeEach(() => {
  install();
  ledger = new Ledger();
  ledger.countIntervals();
  installDocument(ledger);
  mock.method(globalThis, "fetch", async () => new Response('{"lines": [], "entries": []}'));
});

afterEach(uninstall);

/** The root element of a page whose user may listen. */
function newRoot() {
  const root = new FakeElement(ledger);
  root.dataset = { ...ADDRESSES, words: WORDS, call: JSON.stringify(CALL) };
  root.setAttribute("data-can-listen", "");
  root.setAttribute("data-can-read", "");
  return root;
}

function held() {
  return {
    listeners: ledger.listeners,
    observers: ledger.observers,
    intervals: ledger.intervals.size,
    frames: ledger.frames.size,
    sockets: FakeSocket.opened.filter((socket) => !socket.closedByUs).length,
    contexts: FakeContext.made.filter((context) => !context.closed).length,
    nodes: FakeNode.made.filter((node) => node.port.open).length,
  };
}

const NOTHING = { listeners: 0, observers: 0, intervals: 0, frames: 0, sockets: 0, contexts: 0, nodes: 0 };

/**
 * Listen on a page. Return what it holds before and after its scope is disposed of.
 * @param {Parameters<typeof openPage>[0]} Page
 * @param {(root: FakeElement) => FakeElement} button finds the element whose click begins to listen
 */
async function holds(Page, button) {
  const scope = new Scope();
  const root = newRoot();
  openPage(Page, root, scope);
  FakeSocket.opened[0].say(snapshot(CALL));
  const target = button(root);
  target.setAttribute("data-call", CALL.id);
  target.setAttribute("data-action", "listen");
  target.dispatchEvent(new Event("click"));
  await pass(100);
  const before = held();
  scope.dispose();
  await pass(200);
  return { before, after: held(), decks: root.part("decks").children.length };
}

/** @param {Awaited<ReturnType<typeof holds>>} held */
function assertReleased({ before, after, decks }) {
  assert.ok(before.listeners > 0, "the page listens to its elements");
  const some = { listeners: 0, observers: 0, frames: 0 };
  assert.deepEqual({ ...before, ...some }, { ...NOTHING, intervals: 1, sockets: 2, contexts: 1, nodes: 1 });
  assert.deepEqual({ ...after, decks }, { ...NOTHING, decks: 0 });
}

test("the page of the list leaves nothing behind", async () => {
  const { ConsolePage } = await import("../../../static/js/pages/console.js");
  assertReleased(await holds(ConsolePage, (root) => root.part("list")));
});

test("the window of one deck leaves nothing behind, and listens by itself", async () => {
  const { DeckPage } = await import("../../../static/js/pages/deck.js");
  assertReleased(await holds(DeckPage, () => new FakeElement(ledger)));
  assert.equal(FakeChannel.open.size, 0);
});

test("the page of a call leaves nothing behind", async () => {
  const { CallPage } = await import("../../../static/js/pages/call.js");
  assertReleased(await holds(CallPage, (root) => root.part("deck").part("main")));
});
