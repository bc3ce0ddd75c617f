/**
 * The picture of a strip: the outlines of its bars, as the paths of an SVG. It is no canvas,
 * because each canvas in sight is a layer, and the browser puts all layers together anew whenever
 * a row moves: 13 ms with 50 canvases. Pure.
 */

import { bars } from "./strip.js";

/** The size of the picture; each bar has whole pixels, or it would blur. */
const BAR_PX = 2;
const HEIGHT_PX = 18;

/** @typedef {import("./strip.js").Bar} Bar */
/** @typedef {import("./strip.js").Strip} Strip */

/** @typedef {{speech: string, noise: string}} Picture the paths of the bars in which somebody spoke, and of the others */

/**
 * @param {Strip} strip
 * @returns {Picture}
 */
export function pictureOf(strip) {
  const all = bars(strip);
  return {
    speech: outline(all, (bar) => bar.spoken),
    noise: outline(all, (bar) => bar.audio && !bar.spoken),
  };
}

/**
 * Draw round the bars of one kind. Bars side by side have one outline.
 * @param {Bar[]} all
 * @param {(bar: Bar) => boolean} drawn
 */
function outline(all, drawn) {
  let path = "";
  let isOpen = false;
  for (const [place, bar] of all.entries()) {
    const wanted = drawn(bar);
    if (wanted && !isOpen) path += `M${place * BAR_PX},${HEIGHT_PX}`;
    if (!wanted && isOpen) path += `V${HEIGHT_PX}`;
    if (wanted) path += `V${topOf(bar)}H${(place + 1) * BAR_PX}`;
    isOpen = wanted;
  }
  return isOpen ? `${path}V${HEIGHT_PX}` : path;
}

/** The quietest audio can be seen. @param {Bar} bar */
function topOf({ height }) {
  return HEIGHT_PX - Math.max(1, Math.round(height * HEIGHT_PX));
}
