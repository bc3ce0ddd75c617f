// How the pages pass on what the server says of the words of calls.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { install, pass, uninstall } from "../support/browser.mjs";
import { snapshot } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger, openPage } from "../support/page.mjs";
import { said, words } from "../support/said.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { call, endedCall, leg, NOW, WORDS } from "../support/taps.mjs";

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

/** The line that the address has led to. @param {FakeElement} root */
function reached(root) {
  const rows = /** @type {FakeElement[]} */ (root.part("transcript").part("lines").children);
  return rows.find((row) => row.hasAttribute("data-reached"))?.part("text").textContent;
}

test("the link to the final record of a call leads away from the moment, so that the page is loaded", async () => {
  Object.assign(globalThis.location, { hash: `#at=${NOW}`, href: `http://here/calls/1#at=${NOW}` });
  const root = newRoot();
  await callPage(root);
  const [socket] = FakeSocket.opened;
  socket.accept();
  socket.say(snapshot(endedCall("1")));
  assert.equal(root.part("banner").anchor?.href, "/calls/1");
});

test("the moment in the address leads to its line once the lines are read, and so does the next one", async () => {
  mock.method(globalThis, "fetch", async () => new Response(JSON.stringify({ lines: [said(0, "Hello."), said(9, "Bye.")] })));
  Object.assign(globalThis.location, { hash: `#at=${NOW + 9000}` });
  const root = newRoot(endedCall("1", { gone: true }));
  await callPage(root);
  assert.equal(reached(root), "Bye.");
  for (const [hash, text] of [[`#at=${NOW}`, "Hello."], ["#at=soon", "Hello."], [`#at=${NOW + 8000}`, "Bye."]]) {
    Object.assign(globalThis.location, { hash });
    dispatchEvent(new Event("hashchange"));
    assert.equal(reached(root), text);
  }
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
