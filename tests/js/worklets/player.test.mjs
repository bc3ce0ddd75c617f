// The player on the audio thread, on a stand-in for the device.
import assert from "node:assert/strict";
import { test } from "node:test";

import { interpolate } from "../../../static/js/worklets/interpolation.js";
import { Line } from "../../../static/js/worklets/line.js";
import { Playout } from "../../../static/js/worklets/playout.js";
import { Ring } from "../../../static/js/worklets/ring.js";
import { Bench, BLOCK, CHUNK, EarshotPlayer, RATE, registered } from "../support/audio-thread.mjs";

test("the worklets register the names that pages ask for", () => {
  assert.deepEqual(registered, ["earshot-limiter", "earshot-player"]);
});

/**
 * The share of a signal's energy at one frequency: 1 for a pure tone.
 * @param {number[]} signal
 * @param {number} hz
 * @param {number} rate
 */
function share(signal, hz, rate) {
  let re = 0;
  let im = 0;
  let energy = 0;
  for (const [n, value] of signal.entries()) {
    // A Hann window keeps the ends of the cut from leaking into other frequencies.
    const windowed = value * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / signal.length));
    re += windowed * Math.cos((2 * Math.PI * hz * n) / rate);
    im += windowed * Math.sin((2 * Math.PI * hz * n) / rate);
    energy += windowed * windowed;
  }
  return (3 * (re * re + im * im)) / (energy * signal.length);
}

const loudest = (/** @type {number[]} */ signal) => signal.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const steepest = (/** @type {number[]} */ signal) =>
  signal.slice(1).reduce((most, value, i) => Math.max(most, Math.abs(value - signal[i])), 0);

/** Where the player began to play. It begins with a block, whose first samples may be zero. */
const began = (/** @type {number[]} */ signal) =>
  Math.floor(signal.findIndex((value) => value !== 0) / BLOCK) * BLOCK;

for (const device of [44100, 48000, 16000, 96000]) {
  test(`a tone comes out as it went in, at ${device} Hz`, () => {
    const bench = new Bench({ device });
    bench.stream(3);
    const middle = bench.out.slice(device, 2 * device);
    assert.ok(share(middle, 440, device) > 0.9999, `share ${share(middle, 440, device)}`);
    assert.ok(share(middle, 450, device) < 0.01);
    assert.ok(Math.abs(loudest(middle) - 0.5) < 0.005, `peak ${loudest(middle)}`);
    assert.equal(bench.last.underruns, 0);
    assert.equal(bench.last.drops, 0);
  });

  test(`every sample is played once, in order, at ${device} Hz`, () => {
    const bench = new Bench({ device });
    bench.stream(3);
    const from = began(bench.out);
    // Output n is the wave at a place that moves RATE/device per sample: a lost
    // or doubled sample would shift all that follow.
    let worst = 0;
    for (let n = Math.round(0.01 * device); from + n < bench.out.length; n++) {
      const wanted = bench.wave((n * RATE) / device);
      worst = Math.max(worst, Math.abs(bench.out[from + n] - wanted));
    }
    assert.ok(worst < 0.002, `off by ${worst}`);
  });
}

test("nothing is played before the target has passed", () => {
  const bench = new Bench();
  bench.send({ type: "target", seconds: 1 });
  for (let chunk = 0; chunk < 3; chunk++) {
    bench.push();
    bench.play(0.3);
  }
  bench.play(0.09); // 990 ms since the first arrived
  assert.equal(loudest(bench.out), 0);
  assert.ok(bench.reports.length >= 3);
  assert.ok(bench.reports.every((report) => !report.playing && report.positionPlayed === null));
  assert.equal(bench.last.bufferedSamples, 3 * CHUNK);
  assert.equal(bench.last.underruns, 0);
  bench.push();
  bench.play(0.3);
  assert.ok(loudest(bench.out) > 0.4);
});

test("playing starts with a fade, not with a click", () => {
  // A wave at its crest: without a fade the first step would be 0.5.
  const bench = new Bench({ hz: 0 });
  bench.wave = () => 0.5;
  for (let chunk = 0; chunk < 8; chunk++) bench.push();
  bench.play(0.1);
  assert.ok(loudest(bench.out) > 0.49);
  assert.ok(steepest(bench.out) < 0.01, `step of ${steepest(bench.out)}`);
});

test("after an underrun the player fades out, and is silent until the target is filled again", () => {
  const bench = new Bench();
  bench.wave = () => 0.5;
  bench.stream(1);
  bench.play(2); // the network is down
  assert.equal(bench.last.underruns, 1);
  assert.equal(bench.last.playing, false);
  assert.equal(bench.last.rms, 0);
  assert.equal(loudest(bench.out.slice(-48000)), 0);
  bench.push(); // 60 ms are less than the target: still silent
  const before = bench.out.length;
  bench.play(0.05);
  assert.equal(loudest(bench.out.slice(before)), 0);
  for (let chunk = 0; chunk < 4; chunk++) bench.push();
  bench.play(0.1);
  assert.ok(loudest(bench.out.slice(before)) > 0.49);
  assert.ok(steepest(bench.out) < 0.01, `step of ${steepest(bench.out)}`);
});

test("the player reports playing only while it renders samples", () => {
  const bench = new Bench();
  bench.stream(2);
  assert.equal(bench.last.playing, true);
  bench.play(0.6); // 200 ms of sound at most, then nothing
  // In the report of the moment when the sound ended, some was rendered and none is playing.
  const went = bench.reports.find((report) => report.underruns === 1);
  assert.ok(went && went.rms > 0 && !went.playing);
  const seen = bench.reports.length;
  bench.play(3);
  const starved = bench.reports.slice(seen);
  assert.ok(starved.length >= 11);
  assert.ok(starved.every((report) => !report.playing && report.rms === 0));
});

test("the player reports about four times a second", () => {
  const bench = new Bench({ device: 44100 });
  bench.stream(3);
  assert.ok(Math.abs(bench.reports.length - 12) <= 1, `${bench.reports.length} reports in 3 s`);
});

test("more than a second behind live, the player jumps to the target delay", () => {
  const bench = new Bench();
  bench.stream(1);
  for (let chunk = 0; chunk < 50; chunk++) bench.push(); // three seconds at once
  bench.play(0.3);
  assert.equal(bench.last.drops, 1);
  assert.ok(bench.last.droppedSamples > 2 * RATE);
  assert.ok(bench.last.bufferedSamples <= 0.2 * RATE);
  const behind = bench.position - bench.played;
  assert.ok(behind <= 0.2 * RATE, `${behind} samples behind live`);
  // A cross-fade of a full-scale 440 Hz wave with itself is no steeper than the wave.
  const slope = (2 * Math.PI * 440 * 0.5) / 48000;
  assert.ok(steepest(bench.out) < 2 * slope, `step of ${steepest(bench.out)}`);
});

test("just under a second behind live, the player drops nothing", () => {
  const bench = new Bench();
  for (let chunk = 0; chunk < 16; chunk++) bench.push(); // 960 ms
  bench.play(0.8);
  assert.equal(bench.last.drops, 0);
  assert.equal(bench.last.droppedSamples, 0);
});

test("after a suspension the player plays live audio, not the oldest", () => {
  const bench = new Bench();
  for (let chunk = 0; chunk < 1000; chunk++) bench.push(); // a minute, suspended
  bench.play(0.3);
  assert.ok(bench.last.drops >= 1);
  assert.ok(bench.position - bench.played <= 0.2 * RATE);
});

test("of a Frame longer than the ring, the end is kept", () => {
  const bench = new Bench();
  bench.push(40 * RATE);
  bench.play(0.1);
  assert.equal(bench.reports.length, 0); // none is due yet
  bench.play(0.2);
  assert.ok(bench.position - bench.played <= 0.2 * RATE);
  assert.ok(loudest(bench.out) > 0.49);
});

for (const { what, ...gap } of [
  { what: "a gap flag", flags: 1 },
  { what: "a jump of the position", skip: 4011 },
]) {
  test(`the player fades over ${what}`, () => {
    const bench = new Bench();
    bench.wave = () => 0.5;
    bench.stream(1);
    bench.wave = () => -0.5; // without a fade: a step of 1
    bench.push(CHUNK, gap);
    bench.play(CHUNK / RATE);
    for (let chunk = 0; chunk < 8; chunk++) {
      bench.push();
      bench.play(CHUNK / RATE);
    }
    assert.ok(steepest(bench.out) < 0.03, `step of ${steepest(bench.out)}`);
    assert.ok(Math.abs(bench.out[bench.out.length - 1] + 0.5) < 0.001);
    assert.equal(bench.last.underruns, 0);
  });
}

test("the reported position is the Frames', over a gap and over the wrap", () => {
  const bench = new Bench();
  bench.position = 2 ** 32 - 2 * RATE;
  bench.wave = () => 0.5;
  bench.stream(3);
  const dip = Math.min(...bench.out.slice(48000, 140000));
  assert.ok(dip > 0.49, `the wrap is no gap, but was faded to ${dip}`);
  const played = bench.played;
  const behind = (bench.position - played) % 2 ** 32;
  assert.ok(played < 2 * RATE, `played ${played}`);
  assert.ok(behind > 0 && behind <= 0.5 * RATE, `${behind} behind`);
  assert.equal(bench.last.underruns, 0);
  bench.push(CHUNK, { skip: 100 * RATE });
  bench.stream(1);
  assert.ok(bench.played > 100 * RATE);
});

test("Frames of any length play the same", () => {
  const bench = new Bench({ device: 44100 });
  const lengths = [1, 7, 160, 3, 0, 799, 240, 1000, 5];
  for (let n = 0; bench.position < 3 * RATE; n++) {
    const before = bench.position;
    bench.push(lengths[n % lengths.length]);
    bench.play((bench.position - before) / RATE);
  }
  const from = began(bench.out);
  let worst = 0;
  for (let n = 441; from + n < bench.out.length; n++) {
    worst = Math.max(worst, Math.abs(bench.out[from + n] - bench.wave((n * RATE) / 44100)));
  }
  assert.equal(bench.last.underruns, 0);
  assert.ok(worst < 0.002, `off by ${worst}`);
});

test("the reported level is that of the samples that were played", () => {
  const bench = new Bench();
  bench.stream(2);
  assert.ok(Math.abs(bench.last.rms - 0.5 / Math.SQRT2) < 0.005, `rms ${bench.last.rms}`);
});

test("stop fades out and ends the processor", () => {
  const bench = new Bench();
  bench.wave = () => 0.5;
  bench.stream(1);
  bench.send({ type: "stop" });
  bench.play(0.1);
  assert.equal(bench.alive, false);
  assert.equal(bench.last.ended, true);
  assert.ok(steepest(bench.out) < 0.01);
});

test("stop ends the processor even before anything was played", () => {
  const bench = new Bench();
  bench.send({ type: "stop" });
  bench.play(0.1);
  assert.equal(bench.alive, false);
});

test("at the end of the call the player plays what is buffered, and counts no underrun", () => {
  const bench = new Bench();
  bench.stream(1);
  const buffered = bench.position;
  bench.send({ type: "end" });
  bench.play(1);
  assert.equal(bench.alive, false);
  assert.equal(bench.last.ended, true);
  assert.equal(bench.last.underruns, 0);
  assert.ok(buffered - bench.played <= 10, `${buffered - bench.played} samples unheard`);
});

test("at the end of the call even less than the target is played", () => {
  const bench = new Bench();
  bench.push();
  bench.send({ type: "end" });
  bench.play(0.5);
  assert.equal(bench.alive, false);
  assert.ok(loudest(bench.out) > 0.4);
});

test("a new rate empties the ring, and is played correctly", () => {
  const bench = new Bench();
  bench.stream(1);
  bench.send({ type: "configure", rate: 16000 });
  const before = bench.out.length;
  for (let chunk = 0; chunk < 40; chunk++) {
    bench.push(960); // 60 ms at 16 kHz; the wave is 880 Hz then
    bench.play(0.06);
  }
  const middle = bench.out.slice(before + 24000, before + 72000);
  assert.ok(share(middle, 880, 48000) > 0.999, `share ${share(middle, 880, 48000)}`);
});

test("process() allocates nothing", () => {
  const { process, limit, steer, render, report } = EarshotPlayer.prototype;
  const called = [Line.prototype.fill, Playout.prototype.steer, Playout.prototype.delay, Ring.prototype.silence];
  const source = [process, limit, steer, render, report, interpolate, ...called].join("\n");
  assert.doesNotMatch(source, /\bnew\b|console|=>|\.\.\.|\[\]|\{\s*\w+:/);
});
