// The decks of the live list: opened, closed and swapped side by side, and nothing is left of them.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { DeckShelf } from "../../../static/js/pages/shelf.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { Settings } from "../../../static/js/ui/settings.js";
import { FakeChannel, FakeContext, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { settingsOf } from "../support/settings.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { call, leg, NAMES, WORDS } from "../support/taps.mjs";

/** @type {Ledger} */
let ledger;

beforeEach(() => {
  install();
  ledger = new Ledger();
  installDocument(ledger);
});

afterEach(uninstall);

/**
 * A shelf on a page, and what the page was told.
 * @param {Partial<import("../support/settings.mjs").UserSettings>} [set] by the user
 */
function newShelf(set) {
  const root = new FakeElement(ledger);
  root.dataset = { listenUrl: "/listen/tap", callUrl: "/calls/0", anyTap: "tap", user: "alice" };
  /** @type {string[]} */
  const told = [];
  /** @type {import("../../../static/js/wire/messages.js").Call[]} */
  const listed = [];
  const output = new AudioOutput("/w.js");
  const scope = new Scope();
  const settings = new Settings(settingsOf(set), scope, async () => ({ kept: true }));
  const shelf = new DeckShelf(/** @type {HTMLElement} */ (/** @type {unknown} */ (root)), scope, {
    output,
    settings,
    words: JSON.parse(WORDS),
    packets: () => undefined,
    talk: () => ({ talk: null, serverNow: null }),
    listed: () => listed,
    onChange: () => {},
    onClosed: (id) => told.push(id),
  });
  return { shelf, root, told, output, listed, settings };
}

/** The calls on the decks, as their elements stand on the page. @param {FakeElement} root */
function shown(root) {
  return root.part("decks").children.map((child) => child instanceof FakeElement && child.getAttribute("aria-label"));
}

/** A call whose agent is named after it. @param {string} id */
const named = (id) => call(id, { agent: id });

/** Let each open ear be let in by the server, and report that it plays. */
async function playAll() {
  const open = FakeSocket.opened.filter((socket) => !socket.closedByUs);
  for (const socket of open) {
    socket.accept();
    socket.say(hello());
    socket.receive(frame(0));
  }
  for (const node of FakeNode.made) if (node.port.onmessage) node.report({ positionPlayed: 100 });
  await pass(20);
}

/** The gains of the nodes that play, in the order in which they were made. */
const gains = () => FakeContext.gains.slice(1).map(({ gain }) => Number((gain.value / Math.SQRT2).toFixed(3)));

test("each call plays on a deck of its own, in the order of the places", () => {
  const { shelf, root, told } = newShelf();
  for (const id of ["a", "b", "c"]) shelf.open(named(id));
  shelf.close("a");
  shelf.open(named("d"));
  assert.deepEqual(shown(root), ["Deck 1: D · +15550100", "Deck 2: B · +15550100", "Deck 3: C · +15550100"]);
  assert.deepEqual(told, ["a"]);
});

test("a seventh call is refused with words that name a deck to close, until one is closed", () => {
  const { shelf, root } = newShelf();
  for (const id of ["a", "b", "c", "d", "e", "f", "g"]) shelf.open(named(id));
  assert.equal(shelf.calls.size, 6);
  assert.match(root.part("shelf-words").textContent, /Close one first, for example deck 1, A · /);
  shelf.close("a");
  assert.equal(root.part("shelf-words").textContent, "");
});

test("what the page has said does not stay for ever", async () => {
  const { shelf, root } = newShelf();
  for (const id of ["a", "b", "c", "d", "e", "f", "g"]) shelf.open(named(id));
  await pass(19_000);
  shelf.render();
  assert.match(root.part("shelf-words").textContent, /decks are taken/);
  await pass(2000);
  shelf.render();
  assert.equal(root.part("shelf-words").textContent, "");
});

test("on the deck that is marked for swapping a call takes the place of the last one", () => {
  const { shelf, root, told } = newShelf();
  shelf.open(named("a"));
  shelf.open(named("b"));
  shelf.actions.select(1);
  shelf.actions.swap();
  shelf.open(named("c"));
  assert.deepEqual([...shelf.calls].sort(), ["b", "c"], "no more than two decks");
  assert.equal(shown(root).length, 2);
  assert.deepEqual(told, ["a"]);
});

test("keys mute and solo the selected deck, and stop it", async () => {
  const { shelf } = newShelf();
  shelf.open(named("a"));
  shelf.open(named("b"));
  await pass(60);
  await playAll();
  shelf.actions.solo();
  assert.deepEqual(gains(), [0.126, 1]);
  shelf.actions.holdSolo(true);
  assert.deepEqual(gains(), [0, 1]);
  assert.deepEqual([...shelf.heard.values()].map(({ audio }) => audio), ["muted", "playing"]);
  shelf.actions.holdSolo(false);
  shelf.actions.mute();
  assert.deepEqual(gains(), [1, 0]);
  shelf.actions.stop();
  assert.deepEqual([...shelf.calls], ["a"]);
});

test("no delay to the ear is shown of a call that is muted", async () => {
  const { shelf, root } = newShelf();
  shelf.open(named("a"));
  await pass(60);
  await playAll();
  const [socket] = FakeSocket.opened;
  socket.say({ type: "clock", sent: performance.now(), now: performance.now() });
  const [deck] = root.part("decks").children;
  assert.ok(deck instanceof FakeElement);
  shelf.render();
  assert.equal(deck.part("delay").hidden, false);
  assert.match(deck.part("delay").textContent, /^\d+ ms$/);
  shelf.actions.mute();
  assert.equal(deck.part("delay").hidden, true);
});

test("a deck begins with the volume and the mono that the user has set", async () => {
  const { shelf } = newShelf({ volume: 0.5, mono: true });
  shelf.open(call("a", { legs: [leg("s", { direction: "speak" }), leg("l", { direction: "listen" })] }));
  await pass(60);
  assert.deepEqual(gains(), [0.25, 0.25]);
  assert.deepEqual(FakeContext.panners.map(({ pan }) => pan.value), [0, 0]);
});

test("the automatic gain is switched for all decks at once, and for those that come later", async () => {
  const { shelf, settings } = newShelf();
  const switched = () => FakeNode.made.map((node) => node.messages.flatMap((it) => (it.type === "gain" ? [it.automatic] : [])));
  for (const id of ["a", "b"]) shelf.open(named(id));
  await pass(60);
  settings.set("automatic_gain", false);
  shelf.open(named("c"));
  await pass(60);
  assert.deepEqual(switched(), [[true, false], [true, false], [false]]);
});

test("the deck names the others who listen, and not the listener", () => {
  const { shelf, root } = newShelf();
  shelf.open(call("a", { listeners: ["alice", "bob"] }));
  const [deck] = root.part("decks").children;
  shelf.update(new Map([["a", call("a", { listeners: ["alice", "bob", "carol"] })]]));
  shelf.render();
  assert.ok(deck instanceof FakeElement);
  assert.equal(deck.part("others").textContent, "Also listening: bob, carol");
});

test("a side that is tapped later joins on the deck of its call", () => {
  const { shelf } = newShelf();
  const speak = leg("s", { direction: "speak" });
  const before = call("a", { ...NAMES, legs: [speak] });
  shelf.open(before);
  shelf.update(new Map([["a", { ...before, legs: [speak, leg("l", { direction: "listen" })] }]]));
  assert.deepEqual(FakeSocket.opened.map((socket) => socket.url.split("/").pop()), ["s", "l"]);
});

/** Choose in the menu of the first deck what comes after its call. @param {FakeElement} root @param {string} value */
function follow(root, value) {
  const [deck] = root.part("decks").children;
  assert.ok(deck instanceof FakeElement);
  const menu = deck.part("next");
  menu.value = value;
  menu.dispatchEvent(new Event("change"));
  return deck;
}

test("when a followed call ends, the agent's next call is put on its deck, and the page says so", async () => {
  const { shelf, root, told, listed } = newShelf();
  shelf.open(named("a"));
  const deck = follow(root, "agent");
  assert.equal(deck.part("next-words").textContent, "Then the newest call of A.");
  FakeSocket.opened[0].say({ type: "end", reason: "" });
  await pass(100);
  shelf.update(new Map());
  assert.deepEqual([...shelf.calls], ["a"], "as long as there is no next call, the ended one stays");
  listed.push(call("7", { agent: "a" }));
  shelf.update(new Map());
  assert.deepEqual([...shelf.calls], ["7"]);
  assert.deepEqual(told, ["a"]);
  assert.equal(root.part("shelf-words").textContent, "Deck 1 goes on with A · +15550100.");
  const [next] = root.part("decks").children;
  assert.ok(next instanceof FakeElement);
  assert.equal(next.part("next").value, "agent", "it follows on");
});

test("a call that comes after another is heard as that one was", async () => {
  const { shelf, root, listed } = newShelf();
  shelf.open(named("a"));
  shelf.open(named("b"));
  await pass(60);
  await playAll();
  shelf.actions.select(1);
  shelf.actions.solo();
  follow(root, "list");
  listed.push(call("7"));
  FakeSocket.opened[0].say({ type: "end", reason: "" });
  await pass(1200); // the last words are heard
  shelf.render();
  await pass(60);
  assert.deepEqual([...shelf.calls], ["b", "7"]);
  assert.deepEqual(gains().slice(1), [0.126, 1]);
});

/** Open windows by this, and return the addresses that were asked for. @param {object | null} opened */
function replaceOpen(opened) {
  /** @type {string[]} */
  const addresses = [];
  Object.assign(globalThis, {
    open: (/** @type {string} */ address) => {
      addresses.push(address);
      return opened;
    },
  });
  return addresses;
}

test("a deck is closed when the window that was opened for its call says that it plays", async () => {
  const { shelf } = newShelf();
  const addresses = replaceOpen({});
  shelf.open(call("7"));
  shelf.open(call("8"));
  shelf.actions.select(1);
  shelf.actions.popOut();
  const [path, token] = addresses[0].split("#");
  assert.equal(path, "/calls/7/deck");
  const other = new FakeChannel("earshot.deck.other");
  other.postMessage({ call: "7" });
  assert.deepEqual([...shelf.calls], ["7", "8"], "another page's window changes nothing here");
  new FakeChannel(`earshot.deck.${token}`).postMessage({ call: "7" });
  assert.deepEqual([...shelf.calls], ["8"]);
});

test("where the browser opens no window, the page says so and the deck plays on", () => {
  const { shelf, root } = newShelf();
  replaceOpen(null);
  shelf.open(call("7"));
  shelf.actions.popOut();
  assert.match(root.part("shelf-words").textContent, /did not open the window/);
  assert.deepEqual([...shelf.calls], ["7"]);
});

test("200 decks that were opened and closed leave nothing", async () => {
  const { shelf, root, output } = newShelf();
  const before = ledger.listeners;
  for (let turn = 0; turn < 50; turn++) {
    for (const id of ["a", "b", "c", "d"]) shelf.open(named(`${id}${turn}`));
    await pass(40);
    if (turn % 2) shelf.closeAll();
    else for (const id of shelf.calls) shelf.close(id);
  }
  await pass(200);
  assert.equal(FakeSocket.opened.length, 200);
  assert.equal(FakeSocket.opened.filter((socket) => !socket.closedByUs).length, 0);
  assert.equal(FakeNode.made.filter((node) => node.port.open).length, 0);
  assert.equal(FakeContext.made.length, 1, "one AudioContext for all decks");
  assert.deepEqual([ledger.listeners - before, output.users, root.part("decks").children.length], [0, 0, 0]);
});
