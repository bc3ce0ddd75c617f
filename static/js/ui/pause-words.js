/** What is said of a pause of a call: who ordered it, and when it ends by itself. */

import { fill, gettext, ngettext, pgettext } from "./i18n.js";
import { timeFormat } from "./locale.js";

/** So long before its end a pause that was forgotten is warned of. */
const WARN_MS = 60_000;
const CLOCK = timeFormat({ timeStyle: "medium" });
// Translators: the state of a call in which nobody hears what is said
export const PAUSED = pgettext("call", "Paused");

/** @typedef {import("../wire/messages.js").Pause} Pause */

/**
 * @param {Pause} pause that goes on
 * @param {number} now the server's time, Unix ms
 */
export function pauseWords(pause, now) {
  return `${orderedWords(pause)} ${endWords(pause, now)}`;
}

/** Say who paused a call, and when. @param {Pause} pause that goes on */
export function orderedWords({ by, since }) {
  const at = CLOCK.format(Date.parse(since ?? ""));
  // Translators: a call in which nobody hears what is said, such as a card number
  if (!by) return fill(gettext("Paused by the agent at %(time)s."), { time: at });
  return fill(gettext("Paused by %(who)s at %(time)s."), { who: by, time: at });
}

/**
 * Does a pause end by itself soon?
 * @param {Pause} pause
 * @param {number} now the server's time, Unix ms
 */
export function endsSoon({ until }, now) {
  return until !== null && Date.parse(until) - now < WARN_MS;
}

/**
 * @param {Pause} pause
 * @param {number} now
 */
function endWords(pause, now) {
  const until = Date.parse(pause.until ?? "");
  if (!endsSoon(pause, now)) return fill(gettext("It ends by itself at %(time)s."), { time: CLOCK.format(until) });
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  const words = ngettext(
    "It ends by itself in %(n)s second: everybody then hears the call again.",
    "It ends by itself in %(n)s seconds: everybody then hears the call again.",
    seconds,
  );
  return fill(words, { n: seconds });
}
