// How the pages pass on what the server says of the words of calls.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { install, pass, uninstall } from "../support/browser.mjs";
import { snapshot } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger, openPage } from "../support/page.mjs";
import { said, words } from "../support/said.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { call, endedCall, leg, WORDS } from "../support/taps.mjs";

const ADDRESSES = { consoleUrl: "/console", listenUrl: "/listen/t1", callUrl: "/calls/0", wordsUrl: "/calls/0/words" };
const CALL = call("1", { legs: [leg("t1")] });

/** @type {string[]} */
let asked = [];

beforeEach(() => {
  install();
  installDocument(new Ledger());
  asked = [];
  mock.method(globalThis, "fetch", async (/** @type {string} */ url) => {
    asked.push(url);
    return new Response(JSON.stringify({ lines: [said(0, "Hello.")], entries: [] }));
  });
});

afterEach(uninstall);

/** A page's root element. @param {import("../../../static/js/wire/messages.js").Call} [shown] @param {boolean} [canRead] */
function newRoot(shown = CALL, canRead = true) {
  const root = new FakeElement(new Ledger());
  root.dataset = { ...ADDRESSES, words: WORDS, call: JSON.stringify(shown) };
  root.setAttribute("data-can-listen", "");
  if (canRead) root.setAttribute("data-can-read", "");
  return root;
}

/** @param {FakeElement} transcript */
function texts(transcript) {
  const rows = /** @type {FakeElement[]} */ (transcript.part("lines").children);
  return rows.map((row) => row.part("text").textContent);
}

function questions() {
  return asked.filter((url) => url.endsWith("/words"));
}

/** @param {FakeElement} root */
async function callPage(root) {
  const { CallPage } = await import("../../../static/js/pages/call.js");
  openPage(CallPage, root);
  await pass(20);
}

test("the page of a call shows its words as they are said, and no other call's", async () => {
  const root = newRoot();
  await callPage(root);
  const [socket] = FakeSocket.opened;
  socket.accept();
  socket.say(snapshot(CALL));
  await pass(20);
  socket.say(words(1, 1, [said(1, "Good morning.")]));
  socket.say({ ...words(2, 2, [said(2, "Not here.")]), call: "2" });
  assert.deepEqual(texts(root.part("transcript")), ["Hello.", "Good morning."]);
});

test("the page of a call that is over shows what was said, without a connection", async () => {
  const root = newRoot(endedCall("1", { gone: true }));
  await callPage(root);
  assert.deepEqual([texts(root.part("transcript")), FakeSocket.opened], [["Hello."], []]);
});

test("with each connection the words are read again", async () => {
  await callPage(newRoot());
  const [socket] = FakeSocket.opened;
  socket.accept();
  socket.say(snapshot(CALL));
  await pass(20);
  assert.deepEqual(questions(), ["/calls/1/words", "/calls/1/words"]);
});

test("who may not read has no words asked for", async () => {
  await callPage(newRoot(CALL, false));
  assert.deepEqual(questions(), []);
});

test("a deck of the live list shows the words of its call", async () => {
  const { ConsolePage } = await import("../../../static/js/pages/console.js");
  const root = newRoot();
  openPage(ConsolePage, root);
  const [socket] = FakeSocket.opened;
  socket.accept();
  socket.say(snapshot(CALL));
  const list = root.part("list");
  list.setAttribute("data-call", "1");
  list.setAttribute("data-action", "listen");
  list.dispatchEvent(new Event("click"));
  await pass(20);
  socket.say(words(1, 1, [said(1, "Good morning.")]));
  const [deck] = /** @type {FakeElement[]} */ (root.part("decks").children);
  assert.deepEqual(texts(deck.part("transcript")), ["Hello.", "Good morning."]);
  socket.say(snapshot(CALL));
  assert.equal(questions().length, 2, "the connection may have been down");
});
