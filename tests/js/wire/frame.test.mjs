// The browser's parser of Frames, on the same samples as the Python one.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Flag, FrameError, LEGS, parseFrame } from "../../../static/js/wire/frame.js";

/** @type {{hex: string, leg: number, flags: number, position: number, samples: number[]}[]} */
const samples = JSON.parse(
  readFileSync(new URL("../../wire/frame-sample.json", import.meta.url), "utf8"),
);

/** JSON.parse rounds integers over 2^53, so received_at is read from the text. */
const text = readFileSync(new URL("../../wire/frame-sample.json", import.meta.url), "utf8");
const receivedAt = [...text.matchAll(/"received_at":\s*(\d+)/g)].map((match) => BigInt(match[1]));

/** @param {string} hex */
function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;
}

test("the sample file holds Frames", () => {
  assert.ok(samples.length >= 3);
  assert.equal(receivedAt.length, samples.length);
});

for (const [index, sample] of samples.entries()) {
  test(`sample ${index}: the header and the samples are read`, () => {
    const frame = parseFrame(bytes(sample.hex));
    assert.equal(frame.version, 1);
    assert.equal(frame.leg, sample.leg);
    assert.equal(frame.flags, sample.flags);
    assert.equal(frame.position, sample.position);
    assert.equal(frame.receivedAt, receivedAt[index]);
    assert.deepEqual([...frame.pcm], sample.samples);
  });
}

test("samples are a view, so that the buffer can be transferred", () => {
  const buffer = bytes(samples[0].hex);
  assert.equal(parseFrame(buffer).pcm.buffer, buffer);
});

test("legs and flags have the numbers of the header", () => {
  assert.deepEqual([...LEGS], ["both", "speak", "listen"]);
  assert.deepEqual({ ...Flag }, { GAP: 1, MASKED: 2, CONCEALED: 4 });
});

const good = samples[0].hex;
/** @type {[what: string, hex: string, why: RegExp][]} */
const refused = [
  ["nothing", "", /shorter than its 16-byte header/],
  ["half a header", good.slice(0, 30), /15 bytes is shorter/],
  ["another version", `02${good.slice(2)}`, /version 2 is unknown/],
  ["version 0", `00${good.slice(2)}`, /version 0 is unknown/],
  ["an unknown leg", `0103${good.slice(4)}`, /leg 3 is unknown/],
  ["half a sample", good.slice(0, -2), /half a sample/],
];
for (const [what, hex, why] of refused) {
  test(`a Frame is refused: ${what}`, () => {
    assert.throws(() => parseFrame(bytes(hex)), (error) => error instanceof FrameError && why.test(error.message));
  });
}
