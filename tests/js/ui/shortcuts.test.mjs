// Single keys: which one asks for what, and when they are left to the page and the browser.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";
import { keyName, listed, SHORTCUTS, shortcutOf, Shortcuts } from "../../../static/js/ui/shortcuts.js";

const PRESS = { altKey: false, ctrlKey: false, metaKey: false, repeat: false, defaultPrevented: false };

/** An element of this kind, as a selector names it. @param {string} kind */
function focusOn(kind) {
  const closest = (/** @type {string} */ selector) => (selector.split(", ").includes(kind) ? {} : null);
  return /** @type {Element} */ (/** @type {unknown} */ ({ closest }));
}

/**
 * The action that a key asks for.
 * @param {string} key
 * @param {string} [kind] of the element that has the focus
 * @param {Partial<typeof PRESS>} [changes]
 */
function actionOf(key, kind = "body", changes = {}) {
  return shortcutOf({ ...PRESS, ...changes, key }, focusOn(kind))?.action;
}

/** @type {EventTarget} */
let window;
/** @type {string[]} */
let done;
/** @type {boolean} */
let enabled;

beforeEach(() => {
  window = new EventTarget();
  done = [];
  enabled = true;
  const addEventListener = window.addEventListener.bind(window);
  const removeEventListener = window.removeEventListener.bind(window);
  Object.assign(globalThis, { document: new EventTarget(), addEventListener, removeEventListener });
});

/** A page with these keys. @param {Scope} [scope] */
function page(scope = new Scope()) {
  return new Shortcuts(scope, {
    actions: {
      mute: () => done.push("mute"),
      solo: () => done.push("solo"),
      deck: (key) => done.push(`deck ${key}`),
      next: () => done.push("next"),
    },
    holdSolo: (on) => done.push(on ? "alone" : "together"),
    enabled: () => enabled,
  });
}

/**
 * Let a key go down or up.
 * @param {"keydown" | "keyup"} type
 * @param {string} key
 * @param {object} [more] properties of the event
 */
function send(type, key, more = {}) {
  const event = new Event(type, { cancelable: true });
  for (const [name, value] of Object.entries({ ...PRESS, key, ...more })) {
    if (name !== "defaultPrevented") Object.defineProperty(event, name, { value });
  }
  Object.defineProperty(event, "target", { value: focusOn("body") });
  document.dispatchEvent(event);
  return event;
}

test("no key asks for two things", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  assert.equal(new Set(keys).size, keys.length);
});

test("a key asks for its action, with Caps Lock as well", () => {
  assert.equal(actionOf("m"), "mute");
  assert.equal(actionOf("M"), "mute");
  assert.equal(actionOf("ArrowLeft"), "back");
  assert.equal(actionOf("6"), "deck");
  assert.equal(actionOf("?"), "help");
  assert.equal(actionOf("7"), undefined);
});

test("with a modifier it is the browser's", () => {
  for (const modifier of ["altKey", "ctrlKey", "metaKey"]) {
    assert.equal(actionOf("s", "body", { [modifier]: true }), undefined, modifier);
  }
});

test("where keys write, and in dialogs, they do nothing else", () => {
  const text = "input:not([type=range]):not([type=checkbox]):not([type=radio])";
  for (const kind of [text, "textarea", "select", "[contenteditable]", "dialog"]) {
    assert.equal(actionOf("m", kind), undefined, kind);
    assert.equal(actionOf("Escape", kind), undefined, kind);
  }
});

test("a slider keeps the keys that move it, and no others", () => {
  for (const kind of ["input", "[role=slider]"]) {
    assert.equal(actionOf("ArrowLeft", kind), undefined, kind);
    assert.equal(actionOf(" ", kind), undefined, kind);
    assert.equal(actionOf("m", kind), "mute", kind);
    assert.equal(actionOf("Escape", kind), "stop", kind);
  }
});

test("the space bar presses the button that has the focus, and letters do what they always do", () => {
  for (const kind of ["button", "a[href]", "summary"]) {
    assert.equal(actionOf(" ", kind), undefined, kind);
    assert.equal(actionOf("m", kind), "mute", kind);
  }
  assert.equal(actionOf(" "), "live");
});

test("Enter is always the button's", () => {
  assert.equal(actionOf("Enter"), undefined);
  assert.equal(actionOf("Enter", "button"), undefined);
});

test("a key that something on the page has taken is not taken twice", () => {
  assert.equal(actionOf("Escape", "body", { defaultPrevented: true }), undefined);
});

test("only what goes step by step is repeated while its key is down", () => {
  assert.equal(actionOf("ArrowDown", "body", { repeat: true }), "next");
  assert.equal(actionOf("m", "body", { repeat: true }), undefined);
});

test("an action is told its key, and the browser does nothing with it", () => {
  page();
  assert.ok(send("keydown", "3").defaultPrevented);
  assert.deepEqual(done, ["deck 3"]);
});

test("the keys of actions that a page has not are left alone", () => {
  page();
  assert.ok(!send("keydown", "ArrowLeft").defaultPrevented);
  assert.deepEqual(done, []);
});

test("keys that are switched off do nothing", () => {
  page();
  enabled = false;
  assert.ok(!send("keydown", "m").defaultPrevented);
  send("keydown", "s");
  assert.deepEqual(done, []);
});

test("one call is heard alone while the key is held", () => {
  page();
  send("keydown", "s", { timeStamp: 1000 });
  send("keydown", "s", { timeStamp: 1500, repeat: true });
  send("keyup", "S", { timeStamp: 2000 });
  assert.deepEqual(done, ["alone", "together"]);
});

test("the same key puts it in solo when it is only pressed", () => {
  page();
  send("keydown", "s", { timeStamp: 1000 });
  send("keyup", "m", { timeStamp: 1100 });
  send("keyup", "s", { timeStamp: 1200 });
  assert.deepEqual(done, ["alone", "together", "solo"]);
});

test("a held key that is let go in another window ends as well, and does not toggle", () => {
  page();
  send("keydown", "s", { timeStamp: 1000 });
  window.dispatchEvent(new Event("blur"));
  send("keyup", "s", { timeStamp: 1100 });
  assert.deepEqual(done, ["alone", "together"]);
});

test("no key does anything after the page's scope has ended", () => {
  const scope = new Scope();
  page(scope);
  scope.dispose();
  send("keydown", "m");
  assert.deepEqual(done, []);
});

test("only the keys of what a page can do are listed", () => {
  const actions = listed({ help: () => {}, mute: () => {} }).map(({ action }) => action);
  assert.deepEqual(actions, ["mute", "help"]);
});

test("keys are named as keyboards name them", () => {
  assert.deepEqual(["m", "ArrowDown", " ", "Escape", "?", "Delete"].map(keyName), ["M", "↓", "Space", "Esc", "?", "Delete"]);
});
