// How an ear and the pages react to their sockets.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { AudioOutput } from "../../../static/js/audio/output.js";
import { Ear } from "../../../static/js/deck/ear.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { FakeChannel, FakeNode, frame, install, pass, uninstall } from "../support/browser.mjs";
import { hello, snapshot } from "../support/messages.mjs";
import { FakeElement, installDocument, Ledger, openPage } from "../support/page.mjs";
import { FakeSocket } from "../support/socket.mjs";
import { call, iso, leg, NOW, tap, WORDS } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").Hello} Hello */

const ADDRESSES = { consoleUrl: "/console", listenUrl: "/listen/t1", loginUrl: "/login" };
const AT = iso(NOW);

beforeEach(() => {
  install();
  installDocument(new Ledger());
  mock.method(Math, "random", () => 0.5);
});

afterEach(uninstall);

/** A page's root element. @param {Record<string, string>} [dataset] */
function newRoot(dataset = {}) {
  const root = new FakeElement(new Ledger());
  root.dataset = { ...ADDRESSES, words: WORDS, call: JSON.stringify(callOf()), ...dataset };
  return root;
}

/** The page of the live list, let in. @param {Record<string, string>} [dataset] */
async function consolePage(dataset) {
  const { ConsolePage } = await import("../../../static/js/pages/console.js");
  const root = newRoot(dataset);
  openPage(ConsolePage, root);
  FakeSocket.opened[0].accept();
  return { root, socket: FakeSocket.opened[0] };
}

/**
 * The page of a call, let in and sent the first snapshot.
 * @param {Record<string, string>} [dataset]
 * @param {FakeElement[]} [figures] the lines of packet figures that the server wrote
 */
async function callPage(dataset, figures = []) {
  const { CallPage } = await import("../../../static/js/pages/call.js");
  const root = newRoot(dataset);
  root.lists.set("[data-figure]", figures);
  openPage(CallPage, root);
  const [socket] = FakeSocket.opened;
  socket.accept();
  socket.say(snapshot(callOf()));
  return { banner: root.part("banner"), root, socket };
}

/** The call of which "t1" is a leg. @param {Partial<import("../../../static/js/wire/messages.js").Call>} [changes] */
function callOf(changes) {
  return call("1", { legs: [leg("t1")], ...changes });
}

/** An ear that listens. @param {Partial<Hello>} [changes] to its hello */
function listening(changes) {
  const output = new AudioOutput("/w.js");
  const options = { listenUrl: "/listen/t1", output, outcomes: {}, voice: { gain: 1, pan: 0, automaticGain: true }, onBuild: () => {} };
  const scope = new Scope();
  const ear = new Ear(tap("t1"), scope, options);
  ear.listen();
  const socket = FakeSocket.opened[FakeSocket.opened.length - 1];
  socket.accept();
  socket.say(hello(changes));
  return { ear, scope, socket };
}

/**
 * Check that silence ends a connection after `quiet` ms, and not 100 ms earlier.
 * @param {number} quiet ms
 * @param {() => string | null} state
 */
async function diesAfter(quiet, state) {
  await pass(quiet - 100);
  assert.notEqual(state(), "reconnecting");
  await pass(100);
  assert.equal(state(), "reconnecting");
}

test("an ear that hears nothing where audio should flow reconnects after 6 s", async () => {
  const { ear } = listening();
  await diesAfter(6000, () => ear.light.state);
});

test("a stalled ear needs keepalives only, and reconnects without them", async () => {
  for (const changes of [{ stalled: true }, { tap: tap("t1", { media: false }) }]) {
    const { ear, scope, socket } = listening(changes);
    for (let n = 0; n < 12; n++) {
      await pass(5000);
      const before = ear.light.state;
      socket.say({ type: "alive" });
      assert.equal(ear.light.state, before);
    }
    await diesAfter(12_000, () => ear.light.state);
    scope.dispose();
  }
});

test("an ear whose audio stalls later still notices a dead connection", async () => {
  const { ear, socket } = listening();
  await pass(3000);
  socket.say({ type: "state", state: "tapping", stalled: true });
  await diesAfter(12_000, () => ear.light.state);
});

test("the page of the list shows a dead connection, even without calls", async () => {
  const { root, socket } = await consolePage();
  socket.say(snapshot());
  assert.equal(root.getAttribute("data-state"), "live");
  await pass(5000);
  socket.say({ type: "alive" });
  socket.receive('{"type": "from the future"}');
  await diesAfter(12_000, () => root.getAttribute("data-state"));
});

/** The page of the list whose call is heard; both connections are then lost, and only one is tried again soon. */
async function lostConsole() {
  const { root, socket } = await consolePage({ callUrl: "/calls/0" });
  root.setAttribute("data-can-listen", "");
  socket.say(snapshot(callOf()));
  const list = root.part("list");
  list.setAttribute("data-call", "1");
  list.setAttribute("data-action", "listen");
  list.dispatchEvent(new Event("click"));
  await pass(60);
  const ear = FakeSocket.opened[1];
  ear.accept();
  ear.say(hello());
  for (const one of [socket, ear]) one.end(1006);
  await pass(500);
  const [, , again, earAgain] = FakeSocket.opened;
  return { list: again, ear: earAgain };
}

test("when a call is heard again, the list reconnects at once", async () => {
  const { list, ear } = await lostConsole();
  list.end(1006); // it would wait a second
  ear.accept();
  ear.say(hello());
  ear.receive(frame(0));
  FakeNode.made[0].report({ positionPlayed: 100 });
  assert.match(FakeSocket.opened[4]?.url ?? "", /console$/);
});

test("when the list is back, a deck reconnects at once", async () => {
  const { list, ear } = await lostConsole();
  ear.end(1006);
  list.accept();
  assert.match(FakeSocket.opened[4]?.url ?? "", /listen/);
});

test("the page of a call shows a dead connection", async () => {
  const { banner, socket } = await callPage();
  await pass(5000);
  socket.say({ type: "alive" });
  await diesAfter(12_000, () => (/Reconnecting…/.test(banner.textContent) ? "reconnecting" : "live"));
  assert.equal(banner.anchor, null);
});

/** @type {[code: number, words: RegExp, signIn: boolean][]} */
const REFUSALS = [
  [4401, /^You are signed out\. Sign in to see/, true],
  [4410, /^You were signed out\. .*or your access was changed/, true],
  [4403, /^You may not see the live calls\. /, false],
  [4429, /^Too many open pages\. /, false],
  [4404, /^The live list is closed\. /, false],
];

for (const [code, words, signIn] of REFUSALS) {
  test(`the page of a call says why it was refused: ${code}`, async () => {
    const { banner, socket } = await callPage();
    socket.end(code);
    assert.match(banner.textContent, words);
    assert.equal(banner.anchor?.href, signIn ? "/login?next=%2Fcalls%2F1" : undefined);
  });
}

test("the window of one deck says that it plays once its call is heard, and not while it waits", async () => {
  const { DeckPage } = await import("../../../static/js/pages/deck.js");
  Object.assign(globalThis.location, { hash: "#77" });
  /** @type {unknown[]} */
  const told = [];
  new FakeChannel("earshot.deck.77").addEventListener("message", (event) => told.push(/** @type {MessageEvent} */ (event).data));
  openPage(DeckPage, newRoot());
  const socket = FakeSocket.opened.at(-1);
  assert.match(socket?.url ?? "", /listen\/t1$/);
  socket?.accept();
  socket?.say(hello());
  socket?.receive(frame(0));
  await pass(60);
  assert.deepEqual(told, []);
  for (let n = 0; n < 2; n++) FakeNode.made[0].report({ positionPlayed: 100 });
  assert.deepEqual(told, [{ call: "1" }], "once");
});

test("the banner is cleared when the page is let in again", async () => {
  const { banner, socket } = await callPage();
  socket.end(4429);
  await pass(11_500); // 10 s and the jitter's half
  FakeSocket.opened[1].accept();
  FakeSocket.opened[1].say(snapshot(callOf()));
  assert.equal(banner.textContent, "");
});

test("a stale event does not revive the call of the page; a snapshot does", async () => {
  const { root, socket } = await callPage();
  const state = () => root.getAttribute("data-state");
  socket.say({ type: "call", call: callOf({ state: "lost", version: 3, ended_at: AT }) });
  socket.say({ type: "call", call: callOf() });
  assert.equal(state(), "lost");
  socket.say(snapshot(callOf()));
  assert.equal(state(), "tapping");
});

test("the page of a lost call no longer says that it has ended when its media returns", async () => {
  const { root, socket } = await callPage();
  const banner = root.part("banner");
  socket.say({ type: "call", call: callOf({ state: "lost", version: 3, ended_at: AT }) });
  assert.match(banner.textContent, /^This call has ended/);
  socket.say({ type: "call", call: callOf({ version: 4 }) });
  assert.equal(root.getAttribute("data-state"), "tapping");
  assert.equal(banner.textContent, "");
});

test("the page of a call that is not tapped goes on when its tap ends, and offers to show a tap that begins", async () => {
  const { root, socket } = await callPage();
  const banner = root.part("banner");
  socket.say({ type: "call", call: callOf({ state: "untapped", version: 3, legs: [leg("t1", { state: "finished" })] }) });
  assert.equal(root.getAttribute("data-state"), "untapped");
  assert.equal(banner.textContent, "");
  socket.say({ type: "call", call: callOf({ version: 4, legs: [leg("t1", { state: "finished" }), leg("t2")] }) });
  assert.match(banner.textContent, /^Another tap of this call began/);
});

test("the page of a call that was never tapped follows it", async () => {
  const untapped = callOf({ state: "untapped", legs: [] });
  const { root, socket } = await callPage({ call: JSON.stringify(untapped) });
  assert.match(root.part("banner").textContent, /^The monitoring of this call began/);
  socket.say({ type: "call", call: { ...untapped, state: "finished", over: true, version: 3 } });
  assert.match(root.part("banner").textContent, /^This call has ended/);
});

test("the page of a call says since when the call is silent, until it is heard again", async () => {
  const { root, socket } = await callPage();
  socket.say({ type: "call", call: callOf({ legs: [leg("t1", { silent_since: AT })] }) });
  assert.match(root.part("silent").textContent, /^Silent since \d/);
  socket.say({ type: "call", call: callOf() });
  assert.equal(root.part("silent").textContent, "");
});

test("the page of a call says so while another sender is refused", async () => {
  const { root, socket } = await callPage();
  const section = root.querySelector('[data-leg="t1"]');
  const refusing = () => !section?.part("refusing").hidden;
  socket.say({ type: "meters", levels: {}, packets: { t1: { strangers: 90 } } });
  assert.equal(refusing(), false);
  socket.say({ type: "meters", levels: {}, packets: { t1: { strangers: 95 } } });
  assert.equal(refusing(), true);
});

test("the page of a call writes the server's figures anew, because the browser knows the reader's country", async () => {
  const line = new FakeElement(new Ledger());
  line.dataset = { figure: "skipped", unit: "samples" };
  line.part("figure").dataset = { value: "12000" };
  line.part("figure").textContent = "1,50 s";
  await callPage({}, [line]);
  assert.equal(line.part("figure").textContent, "1.50 s");
});

test("the page of a call shows the figures that are not zero, as they arrive", async () => {
  const { root, socket } = await callPage();
  const lines = ["received", "lost", "late"].map((figure) => {
    const line = new FakeElement(new Ledger());
    line.dataset = { figure, unit: "" };
    return line;
  });
  root.querySelector('[data-leg="t1"]')?.lists.set("[data-figure]", lines);
  const figures = { received: 50, lost: -1, duplicate: 3 };
  socket.say({ type: "meters", levels: { t1: [-20, -10] }, packets: { t1: figures, other: { late: 9 } } });
  const shown = () => lines.map((line) => [line.hidden, line.part("figure").textContent]);
  assert.deepEqual(shown(), [[false, "50"], [false, "2"], [true, ""]]);
  socket.say({ type: "meters", levels: { t1: [-20, -10] } });
  socket.say({ type: "meters", levels: {}, packets: { other: { late: 9 } } });
  assert.deepEqual(shown(), [[false, "50"], [false, "2"], [true, ""]]);
});

for (const [name, open] of /** @type {const} */ ([["console", consolePage], ["call", callPage]])) {
  test(`the ${name} page offers a reload when the server has another build, and only then`, async () => {
    const { root, socket } = await open({ build: "b1" });
    const offered = (/** @type {string | undefined} */ build) => {
      socket.receive(JSON.stringify({ ...snapshot(), build }));
      return !root.part("update").hidden;
    };
    assert.deepEqual(["b1", "b2", "b1", "", undefined].map(offered), [false, true, false, false, false]);
  });
}
