// Playing faster with the pitch kept.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Stretch } from "../../../static/js/worklets/stretch.js";
import { hum, noise, pitchOf, rms, seeded, silence, speech, steepest, tone } from "../support/sounds.mjs";

const RATE = 8000;
const RING = 2 ** 14;
const CHUNK = 480; // 60 ms

/** A ring that is filled as the page would fill it, and the head that reads it. */
class Bench {
  ring = new Float32Array(RING);
  written = 0;
  /** @type {number[]} */
  out = [];

  constructor(rate = RATE) {
    this.head = new Stretch(this.ring, rate);
  }

  /** @param {ArrayLike<number>} samples */
  feed(samples) {
    for (let i = 0; i < samples.length; i++) this.ring[this.written++ & (RING - 1)] = samples[i];
  }

  /** Read until so much is left in the ring. @param {number} left */
  readTo(left) {
    while (this.written - this.head.at > left) this.out.push(this.head.next(this.written));
  }

  /**
   * Feed a signal chunk by chunk, and read while enough follows for any skip.
   * @param {Float32Array} signal
   * @param {(place: number) => number} speed by the place in the signal
   */
  run(signal, speed, chunk = CHUNK) {
    for (let from = 0; from < signal.length; from += chunk) {
      this.head.speed = speed(from);
      this.feed(signal.subarray(from, from + chunk));
      this.readTo(this.head.lookahead);
    }
    return Float32Array.from(this.out);
  }
}

/**
 * @param {Float32Array} signal
 * @param {number} speed
 */
function faster(signal, speed, rate = RATE) {
  return new Bench(rate).run(signal, () => speed);
}

/** What plays faster without keeping the pitch. @param {Float32Array} signal @param {number} speed */
function resampled(signal, speed) {
  return Float32Array.from({ length: Math.floor(signal.length / speed) }, (_, n) => {
    const whole = Math.floor(n * speed);
    const part = n * speed - whole;
    return signal[whole] * (1 - part) + (signal[whole + 1] ?? 0) * part;
  });
}

/** Is the pitch within 2 % of what it was? @param {Float32Array} sound @param {number} hz */
function keeps(sound, hz, rate = RATE) {
  return Math.abs(pitchOf(sound, rate) / hz - 1) < 0.02;
}

for (const speed of [1, 1.25, 1.5, 2]) {
  test(`at ${speed}× a tone of 440 Hz keeps its pitch and its level`, () => {
    const signal = tone(440, 5, RATE);
    const sound = faster(signal, speed);
    assert.ok(keeps(sound, 440), `pitch ${pitchOf(sound, RATE)}`);
    assert.ok(Math.abs(rms(sound) / rms(signal) - 1) < 0.02, `level ${rms(sound) / rms(signal)}`);
  });

  test(`at ${speed}× the sound is as much shorter, to 1 %`, () => {
    for (const signal of [tone(440, 10, RATE), speech(10, RATE, 1), silence(10, RATE)]) {
      const wanted = signal.length / speed;
      const { length } = faster(signal, speed);
      assert.ok(Math.abs(length / wanted - 1) < 0.01, `${length} samples, not ${wanted}`);
    }
  });

  test(`at ${speed}× no step is steeper than the signal's own`, () => {
    for (const hz of [85, 440, 1730]) {
      const signal = tone(hz, 3, RATE);
      const sound = faster(signal, speed);
      assert.ok(steepest(sound) < 1.2 * steepest(signal), `${hz} Hz: ${steepest(sound)}`);
    }
  });

  for (const hz of [80, 120, 210]) {
    test(`at ${speed}× a voice of ${hz} Hz keeps its pitch and gets no clicks`, () => {
      const signal = hum(hz, 5, RATE, 7);
      const sound = faster(signal, speed);
      assert.ok(keeps(sound, hz), `pitch ${pitchOf(sound, RATE)}`);
      assert.ok(steepest(sound) < 1.05 * steepest(signal), `step of ${steepest(sound)}`);
    });
  }

  test(`at ${speed}× speech has no hole, no click and its level`, () => {
    const signal = speech(10, RATE, 3);
    const sound = faster(signal, speed);
    assert.ok(longestSilence(sound) <= 0.005 * RATE, `silent for ${longestSilence(sound)} samples`);
    assert.ok(steepest(sound) < 1.1 * steepest(signal));
    assert.ok(Math.abs(20 * Math.log10(rms(sound) / rms(signal))) < 1.5, `level ${rms(sound) / rms(signal)}`);
  });

  test(`at ${speed}× silence stays silence`, () => {
    assert.equal(rms(faster(silence(2, RATE), speed)), 0);
  });
}

/** The longest run of zeros. @param {Float32Array} sound */
function longestSilence(sound) {
  let longest = 0;
  let run = 0;
  for (const value of sound) {
    run = value === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

for (const speed of [1.25, 1.5, 2]) {
  test(`the pitch test notices sound that was only resampled ${speed}×`, () => {
    assert.ok(!keeps(resampled(tone(440, 5, RATE), speed), 440));
    assert.ok(!keeps(resampled(hum(120, 5, RATE, 7), speed), 120));
  });
}

test("at 1× every sample passes unchanged and at once", () => {
  const signal = speech(3, RATE, 5);
  const bench = new Bench();
  bench.feed(signal.subarray(0, RING));
  bench.readTo(0);
  assert.deepEqual(Float32Array.from(bench.out), signal.subarray(0, RING));
});

for (const rate of [16000, 24000, 48000]) {
  test(`a call of ${rate} samples a second keeps its pitch at 1.5×`, () => {
    const sound = faster(tone(440, 3, rate), 1.5, rate);
    assert.ok(keeps(sound, 440, rate), `pitch ${pitchOf(sound, rate)}`);
    assert.ok(Math.abs((sound.length * 1.5) / (3 * rate) - 1) < 0.01);
  });
}

test("changes of speed in mid-stream are no event in the sound", () => {
  const speeds = [1, 2, 1.25, 1, 1.5, 2, 1];
  const signal = tone(440, 6, RATE);
  const sound = new Bench().run(signal, (place) => speeds[Math.floor(place / 2000) % speeds.length]);
  assert.ok(keeps(sound, 440), `pitch ${pitchOf(sound, RATE)}`);
  assert.ok(steepest(sound) < 1.2 * steepest(signal), `step of ${steepest(sound)}`);
  assert.ok(Math.abs(rms(sound) / rms(signal) - 1) < 0.02);
});

test("back at 1×, samples pass unchanged once the last cross-fade is over", () => {
  const signal = speech(4, RATE, 11);
  const bench = new Bench();
  bench.run(signal.subarray(0, 2 * RATE), () => 2);
  const { at, fade } = bench.head;
  const before = bench.out.length;
  bench.run(signal.subarray(2 * RATE), () => 1);
  const later = Float32Array.from(bench.out.slice(before + fade));
  assert.deepEqual(later, signal.subarray(at + fade, at + fade + later.length));
});

test("the sound does not depend on how the ring is filled", () => {
  const signal = speech(3, RATE, 13);
  const random = seeded(17);
  const whole = new Bench().run(signal, () => 1.5, 4000);
  const bench = new Bench();
  for (let from = 0; from < signal.length; ) {
    const to = from + 1 + Math.floor(700 * random());
    bench.head.speed = 1.5;
    bench.feed(signal.subarray(from, to));
    bench.readTo(bench.head.lookahead);
    from = to;
  }
  const parts = Float32Array.from(bench.out);
  const shorter = Math.min(whole.length, parts.length);
  assert.deepEqual(parts.subarray(0, shorter), whole.subarray(0, shorter));
});

test("where too little audio follows, the head plays on at 1× and skips nothing later for it", () => {
  const signal = tone(440, 2, RATE);
  const bench = new Bench();
  bench.head.speed = 2;
  bench.feed(signal.subarray(0, 200));
  bench.readTo(0);
  assert.deepEqual(Float32Array.from(bench.out), signal.subarray(0, 200));
  bench.feed(signal.subarray(200, RATE));
  bench.readTo(bench.head.lookahead);
  const wanted = 200 + (RATE - 200) / 2;
  assert.ok(Math.abs(bench.out.length - wanted) < 300, `${bench.out.length} samples, not ${wanted}`);
});

test("the head reads at most its look-ahead beyond the sample that it passes on", () => {
  const bench = new Bench();
  assert.ok(bench.head.lookahead <= 0.04 * RATE, `${bench.head.lookahead} samples`);
  const signal = speech(3, RATE, 19);
  const poisoned = Float32Array.from(signal).fill(Number.NaN, 2 * RATE);
  bench.head.speed = 2;
  bench.feed(poisoned.subarray(0, RING));
  while (bench.head.at < 2 * RATE - 2 * bench.head.lookahead) bench.out.push(bench.head.next(bench.written));
  assert.ok(bench.out.every((value) => Number.isFinite(value)));
});

for (const [what, from, to] of [["forward", 3000, 9000], ["back", 9000, 3000]]) {
  test(`a jump ${what} is faded over`, () => {
    const bench = new Bench();
    bench.feed(tone(85, 1.5, RATE));
    bench.head.reset(Number(from));
    for (let n = 0; n < 100; n++) bench.out.push(bench.head.next(bench.written));
    bench.head.jump(Number(to));
    for (let n = 0; n < 400; n++) bench.out.push(bench.head.next(bench.written));
    assert.equal(bench.head.at, Number(to) + 400);
    assert.ok(steepest(Float32Array.from(bench.out)) < 0.08);
  });
}

test("a jump during a cross-fade waits for its end", () => {
  const bench = new Bench();
  bench.ring.fill(-0.5);
  bench.ring.fill(0.5, 2000, 4000);
  bench.written = RING;
  for (const place of [2000, 6000, 3000]) {
    bench.head.jump(place);
    for (let n = 0; n < 30; n++) bench.out.push(bench.head.next(bench.written));
  }
  for (let n = 0; n < 300; n++) bench.out.push(bench.head.next(bench.written));
  assert.ok(steepest(Float32Array.from(bench.out)) < 0.03);
  assert.equal(bench.out[bench.out.length - 1], 0.5);
});

test("noise keeps its level at 2×, to 1.5 dB", () => {
  const signal = noise(5, RATE, 23);
  const change = 20 * Math.log10(rms(faster(signal, 2)) / rms(signal));
  assert.ok(Math.abs(change) < 1.5, `${change} dB`);
});

test("a speed outside 1 to 2 is brought back into it", () => {
  const { head } = new Bench();
  for (const [asked, got] of [[0.5, 1], [3, 2], [1.25, 1.25]]) {
    head.speed = asked;
    assert.equal(head.speed, got);
  }
});
