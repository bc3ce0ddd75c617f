// The deck and the pages on their sockets, in a browser of straw.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Deck } from "../../static/js/deck.js";

const AT = "2026-03-01T12:00:00Z";
let clock = 0;
let sockets = [];
let loads = 0;

class FakeSocket {
  constructor(url) {
    this.url = url;
    sockets.push(this);
  }
  send() {}
  close() {
    this.closedByUs = true;
  }
  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
}

/** As much of an element as the pages touch; its parts come into being when asked for. */
class FakeElement {
  dataset = {};
  attributes = new Map();
  parts = new Map();
  children = [];
  hidden = false;
  classList = { toggle() {} };
  set textContent(text) {
    this.children = text ? [text] : [];
  }
  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }
  replaceChildren(...children) {
    this.children = children;
  }
  querySelector(selector) {
    if (selector === "a") return this.children.find((child) => child.href) ?? null;
    if (!this.parts.has(selector)) this.parts.set(selector, new FakeElement());
    return this.parts.get(selector);
  }
  querySelectorAll() {
    return [];
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }
  part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }
  addEventListener() {}
}

class FakeContext {
  state = "running";
  audioWorklet = { addModule: () => new Promise(() => {}) };
  addEventListener() {}
  async suspend() {}
  async resume() {}
}

function pass(ms) {
  for (let n = 0; n < ms; n += 100) {
    clock += 100;
    mock.timers.tick(100);
  }
}

beforeEach(() => {
  clock = 1000;
  sockets = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => clock);
  mock.method(Math, "random", () => 0.5);
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    AudioContext: FakeContext,
    AudioWorkletNode: class {},
    addEventListener: () => {},
    location: { protocol: "http:", host: "here", pathname: "/taps/t1/", href: "http://here/taps/t1/" },
  });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Load a page's script afresh and open its socket. */
async function page(name, dataset) {
  const root = new FakeElement();
  root.dataset = dataset;
  globalThis.document = {
    title: "",
    hidden: false,
    getElementById: (id) => (id === name ? root : null),
    createElement: () => new FakeElement(),
    addEventListener: () => {},
  };
  loads += 1;
  await import(`../../static/js/pages/${name}.js?${loads}`);
  sockets[0].onopen();
  return root;
}

const TAP = { tap: "t1", state: "tapping", agent: "desk", consoleUrl: "/console", loginUrl: "/login/" };
const row = (changes = {}) => ({
  id: "t1", agent: "desk", state: "tapping", media: true, transitions: 1, silent_since: null, listeners: 0,
  requested_at: AT, started_at: AT, ended_at: null, ...changes,
});
const snapshot = (...taps) => ({ type: "snapshot", now: AT, taps });

async function tapPage() {
  const root = await page("tap", TAP);
  sockets[0].say(snapshot(row()));
  return { banner: root.part("banner"), root };
}

function listening(hello) {
  const deck = new Deck({ listenUrl: "/listen/", workletUrl: "/w.js", volume: 1 });
  deck.listen(row());
  sockets[0].onopen();
  sockets[0].say({ type: "hello", tap: row(), rate: 8000, stalled: false, ...hello });
  return deck;
}

/** Silence for `quiet` is borne, and 100 ms more are not. */
function diesAfter(quiet, state) {
  pass(quiet - 100);
  assert.notEqual(state(), "reconnecting");
  pass(100);
  assert.equal(state(), "reconnecting");
}

test("a deck that hears nothing where audio should flow reconnects after 6 s", () => {
  const deck = listening();
  diesAfter(6000, () => deck.light.state);
});

test("a stalled deck lives on signs of life alone, and reconnects without them", () => {
  for (const hello of [{ stalled: true }, { tap: row({ media: false }) }]) {
    sockets = [];
    const deck = listening(hello);
    for (let n = 0; n < 12; n++) {
      pass(5000);
      const before = deck.light.state;
      sockets[0].say({ type: "alive" });
      assert.equal(deck.light.state, before);
    }
    diesAfter(12_000, () => deck.light.state);
    deck.stop();
  }
});

test("a deck whose audio stalls later is still watched", () => {
  const deck = listening();
  pass(3000);
  sockets[0].say({ type: "state", state: "tapping", stalled: true });
  diesAfter(12_000, () => deck.light.state);
});

test("the page of the list shows a dead link, with no calls at all", async () => {
  const root = await page("console", { consoleUrl: "/console", listenUrl: "/listen/" });
  sockets[0].say(snapshot());
  assert.equal(root.getAttribute("data-state"), "live");
  pass(5000);
  sockets[0].say({ type: "alive" });
  sockets[0].say({ type: "from the future" });
  diesAfter(12_000, () => root.getAttribute("data-state"));
});

test("the page of a tap shows a dead link", async () => {
  const { banner } = await tapPage();
  pass(5000);
  sockets[0].say({ type: "alive" });
  diesAfter(12_000, () => (/Reconnecting…/.test(banner.textContent) ? "reconnecting" : "live"));
  assert.equal(banner.querySelector("a"), null);
});

for (const [code, words, signIn] of [
  [4401, /^You are signed out\. Sign in to see/, true],
  [4410, /^You were signed out\. .*or your access was changed/, true],
  [4403, /^You may not see the live calls\. /, false],
  [4429, /^Too many open pages\. /, false],
  [4404, /^The live list is closed\. /, false],
]) {
  test(`the page of a tap says why it was refused: ${code}`, async () => {
    const { banner } = await tapPage();
    sockets[0].onclose({ code, reason: "" });
    assert.match(banner.textContent, words);
    assert.equal(banner.querySelector("a")?.href, signIn ? "/login/?next=%2Ftaps%2Ft1%2F" : undefined);
  });
}

test("the banner of a page let in again is empty", async () => {
  const { banner } = await tapPage();
  sockets[0].onclose({ code: 4429, reason: "" });
  pass(11_500); // 10 s and the jitter's half
  sockets[1].onopen();
  sockets[1].say(snapshot(row()));
  assert.equal(banner.textContent, "");
});

test("a stale event does not revive the tap of the page; a snapshot does", async () => {
  const { root } = await tapPage();
  const state = () => root.getAttribute("data-state");
  sockets[0].say({ type: "tap", tap: row({ state: "lost", transitions: 2, ended_at: AT }) });
  sockets[0].say({ type: "tap", tap: row() });
  assert.equal(state(), "lost");
  sockets[0].say(snapshot(row()));
  assert.equal(state(), "tapping");
});

test("the page of a tap takes its end back when the media of a lost tap returns", async () => {
  const { root } = await tapPage();
  const banner = root.part("banner");
  sockets[0].say({ type: "tap", tap: row({ state: "lost", transitions: 2, ended_at: AT }) });
  assert.match(banner.textContent, /^This call has ended/);
  sockets[0].say({ type: "tap", tap: row({ transitions: 3 }) });
  assert.equal(root.getAttribute("data-state"), "tapping");
  assert.equal(banner.textContent, "");
});

test("the page of a tap says since when it is silent, until it is heard again", async () => {
  const { root } = await tapPage();
  sockets[0].say({ type: "tap", tap: row({ silent_since: AT }) });
  assert.match(root.part("silent").textContent, /^Silent since \d/);
  sockets[0].say({ type: "tap", tap: row() });
  assert.equal(root.part("silent").textContent, "");
});

test("the page of a tap says while another sender is refused", async () => {
  const { root } = await tapPage();
  root.querySelectorAll = () => [];
  const refusing = () => !root.part("refusing").hidden;
  sockets[0].say({ type: "meters", levels: {}, packets: { t1: { strangers: 90 } } });
  assert.equal(refusing(), false);
  sockets[0].say({ type: "meters", levels: {}, packets: { t1: { strangers: 95 } } });
  assert.equal(refusing(), true);
});

test("the page of a tap shows the packets that are not zero, as they come", async () => {
  const { root } = await tapPage();
  const lines = ["received", "lost", "late"].map((figure) => {
    const line = new FakeElement();
    line.dataset = { figure, unit: "" };
    return line;
  });
  root.querySelectorAll = () => lines;
  const figures = { received: 50, lost: -1, duplicate: 3 };
  sockets[0].say({ type: "meters", levels: { t1: [-20, -10] }, packets: { t1: figures, other: { late: 9 } } });
  const shown = () => lines.map((line) => [line.hidden, line.part("figure").textContent]);
  assert.deepEqual(shown(), [[false, "50"], [false, "2"], [true, ""]]);
  sockets[0].say({ type: "meters", levels: { t1: [-20, -10] } });
  sockets[0].say({ type: "meters", levels: {}, packets: { other: { late: 9 } } });
  assert.deepEqual(shown(), [[false, "50"], [false, "2"], [true, ""]]);
});

for (const [name, dataset] of [
  ["console", { consoleUrl: "/console", listenUrl: "/listen/" }],
  ["tap", TAP],
]) {
  test(`the ${name} page offers a reload when the server has another build, and only then`, async () => {
    const root = await page(name, { ...dataset, build: "b1" });
    const offered = (build) => {
      sockets[0].say({ ...snapshot(), build });
      return !root.part("update").hidden;
    };
    assert.deepEqual(["b1", "b2", "b1", "", undefined].map(offered), [false, true, false, false, false]);
  });
}
