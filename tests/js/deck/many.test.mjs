// Decks side by side, and what a deck leaves behind.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { Deck } from "../../../static/js/deck/deck.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { FakeNode, forgetCallers, frame, install, pass, uninstall } from "../support/browser.mjs";
import { collectGarbage } from "../support/garbage.mjs";
import { hello } from "../support/messages.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { leg, NAMES } from "../support/taps.mjs";

const SPEAK = leg("s", { direction: "speak" });
const LISTEN = leg("l", { direction: "listen" });
const listenUrlOf = (/** @type {string} */ id) => `/listen/${id}`;

beforeEach(install);
afterEach(uninstall);

/** An output that counts who listens to it. */
class CountedOutput extends AudioOutput {
  listeners = 0;

  /** @type {EventTarget["addEventListener"]} */
  addEventListener(...given) {
    this.listeners += 1;
    super.addEventListener(...given);
  }

  /** @type {EventTarget["removeEventListener"]} */
  removeEventListener(...given) {
    this.listeners -= 1;
    super.removeEventListener(...given);
  }
}

/**
 * Listen on a deck and dispose of its scope. Return what the deck left behind.
 * @param {typeof Deck} DeckClass
 */
async function leftBy(DeckClass) {
  const scope = new Scope();
  const output = new CountedOutput("/w.js");
  const deck = new DeckClass(NAMES, scope, { listenUrlOf, output });
  deck.listen([SPEAK, LISTEN]);
  for (const socket of FakeSocket.opened) socket.accept();
  await pass(60);
  scope.dispose();
  await pass(100);
  const sockets = FakeSocket.opened.filter((socket) => !socket.closedByUs).length;
  const nodes = FakeNode.made.filter((node) => node.port.open).length;
  return { listeners: output.listeners, sockets, nodes, users: output.users };
}

const NOTHING = { listeners: 0, sockets: 0, nodes: 0, users: 0 };

test("nothing that a deck acquired remains after its scope", async () => {
  assert.deepEqual(await leftBy(Deck), NOTHING);
});

test("the check finds a deck that forgets one listener", async () => {
  class Forgetful extends Deck {
    /** @param {ConstructorParameters<typeof Deck>} given */
    constructor(...given) {
      super(...given);
      this.output.addEventListener("change", () => {});
    }
  }
  assert.deepEqual(await leftBy(Forgetful), { ...NOTHING, listeners: 1 });
});

/** Open a deck, go back in its call, and close it. Return references that do not keep what it held. @param {Scope} page */
async function heldByOne(page) {
  const scope = page.child();
  const output = new AudioOutput("/w.js");
  const deck = new Deck(NAMES, scope, { listenUrlOf, output });
  deck.listen([SPEAK, LISTEN]);
  await pass(20);
  for (const socket of FakeSocket.opened.splice(0)) {
    socket.accept();
    socket.say(hello());
    for (let position = 480; position < 4800; position += 480) socket.receive(frame(position));
  }
  deck.head.seek({ index: 480, live: false });
  const held = deck.held.map(({ history }) => new WeakRef(history));
  assert.ok(held.every((one) => !one.deref()?.isEmpty));
  scope.dispose();
  FakeNode.made = [];
  return held;
}

test("200 decks that were opened and closed leave none of the audio that they held", async () => {
  const page = new Scope();
  /** @type {WeakRef<object>[]} */
  const held = [];
  for (let n = 0; n < 200; n++) held.push(...(await heldByOne(page)));
  await pass(100);
  forgetCallers();
  collectGarbage();
  const left = held.filter((one) => one.deref()).length;
  assert.ok(left <= 2, `${left} of ${held.length} are left`); // the last deck's may be on the stack
});

test("two decks on one page each have a socket, a player and facts", async () => {
  const output = new AudioOutput("/w.js");
  const [one, two] = ["t1", "t2"].map((id) => {
    const deck = new Deck(NAMES, new Scope(), { listenUrlOf, output });
    deck.listen([{ id, direction: "both" }]);
    return deck;
  });
  const sockets = [...FakeSocket.opened];
  for (const socket of sockets) socket.accept();
  await pass(60);
  sockets[0].receive(frame(0));
  sockets[1].receive(frame(8000));
  assert.deepEqual(sockets.map((socket) => socket.url), ["ws://here/listen/t1", "ws://here/listen/t2"]);
  assert.deepEqual(FakeNode.made.map((node) => node.pushed), [[0], [8000]]);
  assert.deepEqual([one, two].map((deck) => deck.leading?.facts.position), [480, 8480]);
  one.stop();
  assert.deepEqual([one.on, two.on, output.users], [false, true, 1]);
  assert.deepEqual(sockets.map((socket) => socket.closedByUs), [true, false]);
});
