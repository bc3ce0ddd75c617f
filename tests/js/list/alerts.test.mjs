// Whom an alert tells about, how often, and in which words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING_TOLD, nextAlert, titleMark } from "../../../static/js/list/alerts.js";
import { call, endedCall, iso, NOW } from "../support/taps.mjs";

/** @typedef {import("../../../static/js/wire/messages.js").Call} Call */
/** @typedef {import("../../../static/js/wire/messages.js").Condition} Condition */

/**
 * @param {string} kind
 * @param {number} severity
 * @returns {Condition}
 */
function condition(kind, severity) {
  return { kind, leg: null, severity, since: iso(NOW - 42_000), note: "Ann Lee, +15550100, shouts" };
}

const HELP = condition("help", 100);
const DEAD_AIR = condition("dead_air", 60);
const LONG = condition("long_call", 10);

/**
 * @param {string} id
 * @param {...Condition} attention
 */
function needy(id, ...attention) {
  return call(id, { attention });
}

/** Tell of calls again and again, one second apart. Return the alerts. @param {Call[][]} seconds */
function alerts(...seconds) {
  let told = NOTHING_TOLD;
  return seconds.map((calls, second) => {
    const now = NOW + second * 1000;
    const next = nextAlert(calls, told, { now, serverNow: now, away: true });
    told = next.told;
    return next.alert && `${next.alert.title}: ${next.alert.body}`;
  });
}

/** @param {Call[]} calls @param {number} seconds */
function lasting(calls, seconds) {
  return Array.from({ length: seconds }, () => calls);
}

test("a condition is told once, however long it lasts", () => {
  const told = alerts(...lasting([needy("1", DEAD_AIR)], 30));
  assert.deepEqual(told.filter(Boolean), ["Receptionist: Nobody has spoken for 0:42"]);
});

test("what is not urgent is not told", () => {
  assert.deepEqual(alerts([needy("1", LONG)]), [null]);
});

test("one alert at most is shown in 10 s, and what came meanwhile is told together", () => {
  const later = [needy("1", DEAD_AIR), needy("2", DEAD_AIR), needy("3", HELP)];
  const told = alerts([needy("1", DEAD_AIR)], ...lasting(later, 15));
  assert.deepEqual(told.map(Boolean).indexOf(true, 1), 10);
  assert.equal(told[10], "2 calls need attention: Receptionist: The agent asks for help");
  assert.equal(told.filter(Boolean).length, 2);
});

test("what has ended before its turn is not told", () => {
  const told = alerts([needy("1", DEAD_AIR)], [needy("1", DEAD_AIR), needy("2", HELP)], ...lasting([needy("1", DEAD_AIR)], 15));
  assert.equal(told.filter(Boolean).length, 1);
});

test("a condition that comes back is told again", () => {
  const told = alerts([needy("1", DEAD_AIR)], ...lasting([needy("1")], 12), [needy("1", DEAD_AIR)]);
  assert.equal(told.filter(Boolean).length, 2);
});

test("what came up before the user's eyes is not told later, and no alert waits for it", () => {
  const moment = { now: NOW, serverNow: NOW, away: true };
  const calls = [needy("1", DEAD_AIR)];
  const { told, alert } = nextAlert(calls, NOTHING_TOLD, { ...moment, away: false });
  assert.equal(alert, null);
  assert.equal(nextAlert(calls, told, moment).alert, null);
  assert.equal(nextAlert([needy("2", HELP)], told, moment).alert?.id, "2");
});

test("a call that is not tapped is told of, too", () => {
  assert.deepEqual(alerts([call("1", { state: "untapped", attention: [HELP] })]).filter(Boolean).length, 1);
});

test("an alert names neither the caller nor what the agent noted", () => {
  const [told] = alerts([needy("1", HELP, condition("one_way", 80))]);
  assert.equal(told, "Receptionist: The agent asks for help");
});

test("the title counts the calls that need attention and go on", () => {
  assert.equal(titleMark([]), "");
  assert.equal(titleMark([needy("1"), needy("2", LONG)]), "");
  const ended = endedCall("4", { attention: [HELP] });
  assert.equal(titleMark([needy("1", HELP, DEAD_AIR), needy("2", DEAD_AIR), needy("3", LONG), ended]), "(2) ");
});
