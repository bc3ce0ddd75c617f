// How a page reads what is said: answers and messages, in any order.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { TranscriptReader } from "../../../static/js/words/reader.js";
import { collectGarbage } from "../support/garbage.mjs";
import { ALL_CHANGED, said, words } from "../support/said.mjs";

/** @typedef {import("../support/said.mjs").SaidLine} SaidLine */

const HELLO = said(0, "Hello.");
const LATER = said(5, "Later.");

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** A server that answers when the test wants. */
class Server {
  /** @type {{signal: AbortSignal, resolve: (answer: Response) => void, reject: (error: Error) => void}[]} */
  asked = [];

  /** @type {import("../../../static/js/words/reader.js").Fetch} */
  ask = (_url, { signal }) => new Promise((resolve, reject) => {
    this.asked.push({ signal, resolve, reject });
  });

  /** @param {SaidLine[]} lines @param {number} [question] its number */
  answer(lines, question = this.asked.length - 1) {
    return this.#settle(question, new Response(JSON.stringify({ lines, summary: "" })));
  }

  /** @param {number} status */
  refuse(status) {
    return this.#settle(this.asked.length - 1, new Response("{}", { status }));
  }

  /** @param {number} question @param {Response} answer */
  async #settle(question, answer) {
    this.asked[question].resolve(answer);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function reading() {
  const server = new Server();
  const scope = new Scope();
  const reader = new TranscriptReader("/calls/1/words", scope, server.ask);
  reader.read();
  const texts = () => reader.transcript.lines.map(({ text }) => text);
  return { reader, scope, server, texts };
}

test("the answer is the transcript", async () => {
  const { reader, server, texts } = reading();
  assert.equal(reader.state, "reading");
  await server.answer([HELLO]);
  assert.deepEqual([reader.state, texts()], ["read", ["Hello."]]);
});

test("an answer that was on its way does not undo what was told meanwhile", async () => {
  const { reader, server, texts } = reading();
  reader.take(words(5, 5, [LATER]));
  assert.deepEqual(texts(), ["Later."], "it is shown at once");
  await server.answer([HELLO]);
  assert.deepEqual(texts(), ["Hello.", "Later."]);
});

/**
 * Tell a reader something. Return a reference that does not keep the message's lines.
 * @param {TranscriptReader} reader
 * @param {number} seconds
 */
function taken(reader, seconds) {
  const lines = [said(seconds, "Well.")];
  reader.take(words(seconds, seconds, lines));
  return new WeakRef(lines);
}

test("a message is kept only until the answer that may be older than it has come", async () => {
  const { reader, server } = reading();
  const messages = [1, 2, 3].map((seconds) => taken(reader, seconds));
  await server.answer([HELLO]);
  messages.push(...[4, 5, 6].map((seconds) => taken(reader, seconds)));
  await new Promise((resolve) => setImmediate(resolve)); // a weak reference keeps its target until then
  collectGarbage();
  assert.equal(messages.filter((one) => one.deref()).length, 0);
  assert.equal(reader.transcript.lines.length, 7);
});

test("when all has changed, it is read again, and the older answer no longer counts", async () => {
  const { reader, server, texts } = reading();
  reader.take(ALL_CHANGED);
  assert.ok(server.asked[0].signal.aborted);
  await server.answer([said(0, "Corrected.")]);
  await server.answer([HELLO], 0);
  assert.deepEqual(texts(), ["Corrected."]);
});

test("what is known stays while it is read again", async () => {
  const { reader, server, texts } = reading();
  await server.answer([HELLO]);
  reader.read();
  assert.deepEqual(texts(), ["Hello."]);
});

test("after a failure it is read again in 5 s", async () => {
  const { reader, server, texts } = reading();
  await server.refuse(500);
  assert.equal(reader.state, "waiting");
  mock.timers.tick(4999);
  assert.equal(server.asked.length, 1);
  mock.timers.tick(1);
  assert.equal(server.asked.length, 2);
  await server.answer([HELLO]);
  assert.deepEqual([reader.state, texts()], ["read", ["Hello."]]);
});

test("who may not read is not asked for again", async () => {
  const { reader, server } = reading();
  await server.refuse(403);
  mock.timers.tick(60_000);
  assert.deepEqual([reader.state, server.asked.length], ["refused", 1]);
});

test("who loses the right to read no longer sees what was read, and sees it again with the right", async () => {
  const { reader, server, texts } = reading();
  await server.answer([HELLO]);
  reader.read();
  await server.refuse(403);
  assert.deepEqual(texts(), []);
  reader.read();
  await server.answer([HELLO]);
  assert.deepEqual([reader.state, texts()], ["read", ["Hello."]]);
});

test("nothing is asked for after the page has let go", async () => {
  const { scope, server, texts } = reading();
  scope.dispose();
  assert.ok(server.asked[0].signal.aborted);
  await server.answer([HELLO]);
  mock.timers.tick(60_000);
  assert.deepEqual([server.asked.length, texts()], [1, []]);
});
