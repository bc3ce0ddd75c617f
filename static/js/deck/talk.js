/** What a deck says of who talks, where the two parties of its call are tapped apart. Pure. */

import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number, percent } from "../ui/locale.js";
import { duration, shortDuration } from "../ui/words.js";

/**
 * A party that is silent for longer is named. The server tells within 14 s that somebody speaks, so
 * that nobody who does is called silent.
 */
const SILENT_MS = 20_000;

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").Talk} Talk */

/**
 * What the page knows of a call's talk.
 * @typedef {object} KnownTalk
 * @property {Talk | null} talk
 * @property {number | null} serverNow null where the page is out of date, or the call is over
 */

/**
 * @typedef {object} TalkWords
 * @property {number} share the caller's, 0 to 1
 * @property {string} words
 */

/**
 * What is said of a call's talk.
 * @param {KnownTalk} known
 * @returns {TalkWords | null} null before anybody has talked, and where that is not known
 */
export function talkWords({ talk, serverNow }) {
  const said = talk ? talk.speak.seconds + talk.listen.seconds : 0;
  if (!talk || !said) return null;
  const share = talk.speak.seconds / said;
  const caller = Math.round(share * 100) / 100;
  // Translators: caller and agent are shares of what was said, such as 62%
  const shares = fill(gettext("Caller %(caller)s · Agent %(agent)s"), { caller: percent(caller), agent: percent(1 - caller) });
  const parts = [shares, overlapWords(talk), serverNow === null ? "" : silenceWords(talk, serverNow)];
  return { share, words: parts.filter(Boolean).join(" · ") };
}

/** @param {Talk} talk */
function overlapWords({ overlap, overlaps }) {
  if (!overlaps) return "";
  // Translators: time is how long both parties of a call talked at once in all, such as 4 s
  const words = ngettext("both at once %(n)s time, %(time)s", "both at once %(n)s times, %(time)s", overlaps);
  return fill(words, { n: number(overlaps), time: shortDuration(overlap) });
}

/**
 * @param {Talk} talk
 * @param {number} serverNow
 */
function silenceWords({ speak, listen }, serverNow) {
  const [caller, agent] = [serverNow - Date.parse(speak.spoke_at), serverNow - Date.parse(listen.spoke_at)];
  const both = Math.min(caller, agent);
  if (both >= SILENT_MS) return fill(gettext("both silent for %(held)s"), { held: duration(both) });
  if (caller >= SILENT_MS) return fill(gettext("caller silent for %(held)s"), { held: duration(caller) });
  return agent >= SILENT_MS ? fill(gettext("agent silent for %(held)s"), { held: duration(agent) }) : "";
}
