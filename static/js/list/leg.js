/** How one leg of a call sounds, in its row: a meter for now, and a strip for the last minute. */

import { FLOOR_DB } from "../audio/level.js";
import { part, setAttr, setText } from "../ui/dom.js";
import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { draw } from "../ui/meter.js";
import { mediaOf } from "./calls.js";
import { pictureOf } from "./picture.js";
import { BARS, talk } from "./strip.js";

/** @typedef {import("../wire/messages.js").Leg} Leg */
/** @typedef {import("./strip.js").Strip} Strip */

export class LegSound {
  /** @type {Strip | undefined} the one that is shown */
  #strip = undefined;

  /**
   * @param {HTMLElement} element
   * @param {string} side whose voice it is
   */
  constructor(element, side) {
    this.element = element;
    this.side = side;
    this.meter = part(element, "meter");
    this.strip = part(element, "strip");
    setText(part(element, "side"), side);
    setAttr(this.strip, "aria-label", talkWords(side)); // until there is a strip
  }

  /**
   * @param {import("./state.js").ListState} state
   * @param {Leg} leg
   * @param {number} now
   */
  draw(state, leg, now) {
    const level = mediaOf(state.levels, leg, now) === "live" ? state.levels.get(leg.id) : undefined;
    draw(this.meter, level?.rms ?? FLOOR_DB, level?.peak ?? FLOOR_DB);
    const strip = state.strips.get(leg.id);
    if (strip && strip !== this.#strip) this.#show(strip);
  }

  /** @param {Strip} strip */
  #show(strip) {
    const { speech, noise } = pictureOf(strip);
    setAttr(part(this.strip, "speech"), "d", speech);
    setAttr(part(this.strip, "noise"), "d", noise);
    setAttr(this.strip, "aria-label", talkWords(this.side, strip));
    this.#strip = strip;
  }
}

/**
 * The strip for people who cannot see it: "Caller: spoke in 23 of the last 60 seconds".
 * @param {string} side
 * @param {Strip} [strip]
 */
export function talkWords(side, strip) {
  const { seconds, spoken } = strip ? talk(strip) : { seconds: 0, spoken: 0 };
  return fill(talkForm(seconds), { side, spoken: number(spoken), n: number(seconds) });
}

/** @param {number} seconds with audio */
function talkForm(seconds) {
  // Translators: side is “Caller”, “Agent” or “Both”
  if (!seconds) return gettext("%(side)s: no audio in the last minute");
  if (seconds === BARS) {
    // Translators: side is “Caller”, “Agent” or “Both”; spoken and n are numbers
    return ngettext("%(side)s: spoke in %(spoken)s of the last %(n)s second", "%(side)s: spoke in %(spoken)s of the last %(n)s seconds", BARS);
  }
  // Translators: side is “Caller”, “Agent” or “Both”; spoken and n are numbers
  return ngettext(
    "%(side)s: spoke in %(spoken)s of the %(n)s second with audio in the last minute",
    "%(side)s: spoke in %(spoken)s of the %(n)s seconds with audio in the last minute",
    seconds,
  );
}
