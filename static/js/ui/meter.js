/** Level meters: how long the bar is for a level, and how it is drawn. */

const LOWEST_SHOWN_DB = -60;

/**
 * The length of the bar for a level: 0 at −60 dBFS and below, 1 at full scale.
 * @param {number} db
 */
export function fraction(db) {
  return Math.min(1, Math.max(0, 1 - db / LOWEST_SHOWN_DB));
}

/**
 * Draw a level. Only custom properties change; the style sheet moves a cover
 * and a peak mark with transforms, which costs no layout.
 * @param {HTMLElement} meter
 * @param {number} rms dBFS
 * @param {number} [peak] dBFS
 */
export function draw(meter, rms, peak = rms) {
  // Rounded to whole percents, so that a quiet line causes no work at all.
  set(meter, "--level", fraction(rms).toFixed(2));
  set(meter, "--peak", fraction(peak).toFixed(2));
}

/**
 * @param {HTMLElement} meter
 * @param {string} name
 * @param {string} value
 */
function set(meter, name, value) {
  if (meter.style.getPropertyValue(name) !== value) meter.style.setProperty(name, value);
}
