/** The soft beep that a listener hears every two seconds while the call is paused. */

const EVERY_SECONDS = 2;
const BEEP_SECONDS = 0.2;
const HERTZ = 660; // no tone of a telephone
const PEAK = 0.06; // -24 dBFS

/**
 * Start to beep, at once and then again and again.
 * @param {AudioNode} into
 * @returns {AudioBufferSourceNode} which beeps until it is disconnected
 */
export function beeping(into) {
  const { context } = into;
  const rate = context.sampleRate;
  const buffer = context.createBuffer(1, EVERY_SECONDS * rate, rate);
  buffer.copyToChannel(beep(rate), 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.loop = true;
  source.connect(into);
  source.start();
  return source;
}

/**
 * A beep that swells and fades.
 * @param {number} rate samples per second
 */
function beep(rate) {
  const samples = Math.round(BEEP_SECONDS * rate);
  return Float32Array.from({ length: samples }, (_, n) => {
    const swell = Math.sin((Math.PI * n) / samples) ** 2;
    return PEAK * swell * Math.sin((2 * Math.PI * HERTZ * n) / rate);
  });
}
