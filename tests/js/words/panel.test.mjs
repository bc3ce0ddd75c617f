// A transcript beside the deck that plays its call.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { Settings } from "../../../static/js/ui/settings.js";
import { TranscriptPanel } from "../../../static/js/words/panel.js";
import { FakeElement, installDocument, Ledger } from "../support/page.mjs";
import { ALL_CHANGED, said, words } from "../support/said.mjs";
import { settingsOf } from "../support/settings.mjs";
import { NOW } from "../support/taps.mjs";

const LINES = [said(0, "Hello."), said(4, "I have a card.", { side: "caller" }), said(5, "No problem."), said(60, "Bye.")];

/** As much of a deck as a transcript asks for. */
class FakeDeck extends EventTarget {
  on = true;
  /** @type {[ms: number, before: number][]} */
  played = [];
  head = {
    live: true,
    /** @type {number | null} */
    heardMs: NOW + 60_000,
    /** @type {number | null} */
    oldestMs: NOW,
    playMoment: (/** @type {number} */ ms, /** @type {number} */ before) => this.played.push([ms - NOW, before]),
  };

  /** Hear what was said so many seconds after the beginning. @param {number} seconds */
  hear(seconds) {
    Object.assign(this.head, { live: false, heardMs: NOW + seconds * 1000 });
    this.dispatchEvent(new Event("change"));
  }

  goLive() {
    this.head.live = true;
    this.dispatchEvent(new Event("change"));
  }
}

/** How often the server was asked. */
let asked = 0;

beforeEach(() => {
  installDocument(new Ledger());
  asked = 0;
  mock.method(globalThis, "fetch", async () => {
    asked += 1;
    return new Response(JSON.stringify({ lines: LINES, summary: "" }));
  });
});

afterEach(() => mock.restoreAll());

/** @param {object} [options] @param {FakeDeck | null} [options.deck] @param {boolean} [options.transcript] the user's setting */
async function opened({ deck = new FakeDeck(), transcript = true } = {}) {
  const ledger = new Ledger();
  const [root, toggle] = [new FakeElement(ledger), new FakeElement(ledger)];
  const scope = new Scope();
  const settings = new Settings(settingsOf({ transcript }), scope, async () => ({ kept: true }));
  const given = /** @type {HTMLElement[]} */ (/** @type {unknown} */ ([root, toggle]));
  const panel = new TranscriptPanel(given[0], scope, {
    url: "/calls/1/words", deck: /** @type {import("../../../static/js/deck/deck.js").Deck | null} */ (/** @type {unknown} */ (deck)), settings, toggle: given[1],
  });
  await settled();
  return { panel, root, toggle, scope, settings, deck: deck ?? new FakeDeck() };
}

async function settled() {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {FakeElement} root */
function rows(root) {
  return /** @type {FakeElement[]} */ (root.part("lines").children);
}

/** @param {FakeElement} root */
function marked(root) {
  return rows(root).filter((row) => row.getAttribute("aria-current")).map((row) => row.part("text").textContent);
}

/** Click the time of a line. @param {FakeElement} root @param {number} n */
function clickTime(root, n) {
  const row = rows(root)[n];
  row.dataset = { key: row.getAttribute("data-key") ?? "" };
  const event = new Event("click");
  Object.defineProperty(event, "target", { value: row });
  root.part("lines").dispatchEvent(event);
}

test("what was said is shown, and what is said is added", async () => {
  const { panel, root } = await opened();
  assert.equal(rows(root).length, 4);
  panel.take(words(61, 61, [said(61, "Good bye.")]));
  assert.equal(rows(root).length, 5);
});

test("all of it is read again when all has changed, and when the connection was down", async () => {
  const { panel } = await opened();
  panel.take(ALL_CHANGED);
  panel.reread();
  assert.equal(asked, 3);
});

test("while it is hidden nothing is read, and the choice is remembered", async () => {
  const { panel, root, toggle, settings } = await opened({ transcript: false });
  panel.take(ALL_CHANGED);
  panel.reread();
  assert.deepEqual([asked, root.hidden, toggle.getAttribute("aria-expanded")], [0, true, "false"]);
  toggle.dispatchEvent(new Event("click"));
  await settled();
  assert.deepEqual([asked, root.hidden, rows(root).length, settings.get("transcript")], [1, false, 4, true]);
  toggle.dispatchEvent(new Event("click"));
  assert.deepEqual([root.hidden, rows(root).length, settings.get("transcript")], [true, 0, false]);
});

test("live, no line is marked; behind live, the one that is heard is", async () => {
  const { root, deck } = await opened();
  assert.deepEqual(marked(root), []);
  deck.hear(3.5);
  assert.deepEqual(marked(root), ["I have a card."]);
  deck.hear(20);
  assert.deepEqual(marked(root), ["No problem."]);
  deck.goLive();
  assert.deepEqual(marked(root), []);
});

test("what is heard before the first line leads to that line", async () => {
  const { root, deck } = await opened();
  const box = Object.assign(root.part("box"), { scrollHeight: 1000, scrollTop: 900, clientHeight: 100 });
  for (const [n, row] of rows(root).entries()) Object.assign(row, { offsetTop: n * 200, offsetHeight: 20 });
  deck.hear(-3);
  assert.deepEqual([marked(root), Number(box.scrollTop) < 50], [[], true]);
});

test("a click on an agent's line plays it from its time on, and on a caller's from where it began", async () => {
  const { root, deck } = await opened();
  clickTime(root, 2);
  clickTime(root, 1);
  const [agent, caller] = deck.played;
  assert.deepEqual(agent, [5000, 300]);
  assert.ok(caller[0] > 2000 && caller[0] < 3500, String(caller[0]));
});

/** @type {[name: string, change: (deck: FakeDeck) => void, why: RegExp][]} */
const SILENT = [
  ["is no longer held", (deck) => { deck.head.oldestMs = NOW + 90_000; }, /older than the audio/],
  ["is of a call that is not listened to", (deck) => { deck.on = false; }, /Listen to the call/],
  ["came before any audio", (deck) => { deck.head.oldestMs = null; }, /Listen to the call/],
];

for (const [name, change, why] of SILENT) {
  test(`a moment that ${name} is not played, and says why`, async () => {
    const { root, deck } = await opened();
    change(deck);
    deck.dispatchEvent(new Event("change"));
    clickTime(root, 2);
    assert.deepEqual(deck.played, []);
    const time = rows(root)[2].part("time");
    assert.equal(time.getAttribute("aria-disabled"), "true");
    assert.match(time.getAttribute("title") ?? "", why);
  });
}

test("on a page without a deck no moment is played, and each says why", async () => {
  const { root } = await opened({ deck: null });
  assert.match(rows(root)[0].part("time").getAttribute("title") ?? "", /plays no sound/);
});

/** A reader who has scrolled up. @param {FakeElement} root */
function scrollUp(root) {
  Object.assign(root.part("box"), { scrollHeight: 1000, scrollTop: 100, clientHeight: 100 });
  root.part("box").dispatchEvent(new Event("scroll"));
}

test("who has scrolled up is told how many lines are new, and led back", async () => {
  const { panel, root } = await opened();
  assert.equal(root.part("pill").hidden, true);
  scrollUp(root);
  assert.deepEqual([root.part("pill").hidden, root.part("pill").part("pill-words").textContent], [false, "To the end"]);
  panel.take(words(61, 62, [said(61, "Good bye."), said(62, "Bye.")]));
  assert.equal(root.part("pill").part("pill-words").textContent, "2 new");
  root.part("pill").dispatchEvent(new Event("click"));
  assert.equal(root.part("pill").hidden, true);
});

test("who has scrolled up and goes back in the sound is shown what is heard", async () => {
  const { root, deck } = await opened();
  scrollUp(root);
  deck.hear(3.5);
  assert.equal(root.part("pill").hidden, true);
});

test("who scrolls away while hearing what was said before is led to what is heard", async () => {
  const { root, deck } = await opened();
  deck.hear(3.5);
  for (const row of rows(root)) Object.assign(row, { offsetTop: 900, offsetHeight: 20 });
  scrollUp(root);
  assert.equal(root.part("pill").part("pill-words").textContent, "To what you hear");
});

/** What an address has led to: the marked lines. @param {FakeElement} root */
function reached(root) {
  return rows(root).filter((row) => row.hasAttribute("data-reached")).map((row) => row.part("text").textContent);
}

test("a moment leads to the nearest line, which has the focus and a mark, and the end is not followed", async () => {
  const { panel, root } = await opened();
  const box = Object.assign(root.part("box"), { scrollHeight: 1000, scrollTop: 900, clientHeight: 100 });
  for (const [n, row] of rows(root).entries()) Object.assign(row, { offsetTop: n * 200, offsetHeight: 20 });
  const focused = mock.method(rows(root)[1].part("time"), "focus");
  panel.goTo(NOW + 4001);
  assert.deepEqual([reached(root), box.scrollTop, focused.mock.callCount()], [["I have a card."], 160, 1]);
  panel.take(words(61, 61, [said(61, "Good bye.")]));
  assert.deepEqual([box.scrollTop, root.part("pill").hidden], [160, false]);
});

test("the mark of a moment moves with the next one, and goes after 4 s", async () => {
  const { panel, root } = await opened();
  mock.timers.enable({ apis: ["setTimeout"] });
  panel.goTo(NOW);
  panel.goTo(NOW + 60_000);
  assert.deepEqual(reached(root), ["Bye."]);
  mock.timers.tick(3999);
  assert.deepEqual(reached(root), ["Bye."]);
  mock.timers.tick(1);
  assert.deepEqual(reached(root), []);
  mock.timers.reset();
});

test("a moment waits for the lines, and is forgotten where none are kept", async () => {
  mock.method(globalThis, "fetch", async () => new Response('{"lines": [], "summary": ""}'));
  const { panel, root } = await opened();
  panel.goTo(NOW);
  panel.take(words(0, 0, [said(0, "Hello.")]));
  assert.deepEqual(reached(root), []);
});

test("what comes from the record of the call is said to", async () => {
  const { panel, root } = await opened();
  assert.equal(root.part("recorded").hidden, true);
  panel.take(words(0, 99, [said(0, "Hello.", { recorded: true })]));
  assert.equal(root.part("recorded").hidden, false);
});

test("nothing is left behind", async () => {
  const { root, scope } = await opened();
  scope.dispose();
  assert.equal(root.part("lines").ledger.listeners, 0);
});
