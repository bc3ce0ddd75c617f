// The automatic gain of a leg: what it makes of speech, pauses, shouts and tones.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AutomaticGain } from "../../../static/js/worklets/automatic-gain.js";
import { Bench, RATE } from "../support/audio-thread.mjs";
import { atLoudness, joined, loudnessOf, noise, recorded, rms, silence, speech, steepest, tone } from "../support/sounds.mjs";

const CEILING = 10 ** (-3 / 20);
const SLACK = 1e-6; // of 32-bit samples

/** The speech of the simulator's calls. @param {number} seconds @param {number} dBFS */
const spoken = (seconds, dBFS, turn = "hours-2-caller") =>
  atLoudness(joined(...Array.from({ length: seconds }, () => recorded(turn))).subarray(0, seconds * RATE), dBFS, RATE);
/** @param {number} seconds @param {number} dBFS */
const hiss = (seconds, dBFS, seed = 1) => atLoudness(noise(seconds, RATE, seed), dBFS, RATE);
/** @param {number} seconds @param {number} dBFS */
const beep = (seconds, dBFS, hz = 440) => atLoudness(tone(hz, seconds, RATE), dBFS, RATE);
/** The loudest sample. @param {Float32Array} sound */
const peak = (sound) => sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
/** What is heard in some seconds of a sound. @param {Float32Array} sound @param {number} from @param {number} to */
const cut = (sound, from, to) => sound.subarray(from * RATE, to * RATE);
/** Two sounds at once. @param {Float32Array} one @param {Float32Array} other */
const mixed = (one, other) => one.map((value, n) => value + other[n]);

/**
 * What a gain makes of a sound.
 * @param {Float32Array} sound
 */
function heard(sound, { on = true, gain = new AutomaticGain() } = {}) {
  gain.on = on;
  return sound.map((value) => gain.next(value));
}

/**
 * The gain in dB of each tenth of a second.
 * @param {Float32Array} came
 * @param {Float32Array} played
 */
function gains(came, played) {
  const size = RATE / 10;
  return Array.from({ length: Math.floor(came.length / size) }, (_, n) => {
    const [from, to] = [n * size, (n + 1) * size];
    return 20 * Math.log10(rms(played.subarray(from, to)) / rms(came.subarray(from, to)));
  });
}

/** How far the gain moves. @param {number[]} values dB */
const moved = (values) => Math.max(...values) - Math.min(...values);

/**
 * How many dB louder the agent is than the caller, from 2 s on.
 * @param {Float32Array} caller
 * @param {Float32Array} agent
 */
function apart(caller, agent, on = true) {
  const line = hiss(5, -65);
  const [quiet, loud] = [caller, agent].map((sound) => loudnessOf(cut(heard(mixed(sound, line), { on }), 2, 5), RATE));
  return loud - quiet;
}

for (const [caller, agent] of [
  ["appointment-2-caller", "appointment-1-agent"], ["hours-2-caller", "hours-1-agent"], ["parcel-2-caller", "parcel-1-agent"],
]) {
  test(`after 2 s a caller at -40 dBFS and an agent at -10 dBFS are within 6 dB of each other: ${caller}`, () => {
    const [quiet, loud] = [spoken(5, -40, caller), spoken(5, -10, agent)];
    assert.ok(Math.abs(apart(quiet, loud)) < 6, `${apart(quiet, loud)} dB`);
    assert.ok(apart(quiet, loud, false) > 25, "off, they are as far apart as they came");
  });
}

test("after 2 s speech at -40 and -10 dBFS whose syllables are even in themselves is within 6 dB", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const [quiet, loud] = [-40, -10].map((dBFS) => atLoudness(speech(5, RATE, seed), dBFS, RATE));
    assert.ok(Math.abs(apart(quiet, loud)) < 6, `${apart(quiet, loud)} dB with seed ${seed}`);
  }
});

for (const hz of [200, 440, 1000, 3000]) {
  test(`after 2 s tones of ${hz} Hz at -40 and -10 dBFS are within 1 dB of each other`, () => {
    const [quiet, loud] = [-40, -10].map((dBFS) => loudnessOf(cut(heard(beep(3, dBFS, hz)), 2, 3), RATE));
    assert.ok(Math.abs(quiet - loud) < 1, `${quiet} and ${loud} dBFS`);
  });
}

for (const dBFS of [-40, -25, -10]) {
  for (const background of [-60, -50]) {
    test(`in a pause of 10 s with noise at ${background} dBFS the gain for speech at ${dBFS} dBFS rests`, () => {
      const came = mixed(joined(spoken(5, dBFS), silence(10, RATE), spoken(1, dBFS)), hiss(16, background));
      const pause = gains(came, heard(came)).slice(55, 150); // what was said last is learned from for 0.3 s
      assert.ok(moved(pause) < 0.5, `moved by ${moved(pause)} dB`);
    });
  }
}

test("noise that begins in a pause does not move the gain", () => {
  const came = joined(spoken(5, -40), hiss(10, -50));
  assert.ok(moved(gains(came, heard(came)).slice(55)) < 0.5);
});

test("noise before the first word is not made louder", () => {
  for (const dBFS of [-60, -50]) assert.deepEqual(heard(hiss(10, dBFS)), hiss(10, dBFS));
});

test("silence stays silent, and the gain rests in it", () => {
  const came = joined(spoken(5, -40), silence(10, RATE), spoken(1, -40));
  const played = heard(came);
  assert.equal(peak(cut(played, 5, 15)), 0);
  const [before, after] = [gains(came, played)[49], gains(came, played)[150]];
  assert.ok(Math.abs(before - after) < 1.5, `${before} and ${after} dB`);
});

test("somebody who speaks more quietly is made louder by at most 3 dB in a second, and by half of it in 10 s", () => {
  const came = mixed(joined(spoken(5, -10), spoken(12, -22)), hiss(17, -65));
  const values = gains(came, heard(came));
  for (let n = 50; n + 10 < values.length; n++) assert.ok(values[n + 10] - values[n] < 3);
  assert.ok(moved(values.slice(50)) > 6, `${moved(values.slice(50))} dB`);
});

test("an echo of the other side, 25 dB quieter than the speech, is hardly made louder in 10 s", () => {
  const came = joined(spoken(5, -20), spoken(10, -45, "hours-1-agent"));
  const values = gains(came, heard(came)).slice(55);
  assert.ok(moved(values) < 4, `${moved(values)} dB`);
});

test("somebody who goes on to speak 25 dB more quietly is made louder in the end", () => {
  const came = joined(spoken(5, -20), spoken(40, -45, "hours-1-agent"));
  const values = gains(came, heard(came)).slice(55);
  assert.ok(moved(values) > 15, `${moved(values)} dB`);
});

test("a shout after quiet speech never exceeds full scale, and is taken down within 4 s", () => {
  const came = joined(spoken(5, -40), spoken(6, -12, "parcel-1-agent"));
  const played = heard(came);
  assert.ok(gains(came, cut(played, 0, 5))[45] > 15, "it was preceded by a high gain");
  for (const [n, value] of played.entries()) {
    assert.ok(Math.abs(value) <= Math.max(CEILING, Math.abs(came[n])) + SLACK, `${value} of ${came[n]}`);
  }
  assert.ok(loudnessOf(cut(played, 9, 11), RATE) < -14, `${loudnessOf(cut(played, 9, 11), RATE)} dBFS`);
});

test("a loud tone on a quiet leg is taken down, too", () => {
  const played = heard(joined(spoken(5, -40), beep(4, -12)));
  assert.ok(peak(cut(played, 5, 9)) <= CEILING + SLACK);
  assert.ok(loudnessOf(cut(played, 8, 9), RATE) < -15);
});

test("a click before the first word does not spoil the measure", () => {
  const came = joined(beep(0.02, -6), spoken(4, -40));
  const level = loudnessOf(cut(heard(came), 2, 4), RATE);
  assert.ok(Math.abs(level + 20) < 5, `${level} dBFS`);
});

test("off, every sample comes out as it came", () => {
  const came = joined(spoken(3, -40), spoken(3, -3, "parcel-1-agent"));
  assert.deepEqual(heard(came, { on: false }), came);
});

test("the switch is no step: it takes 20 ms to leave the samples as they came, and 20 ms to come back", () => {
  const came = beep(4, -30);
  const gain = new AutomaticGain();
  const played = joined(
    heard(cut(came, 0, 2), { gain }), heard(cut(came, 2, 3), { on: false, gain }), heard(cut(came, 3, 4), { gain }),
  );
  assert.deepEqual(cut(played, 2.04, 3), cut(came, 2.04, 3));
  assert.ok(gains(cut(came, 3.1, 4), cut(played, 3.1, 4)).every((dB) => dB > 9.5));
  const allowed = 1.02 * steepest(cut(played, 3.5, 4));
  assert.ok(steepest(played) <= allowed, `${steepest(played)} of ${allowed}`);
  const abrupt = cut(played, 3.1, 4).map((value, n) => (n < 2005 ? value : value / 3));
  assert.ok(steepest(abrupt) > allowed, "a sudden switch would show");
});

test("switched off while a peak has the gain lowered, it leaves no step", () => {
  const gain = new AutomaticGain();
  const quiet = heard(beep(3, -40, 110), { gain });
  assert.ok(gains(beep(3, -40, 110), quiet)[29] > 19);
  const peaks = beep(0.1, -6, 110);
  const loud = joined(heard(peaks, { gain }), heard(peaks, { on: false, gain }));
  const [step, allowed] = [steepest(cut(loud, 0.01, 0.2)), 1.05 * steepest(peaks)]; // the first tops are flat
  assert.ok(step <= allowed, `${step} of ${allowed}`);
});

/**
 * A player of a tone, with a few seconds played.
 * @param {boolean} automatic
 */
function playing(automatic, { amplitude = 0.02, seconds = 3 } = {}) {
  const bench = new Bench({ amplitude });
  bench.send({ type: "gain", automatic });
  bench.stream(seconds);
  return bench;
}

/** How loud the last half second of a player was. @param {Bench} bench */
const amplitudeOf = (bench) => Math.SQRT2 * rms(Float32Array.from(bench.out.slice(-bench.device / 2)));

test("a player is told to use it", () => {
  const [off, on] = [playing(false), playing(true)].map(amplitudeOf);
  assert.ok(Math.abs(off / 0.02 - 1) < 0.02, `${off}`);
  assert.ok(Math.abs(on / (0.1 * Math.SQRT2) - 1) < 0.1, `${on}`);
});

test("the meter shows what came, whatever the gain makes of it", () => {
  const [off, on] = [playing(false), playing(true)].map((bench) => bench.reports.map((report) => report.rms));
  assert.deepEqual(on, off);
  assert.ok(Math.abs((on.at(-1) ?? 0) * Math.SQRT2 - 0.02) < 0.001);
});

for (const rate of [RATE, 2 * RATE]) {
  test(`a player that is configured for ${rate} Hz goes on with what it has learned`, () => {
    const bench = playing(true);
    bench.send({ type: "configure", rate });
    for (let chunk = 0; chunk < 8; chunk++) bench.push();
    bench.play(0.12);
    const heardNow = Math.max(...bench.out.slice(-0.05 * bench.device));
    assert.ok(heardNow > 0.12, `${heardNow}`);
  });
}
