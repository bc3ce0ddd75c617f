// What the page says about a tap's packets: is the call bad, or the network?
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { figureOf, network, shown, takePackets } from "../../../static/js/list/packets.js";

/** @typedef {import("../../../static/js/list/packets.js").Figures} Figures */
/** @typedef {import("../../../static/js/list/packets.js").Packets} Packets */

/**
 * What the page says about these packets at a time. The test fails if that is nothing.
 * @param {Packets | undefined} packets
 * @param {number} now
 */
function said(packets, now, breaks = 0) {
  const line = network(packets, now, breaks);
  assert.ok(line, "nothing is known");
  return line;
}

/** Take a report a second. Return what the page says after the last one. @param {Figures[]} reports */
function after(...reports) {
  /** @type {Packets | undefined} */
  let packets;
  for (const [second, report] of reports.entries()) packets = takePackets(packets, report, second * 1000);
  return said(packets, (reports.length - 1) * 1000);
}

test("a healthy network gets one calm line", () => {
  const { losing, words, verdict, counts } = after({ received: 50, jitter_ms: 0.41 }, { received: 100, jitter_ms: 0.38 });
  assert.equal(words, "RTP: 0 lost, 0 late, jitter 0.4 ms");
  assert.equal(losing, false);
  assert.match(verdict, /the cause is the call itself or your own network/);
  assert.match(counts, /^100 packets received so far, 0 lost, 0 late, 0 out of order, 0 duplicates; jitter 0\.4 ms\./);
});

test("a sender that is refused is mentioned while it sends, and no longer", () => {
  const reports = [{}, { strangers: 2 }, { strangers: 4 }, { strangers: 6 }];
  const { refusing, words, counts } = after(...reports);
  assert.equal(refusing, true);
  assert.equal(words, "RTP: another sender is being refused; 0 lost, 0 late, jitter 0.0 ms");
  assert.match(counts, /^Another sender sends audio to this call’s port, and it is not played\./);
  assert.equal(after(...reports, ...Array(11).fill({ strangers: 6 })).refusing, false);
});

test("a few stray packets do not count as another sender", () => {
  assert.equal(after({}, { strangers: 1 }, { strangers: 4 }).refusing, false);
});

test("wrong timestamps are mentioned", () => {
  const { losing, counts } = after({ received: 50 }, { received: 100, clock_mismatch: 99 });
  assert.equal(losing, false);
  assert.match(counts, /, 0 duplicates, 99 with a wrong timestamp; jitter /);
});

test("recent losses come first, and the totals stay at hand", () => {
  const { losing, words, verdict, counts } = after({ received: 50 }, { received: 90, lost: 8, late: 2 }, { received: 140, lost: 8, late: 2 });
  assert.equal(losing, true);
  assert.equal(words, "RTP: 10 missing in the last 10 s");
  assert.match(verdict, /^The crackling comes from the carrier’s network/);
  assert.match(counts, /^140 packets received so far, 8 lost, 2 late, /);
});

test("a late packet counts as missing, because it was not heard either", () => {
  assert.equal(after({}, { late: 1 }, { late: 1 }).words, "RTP: 1 missing in the last 10 s");
});

test("a loss raises the alarm for ten seconds", () => {
  const lost = { lost: 5 };
  const reports = [{}, lost, lost, ...Array(11).fill(lost)];
  assert.equal(after(...reports.slice(0, 11)).losing, true);
  assert.equal(after(...reports).words, "RTP: 5 lost, 0 late, jitter 0.0 ms");
});

test("losses from before the page was opened do not count as recent", () => {
  assert.equal(after({ lost: 500 }, { lost: 500 }).losing, false);
});

test("a packet that was overtaken is not lost", () => {
  assert.equal(after({}, { lost: 1 }).losing, false);
  assert.equal(after({}, { lost: 1 }, { reordered: 1 }).losing, false);
});

test("a duplicate neither hides a loss nor counts as one", () => {
  const both = after({}, { lost: 0, duplicate: 1 }, { lost: 0, duplicate: 1 });
  assert.equal(both.losing, true);
  assert.match(both.counts, /, 1 lost, 0 late, /);
  const alone = after({}, { lost: -3, duplicate: 3 }, { lost: -3, duplicate: 3 });
  assert.equal(alone.losing, false);
  assert.match(alone.words, /^RTP: 0 lost/);
});

test("figures that start over at zero are no loss", () => {
  assert.equal(after({ lost: 9 }, {}, {}).losing, false);
});

test("nothing is said without recent figures", () => {
  assert.equal(network(undefined, 0, 0), null);
  assert.notEqual(network(takePackets(undefined, {}, 0), 3000, 0), null);
  assert.equal(network(takePackets(undefined, {}, 0), 3001, 0), null);
});

test("only the reports of the last ten seconds are kept", () => {
  let packets = takePackets(undefined, {}, 0);
  for (let second = 0; second < 1000; second++) packets = takePackets(packets, { lost: second }, second * 1000);
  assert.equal(packets.past.length, 11);
});

test("breaks in the playback itself are mentioned too", () => {
  const packets = takePackets(undefined, {}, 0);
  assert.match(said(packets, 0).counts, /Your playback never ran out of audio\.$/);
  assert.match(said(packets, 0, 3).counts, /Your playback ran out of audio 3 times\.$/);
});

/** @type {{counted: Figures, shown: [name: string, unit: string, text: string][]}[]} */
const samples = JSON.parse(
  readFileSync(new URL("../../wire/packet-figures-sample.json", import.meta.url), "utf8"),
);

for (const [index, sample] of samples.entries()) {
  test(`sample ${index}: the page writes each figure as the server does`, () => {
    const written = sample.shown.map(([name, unit]) => [name, unit, shown(unit, figureOf(sample.counted, name))]);
    assert.deepEqual(written, sample.shown);
  });
}

test("the page reads only figures that the server counts", () => {
  const counts = Object.keys(samples[0].counted);
  /** @type {Set<string>} */
  const read = new Set();
  const figures = new Proxy(/** @type {Figures} */ ({}), {
    get: (_, name) => {
      read.add(String(name));
      return 1;
    },
  });
  after(figures, figures);
  assert.ok(read.size > 0);
  assert.deepEqual([...read].filter((name) => !counts.includes(name)), []);
});

/** @type {[unit: string, number: number, text: string][]} */
const figures = [
  ["", 0, ""], ["", 12, "12"], ["", -3, ""], ["samples", 1640, "0.20 s"], ["samples", 0, ""],
  ["ms", 0.41, "0.4 ms"], ["ms", 0, ""],
];
for (const [unit, number, text] of figures) {
  test(`a figure of ${number} ${unit} reads "${text}"`, () => assert.equal(shown(unit, number), text));
}
