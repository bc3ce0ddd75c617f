// Sounds made up from a seed or read from a file, and what is measured on sounds.
import { readFileSync } from "node:fs";

/**
 * A generator of numbers from 0 to 1 that always gives the same ones (mulberry32).
 * @param {number} seed
 */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {number} seconds
 * @param {number} rate
 */
export function silence(seconds, rate) {
  return new Float32Array(Math.round(seconds * rate));
}

/**
 * @param {number} hz
 * @param {number} seconds
 * @param {number} rate
 */
export function tone(hz, seconds, rate) {
  return silence(seconds, rate).map((_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / rate));
}

/**
 * White noise.
 * @param {number} seconds
 * @param {number} rate
 * @param {number} seed
 */
export function noise(seconds, rate, seed) {
  const random = seeded(seed);
  return silence(seconds, rate).map(() => 0.4 * (2 * random() - 1));
}

/**
 * A vowel: pulses of the voice that ring at two formants, and a little breath.
 * @param {number} hz of the voice
 * @param {number} seconds
 * @param {number} rate
 * @param {number} seed
 */
export function hum(hz, seconds, rate, seed) {
  const breath = noise(seconds, rate, seed);
  return silence(seconds, rate).map((_, n) => {
    const since = ((n * hz) / rate) % 1 / hz; // seconds since the last pulse
    const ring = Math.sin(2 * Math.PI * 600 * since) + 0.6 * Math.sin(2 * Math.PI * 1500 * since);
    return 0.3 * Math.exp(-250 * since) * ring + 0.02 * breath[n];
  });
}

/**
 * Like speech: syllables of vowels at changing pitch and of noise, with pauses in which only
 * the line's own noise is heard.
 * @param {number} seconds
 * @param {number} rate
 * @param {number} seed
 */
export function speech(seconds, rate, seed) {
  const random = seeded(seed);
  const line = noise(seconds, rate, seed + 1);
  const sound = line.map((value) => 0.005 * value);
  for (let at = 0; at < sound.length; ) {
    const length = 0.08 + 0.2 * random();
    const kind = random();
    const made = kind < 0.65 ? hum(90 + 150 * random(), length, rate, at + seed) : noise(length, rate, at + seed);
    const level = kind > 0.85 ? 0 : 0.4 + 0.6 * random();
    for (let n = 0; n < made.length && at + n < sound.length; n++) {
      const edge = Math.min(1, n / (0.01 * rate), (made.length - n) / (0.01 * rate));
      sound[at + n] += level * edge * made[n];
    }
    at += made.length;
  }
  return sound;
}

const SPEECH = new URL("../../../monitor/sim/speech/", import.meta.url);

/**
 * What somebody says in a call of the simulator, at 8000 samples per second.
 * @param {string} turn such as "hours-2-caller"
 */
export function recorded(turn) {
  const file = readFileSync(new URL(`${turn}.wav`, SPEECH));
  const pcm = file.subarray(file.indexOf("data") + 8);
  return Float32Array.from({ length: pcm.length >> 1 }, (_, n) => pcm.readInt16LE(2 * n) / 32768);
}

/** @param {Float32Array} sound */
export function rms(sound) {
  return Math.sqrt(sound.reduce((sum, value) => sum + value * value, 0) / sound.length);
}

/**
 * How loud a sound is while it is not nearly silent, in dBFS: the mean power of those 20 ms that
 * are at most 20 dB below the loudest.
 * @param {Float32Array} sound
 * @param {number} rate
 */
export function loudnessOf(sound, rate) {
  const size = Math.round(0.02 * rate);
  const powers = Array.from({ length: Math.floor(sound.length / size) }, (_, n) => rms(sound.subarray(n * size, (n + 1) * size)) ** 2);
  const loud = powers.filter((power) => power >= Math.max(...powers) / 100);
  return 10 * Math.log10(loud.reduce((sum, power) => sum + power, 0) / loud.length);
}

/**
 * The same sound at another loudness, clipped where it does not fit.
 * @param {Float32Array} sound
 * @param {number} dBFS
 * @param {number} rate
 */
export function atLoudness(sound, dBFS, rate) {
  const factor = 10 ** ((dBFS - loudnessOf(sound, rate)) / 20);
  return sound.map((value) => Math.max(-1, Math.min(1, factor * value)));
}

/** Sounds one after the other. @param {Float32Array[]} sounds */
export function joined(...sounds) {
  return Float32Array.from(sounds.flatMap((sound) => [...sound]));
}

/** The greatest difference between neighbours. @param {Float32Array} sound */
export function steepest(sound) {
  let most = 0;
  for (let n = 1; n < sound.length; n++) most = Math.max(most, Math.abs(sound[n] - sound[n - 1]));
  return most;
}

/**
 * The pitch in Hz: the median of what windows of 60 ms say by their autocorrelation.
 * @param {Float32Array} sound
 * @param {number} rate
 */
export function pitchOf(sound, rate) {
  const size = Math.round(0.06 * rate);
  const found = [];
  for (let from = 0; from + 2 * size < sound.length; from += 4 * size) {
    found.push(rate / period(sound.subarray(from, from + 2 * size), size, rate));
  }
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
}

/**
 * The period in samples, and parts of one by a parabola through the best three.
 * @param {Float32Array} sound
 * @param {number} size samples that are compared
 * @param {number} rate
 */
function period(sound, size, rate) {
  const [shortest, longest] = [Math.floor(rate / 900), Math.ceil(rate / 60)];
  const values = Array.from({ length: longest + 2 }, (_, n) => (n < shortest - 1 ? 0 : likeness(sound, size, n)));
  const highest = Math.max(...values.slice(shortest, longest + 1));
  // The shortest lag that is nearly as good as the best, because multiples of a period are as good.
  let lag = shortest;
  while (lag < longest && !(values[lag] > 0.93 * highest && values[lag] >= values[lag + 1])) lag++;
  const [a, b, c] = values.slice(lag - 1, lag + 2);
  return lag + (a - c) / (2 * (a - 2 * b + c));
}

/**
 * @param {Float32Array} sound
 * @param {number} size samples that are compared
 * @param {number} lag
 */
function likeness(sound, size, lag) {
  let [product, energy] = [0, 0];
  for (let n = 0; n < size; n++) {
    product += sound[n] * sound[n + lag];
    energy += sound[n + lag] * sound[n + lag];
  }
  return product / Math.sqrt(energy + 1e-9);
}
