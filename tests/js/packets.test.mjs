// What a supervisor reads of a tap's packets: the call, or the network?
import assert from "node:assert/strict";
import { test } from "node:test";

import { network, shown, takePackets } from "../../static/js/packets.js";

/** A report a second; what the line says after the last. */
function after(...reports) {
  const packets = reports.reduce((known, one, second) => takePackets(known, one, second * 1000), undefined);
  return network(packets, packets.at, 0);
}

test("a network that is well is one calm line", () => {
  const { losing, words, verdict, counts } = after({ received: 50, jitter_ms: 0.41 }, { received: 100, jitter_ms: 0.38 });
  assert.equal(words, "RTP: 0 lost, 0 late, jitter 0.4 ms");
  assert.equal(losing, false);
  assert.match(verdict, /What crackles now is the call itself/);
  assert.match(counts, /^100 packets received so far, 0 lost, 0 late, 0 out of order, 0 duplicates; jitter 0\.4 ms\./);
});

test("another sender that is refused is named, and no longer than it sends", () => {
  const reports = [{}, { strangers: 2 }, { strangers: 4 }, { strangers: 6 }];
  const { refusing, words, counts } = after(...reports);
  assert.equal(refusing, true);
  assert.equal(words, "RTP: another sender is being refused; 0 lost, 0 late, jitter 0.0 ms");
  assert.match(counts, /^Somebody else sends audio to this call's port; it is not heard\./);
  assert.equal(after(...reports, ...Array(11).fill({ strangers: 6 })).refusing, false);
});

test("a few stray packets are no other sender", () => {
  assert.equal(after({}, { strangers: 1 }, { strangers: 4 }).refusing, false);
});

test("a sender whose clock is wrong is named", () => {
  const { losing, counts } = after({ received: 50 }, { received: 100, clock_mismatch: 99 });
  assert.equal(losing, false);
  assert.match(counts, /, 0 duplicates, 99 with a wrong timestamp; jitter /);
});

test("packets that are missing are marked, and the totals stay at hand", () => {
  const { losing, words, verdict, counts } = after({ received: 50 }, { received: 90, lost: 8, late: 2 }, { received: 140, lost: 8, late: 2 });
  assert.equal(losing, true);
  assert.equal(words, "RTP: 10 missing in the last 10 s");
  assert.match(verdict, /^What crackles now is the network/);
  assert.match(counts, /^140 packets received so far, 8 lost, 2 late, /);
});

test("a late packet alone counts: it was not heard either", () => {
  assert.equal(after({}, { late: 1 }, { late: 1 }).words, "RTP: 1 missing in the last 10 s");
});

test("a loss of before is no reason to be alarmed for ever", () => {
  const lost = { lost: 5 };
  const reports = [{}, lost, lost, ...Array(11).fill(lost)];
  assert.equal(after(...reports.slice(0, 11)).losing, true);
  assert.equal(after(...reports).words, "RTP: 5 lost, 0 late, jitter 0.0 ms");
});

test("what was lost before the page looked is no news", () => {
  assert.equal(after({ lost: 500 }, { lost: 500 }).losing, false);
});

test("a packet that was overtaken is not lost", () => {
  assert.equal(after({}, { lost: 1 }).losing, false);
  assert.equal(after({}, { lost: 1 }, { reordered: 1 }).losing, false);
});

test("a duplicate does not hide a loss, and alone is none", () => {
  const both = after({}, { lost: 0, duplicate: 1 }, { lost: 0, duplicate: 1 });
  assert.equal(both.losing, true);
  assert.match(both.counts, /, 1 lost, 0 late, /);
  const alone = after({}, { lost: -3, duplicate: 3 }, { lost: -3, duplicate: 3 });
  assert.equal(alone.losing, false);
  assert.match(alone.words, /^RTP: 0 lost/);
});

test("a tap that begins anew is calm", () => {
  assert.equal(after({ lost: 9 }, {}, {}).losing, false);
});

test("no line without news", () => {
  assert.equal(network(undefined, 0, 0), null);
  assert.notEqual(network(takePackets(undefined, {}, 0), 3000, 0), null);
  assert.equal(network(takePackets(undefined, {}, 0), 3001, 0), null);
});

test("what is remembered does not grow", () => {
  let packets;
  for (let second = 0; second < 1000; second++) packets = takePackets(packets, { lost: second }, second * 1000);
  assert.equal(packets.past.length, 11);
});

test("the listener's own end is named too", () => {
  const packets = takePackets(undefined, {}, 0);
  assert.match(network(packets, 0, 0).counts, /Playback here never ran dry\.$/);
  assert.match(network(packets, 0, 3).counts, /Playback here ran dry 3 times\.$/);
});

for (const [unit, number, text] of [
  ["", 0, ""], ["", 12, "12"], ["", -3, ""], ["samples", 1640, "0.20 s"], ["samples", 0, ""],
  ["ms", 0.41, "0.4 ms"], ["ms", 0, ""],
]) {
  test(`a figure of ${number} ${unit} reads "${text}"`, () => assert.equal(shown(unit, number), text));
}
