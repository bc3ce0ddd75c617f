// A scope releases what was acquired in it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Scope } from "../../../static/js/ui/scope.js";

test("a scope releases everything once, the last acquired first", () => {
  const scope = new Scope();
  /** @type {string[]} */
  const released = [];
  for (const name of ["first", "second", "third"]) scope.own(() => released.push(name));
  scope.dispose();
  scope.dispose();
  assert.deepEqual(released, ["third", "second", "first"]);
});

test("a release that throws does not keep the others from running", () => {
  const scope = new Scope();
  /** @type {string[]} */
  const released = [];
  scope.own(() => released.push("first"));
  scope.own(() => {
    throw new Error("no");
  });
  scope.own(() => released.push("third"));
  assert.throws(() => scope.dispose(), /^Error: no$/);
  assert.deepEqual(released, ["third", "first"]);
});

test("what is released early is not released again", () => {
  const scope = new Scope();
  let times = 0;
  const release = scope.own(() => times++);
  release();
  scope.dispose();
  assert.equal(times, 1);
});

test("a listener is not called after its scope was disposed of", () => {
  const scope = new Scope();
  const target = new EventTarget();
  let heard = 0;
  scope.listen(target, "change", () => heard++);
  target.dispatchEvent(new Event("change"));
  scope.dispose();
  target.dispatchEvent(new Event("change"));
  assert.equal(heard, 1);
});

test("an interval ends with its scope", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const scope = new Scope();
  let ticks = 0;
  scope.interval(() => ticks++, 1000);
  context.mock.timers.tick(2000);
  scope.dispose();
  context.mock.timers.tick(5000);
  assert.equal(ticks, 2);
});

test("a child ends with its parent, and a child that ended before is forgotten", () => {
  const parent = new Scope();
  /** @type {string[]} */
  const released = [];
  parent.child().own(() => released.push("with its parent"));
  const early = parent.child();
  early.own(() => released.push("early"));
  early.dispose();
  assert.deepEqual(released, ["early"]);
  parent.dispose();
  assert.deepEqual(released, ["early", "with its parent"]);
});

test("what is acquired after the disposal is released at once", () => {
  const scope = new Scope();
  scope.dispose();
  let released = false;
  scope.own(() => (released = true));
  assert.equal(released, true);
});
