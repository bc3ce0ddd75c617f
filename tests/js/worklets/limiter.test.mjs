// The limiter behind all decks, on a stand-in for the device.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BLOCK, CEILING, limited, Limiter } from "../support/audio-thread.mjs";

const RATE = 48000;

/**
 * A tone, whose amplitude is a function of the time in seconds.
 * @param {number} seconds
 * @param {number} hz
 * @param {(second: number) => number} amplitude
 */
function tone(seconds, hz, amplitude) {
  const length = Math.ceil((seconds * RATE) / BLOCK) * BLOCK;
  return Array.from({ length }, (_, n) => amplitude(n / RATE) * Math.sin((2 * Math.PI * hz * n) / RATE));
}

/** @param {number[]} samples */
const loudest = (samples) => samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/**
 * The loudest sample of some time, in dB.
 * @param {number[]} samples
 * @param {number} from seconds
 * @param {number} to
 */
const level = (samples, from, to) => 20 * Math.log10(loudest(samples.slice(from * RATE, to * RATE)));

test("what is below the ceiling comes out bit for bit, a block later", () => {
  const sum = tone(0.5, 440, () => 0.7);
  const [played] = limited([sum]);
  assert.deepEqual(played.slice(BLOCK), [...Float32Array.from(sum)].slice(0, -BLOCK));
});

for (const hz of [300, 1000, 3400]) {
  test(`six tones of ${hz} Hz at full scale stay below the ceiling from their first sample`, () => {
    const [played] = limited([tone(0.5, hz, (second) => (second < 0.1 ? 0.1 : 6))]);
    assert.ok(loudest(played) <= CEILING * 1.000001, `peak ${loudest(played)}`);
    assert.ok(level(played, 0.3, 0.5) > -3.3, `they are played at ${level(played, 0.3, 0.5)} dB`);
  });
}

test("one sample that is far too loud stays below the ceiling", () => {
  const sum = tone(0.1, 440, () => 0.5);
  sum[1000] = -6;
  assert.ok(loudest(limited([sum])[0]) <= CEILING * 1.000001);
});

test("after a loud sound a quiet one is as loud as before within a second, and then bit for bit", () => {
  const sum = tone(4, 440, (second) => (second < 0.2 ? 4 : 0.1));
  const [played] = limited([sum]);
  assert.ok(level(played, 0.21, 0.25) < -28, "it is quieter at first");
  assert.ok(level(played, 1.2, 1.4) > -20.5);
  assert.deepEqual(played.slice(3.5 * RATE, -BLOCK), [...Float32Array.from(sum)].slice(3.5 * RATE - BLOCK, -2 * BLOCK));
});

test("both sides become quieter alike, so that no call moves in the room", () => {
  const [left, right] = limited([tone(0.5, 440, () => 3), tone(0.5, 880, () => 0.3)]);
  assert.ok(Math.abs(level(left, 0.2, 0.5) - level(right, 0.2, 0.5) - 20) < 0.1);
});

test("it plays the block that it has kept when the decks have gone, and then silence", () => {
  const limiter = new Limiter();
  const blocks = [[Float32Array.from({ length: BLOCK }, () => 0.5)], [], []];
  const played = blocks.map((input) => {
    const output = [new Float32Array(BLOCK)];
    limiter.process([input], [output]);
    return output[0][0];
  });
  assert.deepEqual(played, [0, 0.5, 0]);
});
