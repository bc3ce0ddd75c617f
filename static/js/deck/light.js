/**
 * The audio light says what the listener really hears, as far as the facts tell.
 * Pure; the view shows it.
 */

import { fill, gettext, pgettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { endsSoon, PAUSED, pauseWords } from "../ui/pause-words.js";
import { DEVICE_TAKES_NO_AUDIO, loss, refusal, wordsOf } from "../ui/words.js";
import { offsetOf } from "../wire/clock.js";
import { Close } from "../wire/protocol.js";
import { delay, isFlowing, isSounding } from "./facts.js";

const QUIET_MS = 1000;
/** A listener who hears the call so much later is told: what is seen elsewhere no longer fits. */
const BEHIND_MS = 3000;
const NO_DEVICE_MS = 4000;
const BUFFERING_MS = 3000;
const NO_PLACE_YET = gettext(
  "Stop one of them. If its window lost its connection, just wait: this page tries again by itself.",
);

const STILL_HEARD = gettext("Reconnecting; the audio that has arrived so far plays on.");

/** @typedef {import("../audio/mixer.js").Standing} Standing */
/** @typedef {import("./facts.js").Facts} Facts */

/**
 * @typedef {object} Light
 * @property {"idle" | "connecting" | "buffering" | "playing" | "silent" | "behind" | "stalled"
 *   | "reconnecting" | "blocked" | "paused" | "muted" | "ended" | "refused" | "failed"} state
 * @property {string} words
 * @property {string} detail
 * @property {boolean} [warns] of a pause that ends by itself soon
 */

/** From the light that says most about a call to the one that says least. @type {Light["state"][]} */
const RANK = [
  "blocked", "paused", "playing", "silent", "behind", "buffering", "connecting", "stalled", "reconnecting", "refused", "failed",
  "ended", "idle",
];

/** @type {ReadonlySet<string>} */
const OVER = new Set(["ended", "refused", "failed"]);

/**
 * Does the light say that nothing will be heard any more?
 * @param {string} state
 */
export function isOver(state) {
  return OVER.has(state);
}

/**
 * Does the light say that the call is heard, live or not, and whether or not somebody is speaking?
 * @param {string} state
 */
export function isHeard(state) {
  return state === "playing" || state === "silent" || state === "behind";
}

/**
 * In a few words, what the listener hears, or why that is nothing.
 * @type {Record<Light["state"], string>}
 */
export const WORDS = {
  idle: gettext("Not listening"),
  connecting: gettext("Connecting"),
  buffering: gettext("Buffering"),
  // Translators: the sound of a call is heard as it happens
  playing: pgettext("sound", "Live"),
  silent: gettext("Nobody is speaking"),
  behind: gettext("Behind live"),
  stalled: gettext("No audio from the call"),
  reconnecting: gettext("Reconnecting"),
  blocked: gettext("Sound is paused"),
  paused: PAUSED,
  muted: pgettext("sound", "Muted"),
  ended: gettext("Call ended"),
  refused: gettext("Not connected"),
  failed: gettext("No sound"),
};

/**
 * @param {Light["state"]} state
 * @param {string} [detail]
 * @returns {Light}
 */
function light(state, detail = "") {
  return { state, words: WORDS[state], detail };
}

/**
 * @param {Facts} facts
 * @param {number} now
 * @returns {Light}
 */
export function audioLight(facts, now) {
  if (!facts.on) return light("idle");
  if (facts.failure) return light("failed", facts.failure);
  if (facts.over && (facts.drained || !(facts.behind || isSounding(facts, now)))) {
    return light("ended", facts.outcome);
  }
  if (facts.link === "closed" && !facts.over) {
    return light("refused", refusal(facts.code));
  }
  if (facts.behind && isSounding(facts, now)) return light("behind", whileBehind(facts));
  if (facts.link === "waiting" && !facts.over) return waiting(facts);
  if (facts.blocked) {
    // Translators: “Resume” is written on a button
    return light("blocked", gettext("Your browser holds the sound back until you click Resume."));
  }
  if (facts.link === "connecting" && !facts.over) {
    return facts.everOpen
      ? light("reconnecting", gettext("You will hear the call live again as soon as the connection is back."))
      : light("connecting");
  }
  if (facts.pause && !facts.over) return paused(facts.pause, now + (offsetOf(facts.exchanges) ?? performance.timeOrigin));
  return isSounding(facts, now) ? heard(facts, now) : unheard(facts, now);
}

/**
 * @param {import("./facts.js").Pause} pause that goes on
 * @param {number} now the server's time, Unix ms
 * @returns {Light}
 */
function paused(pause, now) {
  return { ...light("paused", pauseWords(pause, now)), warns: endsSoon(pause, now) };
}

/**
 * What happens to the call while its older audio is heard.
 * @param {Facts} facts
 */
function whileBehind(facts) {
  if (facts.over) return gettext("The call has ended. You hear it again.");
  if (facts.link === "waiting") return `${loss(facts.code)} ${STILL_HEARD}`;
  if (facts.link === "connecting") return STILL_HEARD;
  return facts.stalled ? gettext("The call brings no audio now.") : "";
}

/** @param {Facts} facts */
function waiting(facts) {
  if (facts.code === Close.TOO_MANY) {
    return light("refused", `${refusal(facts.code)} ${NO_PLACE_YET}`);
  }
  return light("reconnecting", loss(facts.code));
}

/**
 * @param {Facts} facts
 * @param {number} now
 */
function heard(facts, now) {
  const late = delay(facts, now) ?? 0;
  const why = facts.burstSeconds ? inBursts(facts.burstSeconds) : "";
  if (late > BEHIND_MS) return light("behind", why || lateWords(late / 1000));
  if (facts.quietSince && now - facts.quietSince > QUIET_MS) {
    return light("silent", gettext("The line is open and quiet."));
  }
  return light("playing", why);
}

/** @param {number} seconds */
function lateWords(seconds) {
  // Translators: seconds is a number such as 3.5
  return fill(gettext("Your connection is slow: you hear the call %(seconds)s s late."), { seconds: number(seconds, 1) });
}

/** @param {number} seconds */
function inBursts(seconds) {
  // Translators: seconds is a number such as 2.0: nothing arrives for that time, then so much audio at once
  const words = gettext("The audio arrives %(seconds)s s at a time, so you hear it that much later.");
  return fill(words, { seconds: number(seconds, 1) });
}

/**
 * @param {Facts} facts
 * @param {number} now
 */
function unheard(facts, now) {
  if (facts.stalled && !facts.behind) {
    return light("stalled", gettext("The sound goes on here as soon as audio arrives again."));
  }
  if (!facts.frameAt) {
    const isLate = now - facts.startedAt > BUFFERING_MS;
    return isLate ? { ...light("buffering"), words: gettext("Waiting for the call’s audio") } : light("buffering");
  }
  const flows = isFlowing(facts, now);
  if (flows && now - Math.max(facts.reportAt, facts.startedAt) > NO_DEVICE_MS) {
    return light("failed", DEVICE_TAKES_NO_AUDIO);
  }
  return light("buffering", flows ? "" : gettext("Waiting for the call’s audio."));
}

/**
 * Which of the lights of a call's legs is that of the call: the best one, because it is heard if
 * one leg is.
 * @param {Light[]} lights
 * @returns {number} its index, -1 if there is none
 */
export function leading(lights) {
  const ranks = lights.map(({ state }) => RANK.indexOf(state));
  return ranks.indexOf(Math.min(...ranks));
}

/**
 * The light of a call. If one side is heard and the other is not, the detail says so.
 * @param {{side: string, light: Light}[]} legs
 * @returns {Light}
 */
export function callLight(legs) {
  const best = legs[leading(legs.map((leg) => leg.light))];
  if (!best) return light("idle");
  if (!isHeard(best.light.state)) return best.light;
  const missing = legs.filter((leg) => !isHeard(leg.light.state));
  const details = [best.light.detail, ...missing.map((leg) => wordsOf(leg.side, leg.light.words))];
  return { ...best.light, detail: details.filter(Boolean).join(" ") };
}

/**
 * The light of a deck as the listener has set it among the others. What is turned off is not
 * heard, so it is never shown as heard.
 * @param {Light} call
 * @param {Standing} standing
 * @returns {Light}
 */
export function mixedLight(call, standing) {
  if (!isHeard(call.state)) return call;
  if (standing === "muted") return light("muted", gettext("You muted this call."));
  if (standing === "zero") return light("muted", gettext("The volume is at zero."));
  if (standing === "held back") return light("muted", gettext("You hear another call alone while you hold its key."));
  if (standing !== "ducked") return call;
  return { ...call, detail: [gettext("Quieter while another call is in solo."), call.detail].filter(Boolean).join(" ") };
}
