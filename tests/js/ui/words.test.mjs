// What the pages say: why a socket was refused, durations and names.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  agentName, behindWords, callerParts, delayWords, duration, listRefusal, noticeWords, readBy, refusal,
  spokenDuration,
} from "../../../static/js/ui/words.js";

test("4410 means a lost right as well as a sign-out, and every page words it alike", () => {
  assert.match(refusal(4410), /signed out in another window, or your access was changed/);
  assert.equal(listRefusal(4410)[1], refusal(4410));
});

test("every refusal of the list has words of its own", () => {
  const titles = [4401, 4403, 4410, 4429].map((code) => listRefusal(code)[0]);
  assert.equal(new Set([...titles, listRefusal(4999)[0]]).size, 5);
  assert.match(listRefusal(4999)[1], /4999/);
});

test("how the parties were told is said, and that they were not", () => {
  assert.equal(noticeWords("Tone"), "Parties told by: Tone");
  assert.equal(noticeWords(undefined), "The parties were not told that they are heard");
  assert.match(refusal(4451), /were not told/);
});

test("who is refused for want of a reason is told so", () => {
  assert.match(refusal(4453), /why they listen/);
});

test("durations are written for the eye and for screen readers", () => {
  assert.equal(duration(0), "0:00");
  assert.equal(duration(187_900), "3:07");
  assert.equal(duration(3_727_000), "1:02:07");
  assert.equal(duration(-5), "0:00");
  assert.equal(spokenDuration(3_727_000), "1 hour 2 minutes 7 seconds");
  assert.equal(spokenDuration(0), "0 seconds");
});

test("a caller without a name, or with one that is the number, is shown once", () => {
  assert.deepEqual(callerParts({ caller: "+1555", caller_name: "Ann" }), { name: "Ann", number: "+1555" });
  assert.deepEqual(callerParts({ caller: "+1555", caller_name: "+1555" }), { name: "+1555", number: "" });
  assert.deepEqual(callerParts({ caller: "", caller_name: "" }), { name: "Unknown caller", number: "" });
});

test("whoever listens reads \"you\" for the own name, before the others", () => {
  assert.deepEqual(readBy(["bob", "alice", "carol"], "alice"), ["you", "bob", "carol"]);
  assert.deepEqual(readBy(["bob"], "alice"), ["bob"]);
});

test("an agent's identifier is written as a name", () => {
  assert.equal(agentName("front_desk"), "Front desk");
  assert.equal(agentName(""), "Unnamed agent");
});

test("a delay is told in milliseconds, and from a second on in seconds", () => {
  assert.deepEqual([0, 339.6, 999.4].map(delayWords), ["0 ms", "340 ms", "999 ms"]);
  assert.deepEqual([999.6, 1440, 12_000].map(delayWords), ["1.0 s", "1.4 s", "12.0 s"]);
});

test("how far a listener is behind is told in seconds, then in minutes, and not when live", () => {
  assert.equal(behindWords({ behind: 34.2 }), "34 s behind live");
  assert.equal(behindWords({ behind: 94, liveIn: 188, state: "catching up" }), "1:34 behind live, live in 3:08");
  assert.equal(behindWords({ behind: 0.3, state: "live" }), "");
});
