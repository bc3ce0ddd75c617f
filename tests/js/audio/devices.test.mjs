// Which device a page plays on: each browser remembers its own.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { askForNames, chooseDevice, chosenDevice, soundDevices } from "../../../static/js/audio/devices.js";
import { AudioOutput } from "../../../static/js/audio/output.js";
import { Scope } from "../../../static/js/ui/scope.js";
import { Settings } from "../../../static/js/ui/settings.js";
import { FakeContext, install, uninstall } from "../support/browser.mjs";
import { installDocument, Ledger } from "../support/page.mjs";
import { settingsOf } from "../support/settings.mjs";

/** What the browser keeps. @type {Map<string, string>} */
let stored;

beforeEach(() => {
  install();
  installDocument(new Ledger());
  stored = new Map();
  const localStorage = {
    getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => stored.set(key, value),
  };
  Object.assign(globalThis, { localStorage });
});

afterEach(uninstall);

/** @param {Partial<import("../../../static/js/ui/settings.js").UserSettings>} [values] */
function settings(values) {
  return new Settings(settingsOf(values), new Scope(), async () => ({ kept: true }));
}

/** Let the browser have these media devices. @param {object} mediaDevices */
function browserHas(mediaDevices) {
  Object.assign(globalThis, { navigator: { mediaDevices } });
}

test("a browser that has chosen none plays on the system's own, and keeps nothing", () => {
  assert.equal(chosenDevice(settings({ outputs: [{ browser: "another", device: "d1" }] })), "");
  assert.equal(stored.size, 0);
});

test("the device that was chosen is found by the browser's name", () => {
  const mine = settings();
  chooseDevice(mine, "d1");
  assert.equal(chosenDevice(mine), "d1");
  assert.deepEqual(mine.get("outputs"), [{ browser: stored.get("earshot.browser"), device: "d1" }]);
  chooseDevice(mine, "");
  assert.equal(chosenDevice(mine), "");
});

test("a browser that may keep nothing plays on the system's own", () => {
  const refuses = () => {
    throw new Error("storage is switched off");
  };
  Object.assign(globalThis, { localStorage: { getItem: refuses, setItem: refuses } });
  const mine = settings();
  chooseDevice(mine, "d1");
  assert.equal(chosenDevice(mine), "");
});

test("only sound devices that have a name of their own are offered", async () => {
  const found = [
    ["audiooutput", ""], ["audiooutput", "default"], ["audiooutput", "communications"],
    ["audioinput", "m1"], ["audiooutput", "d1"],
  ].map(([kind, deviceId]) => ({ kind, deviceId, label: `${deviceId}!` }));
  browserHas({ enumerateDevices: async () => found });
  assert.deepEqual(await soundDevices(), [{ id: "d1", label: "d1!" }]);
});

test("the microphone is closed as soon as the browser has agreed", async () => {
  let open = 1;
  const track = { stop: () => (open -= 1) };
  browserHas({ getUserMedia: async () => ({ getTracks: () => [track] }) });
  assert.equal(await askForNames(), true);
  assert.equal(open, 0);
});

test("a browser that does not agree is no error", async () => {
  browserHas({ getUserMedia: async () => Promise.reject(new Error("denied")) });
  assert.equal(await askForNames(), false);
});

test("an output moves to another device at once, and each later context begins there", async () => {
  const output = new AudioOutput("/w.js");
  await output.prepare();
  output.playOn("d1");
  assert.deepEqual(FakeContext.made.map((context) => context.device), ["d1"]);
  output.close();
  await output.prepare();
  assert.deepEqual(FakeContext.made.map((context) => context.device), ["d1", "d1"]);
});

test("the system's own device need not be asked for", async () => {
  const output = new AudioOutput("/w.js");
  output.playOn("");
  await output.prepare();
  assert.deepEqual(FakeContext.made.map((context) => context.device), [null]);
});
