// A page's settings: what is saved, when, and what happens where it cannot be.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { Settings, saveTo } from "../../../static/js/ui/settings.js";
import { install, pass, uninstall } from "../support/browser.mjs";
import { installDocument, Ledger } from "../support/page.mjs";
import { settingsOf } from "../support/settings.mjs";

/** @typedef {import("../../../static/js/ui/settings.js").Outcome} Outcome */
/** @typedef {import("../../../static/js/ui/settings.js").UserSettings} UserSettings */

/** @type {Outcome} */
const KEPT = { kept: true };
/** @type {Outcome} */
const UNREACHABLE = { kept: false, refused: "" };

/** @type {Partial<UserSettings>[]} */
let sent;
/** @type {Outcome} */
let outcome;

beforeEach(() => {
  install();
  installDocument(new Ledger());
  sent = [];
  outcome = KEPT;
});

afterEach(uninstall);

/** Settings that record what they save. @param {Scope} [scope] */
function opened(scope = new Scope()) {
  return new Settings(settingsOf({ volume: 0.4 }), scope, async (changes) => {
    sent.push(changes);
    return outcome;
  });
}

test("a setting is as the server wrote it until it is changed", () => {
  const settings = opened();
  assert.equal(settings.get("volume"), 0.4);
  settings.set("volume", 0.5);
  assert.equal(settings.get("volume"), 0.5);
});

test("changes are saved together, half a second after the last one", async () => {
  const settings = opened();
  settings.set("volume", 0.5);
  await pass(400);
  settings.set("volume", 0.6);
  settings.set("theme", "dark");
  await pass(480);
  assert.deepEqual(sent, []);
  await pass(40);
  assert.deepEqual(sent, [{ volume: 0.6, theme: "dark" }]);
  await pass(20_000);
  assert.equal(sent.length, 1);
});

test("a page that is left saves at once, and only what has changed", async () => {
  const target = new EventTarget();
  Object.assign(globalThis, { addEventListener: target.addEventListener.bind(target) });
  const settings = opened();
  target.dispatchEvent(new Event("pagehide"));
  settings.set("volume", 0.5);
  target.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(sent, [{ volume: 0.5 }]);
});

test("what could not be sent is sent again, under what has changed since", async () => {
  const settings = opened();
  outcome = UNREACHABLE;
  settings.set("volume", 0.5);
  settings.set("theme", "dark");
  await pass(520);
  assert.match(settings.unsaved, /cannot be reached/);
  outcome = KEPT;
  settings.set("volume", 0.7);
  await pass(520);
  assert.deepEqual(sent[1], { volume: 0.7, theme: "dark" });
  assert.equal(settings.unsaved, "");
});

test("what changes while a save is under way wins over what was sent", async () => {
  const settings = new Settings(settingsOf(), new Scope(), async (changes) => {
    sent.push(changes);
    if (sent.length === 1) settings.set("volume", 0.9);
    return sent.length === 1 ? UNREACHABLE : KEPT;
  });
  settings.set("volume", 0.5);
  settings.set("theme", "dark");
  await pass(11_000);
  assert.deepEqual(sent, [{ volume: 0.5, theme: "dark" }, { volume: 0.9, theme: "dark" }]);
});

test("an unreachable server is tried again by itself", async () => {
  const settings = opened();
  outcome = UNREACHABLE;
  settings.set("volume", 0.5);
  await pass(520 + 10_020);
  assert.deepEqual(sent, [{ volume: 0.5 }, { volume: 0.5 }]);
});

test("what the server refuses is told in its words, and not sent again", async () => {
  const settings = opened();
  outcome = { kept: false, refused: "Too many views." };
  settings.set("volume", 0.5);
  await pass(20_000);
  assert.equal(settings.unsaved, "Too many views.");
  assert.equal(sent.length, 1);
});

test("nothing is saved after the page's scope has ended", async () => {
  const scope = new Scope();
  const settings = opened(scope);
  settings.set("volume", 0.5);
  scope.dispose();
  await pass(1000);
  assert.deepEqual(sent, []);
});

/**
 * What a save to a server comes to that answers like this.
 * @param {() => Response} answer
 */
function saved(answer) {
  mock.method(globalThis, "fetch", async () => answer());
  return saveTo("/settings", "token")({ volume: 0.5 });
}

/** What fetch() does without a network. @returns {Response} */
function lost() {
  throw new TypeError("Failed to fetch");
}

test("the server's answer decides what is told", async () => {
  const plain = { "Content-Type": "text/plain; charset=utf-8" };
  const html = { "Content-Type": "text/html" };
  assert.deepEqual(await saved(() => new Response(null, { status: 204 })), KEPT);
  assert.deepEqual(await saved(() => new Response("Not so.\n", { status: 400, headers: plain })), {
    kept: false,
    refused: "Your settings were not saved. Not so.",
  });
  assert.deepEqual(await saved(() => new Response("<p>", { status: 403, headers: html })), {
    kept: false,
    refused: "Your settings were not saved. Reload the page, or sign in again.",
  });
  assert.deepEqual(await saved(() => new Response("", { status: 502, headers: plain })), UNREACHABLE);
  assert.deepEqual(await saved(lost), UNREACHABLE);
});
