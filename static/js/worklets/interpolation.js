/** Reads a ring of samples between its samples: windowed-sinc interpolation from a table. */

export const TAPS = 16; // input samples that make one output sample
export const HALF = TAPS / 2;
const PHASES = 128; // rows of the table between two input samples

/**
 * Zeroth-order modified Bessel function, for the Kaiser window.
 * @param {number} x
 */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 24; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Windowed-sinc rows, one for each phase, plus one so that neighbours can be
 * blended without a bounds check. Each row sums to 1.
 * @param {number} cutoff 1 when the device's rate is the higher one
 */
export function interpolationTable(cutoff) {
  const beta = 7;
  const table = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = phase * TAPS;
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - (HALF - 1) - phase / PHASES;
      const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
      const edge = 1 - (x / HALF) ** 2;
      table[row + tap] = edge < 0 ? 0 : (sinc * bessel(beta * Math.sqrt(edge))) / bessel(beta);
      sum += table[row + tap];
    }
    for (let tap = 0; tap < TAPS; tap++) table[row + tap] /= sum;
  }
  return table;
}

/**
 * The signal at a fractional place in a ring. HALF samples must follow the place.
 * @param {Float32Array} ring its length is a power of two
 * @param {Float32Array} table
 * @param {number} at
 */
export function interpolate(ring, table, at) {
  const mask = ring.length - 1;
  const whole = Math.floor(at);
  const phase = (at - whole) * PHASES;
  const row = Math.floor(phase) * TAPS;
  const blend = phase - Math.floor(phase);
  const first = whole - HALF + 1;
  let low = 0;
  let high = 0;
  for (let tap = 0; tap < TAPS; tap++) {
    const value = ring[(first + tap) & mask];
    low += value * table[row + tap];
    high += value * table[row + TAPS + tap];
  }
  return low + (high - low) * blend;
}
