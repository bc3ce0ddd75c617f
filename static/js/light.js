// @ts-check
/**
 * The audio light: what the listener truly hears, from what is known.
 * Pure; the deck feeds it and the view shows it.
 */

import { ending, loss, refusal } from "./words.js";

export const QUIET_DBFS = -50;
export const QUIET_MS = 1000;
const REPORT_MS = 1000; // four are due in this time
const NO_DEVICE_MS = 4000;
const NO_PLACE_YET = "Stop one of them, or wait if their connection was lost: this page tries again by itself.";

/**
 * @typedef {object} Facts everything the deck knows
 * @property {boolean} on the listener asked for this call
 * @property {string} failure why there can be no sound, or ""
 * @property {"connecting" | "open" | "waiting" | "closed"} link
 * @property {number} code close code behind waiting or closed
 * @property {number} retryAt when the next try is due
 * @property {boolean} everOpen the link was up before
 * @property {boolean} over the server said the call ended
 * @property {string} endReason
 * @property {boolean} drained the last buffered sample was heard
 * @property {boolean} blocked the browser holds the sound back
 * @property {boolean} stalled the server gets no audio
 * @property {boolean} playing the worklet rendered samples lately
 * @property {number} reportAt when it said so
 * @property {number} startedAt when listening began
 * @property {number} frameAt when a frame last came, 0 for never
 * @property {number} quietSince 0 while somebody is heard
 * @property {number} burstSeconds the audio comes so much at a time; 0: it comes evenly
 * @property {number} volume
 */

/**
 * @typedef {object} Light
 * @property {"idle" | "connecting" | "buffering" | "playing" | "silent" | "stalled"
 *   | "reconnecting" | "blocked" | "ended" | "refused" | "failed"} state
 * @property {string} words
 * @property {string} detail
 */

/**
 * @param {Light["state"]} state
 * @param {string} words
 * @param {string} [detail]
 * @returns {Light}
 */
function light(state, words, detail = "") {
  return { state, words, detail };
}

/**
 * @param {Facts} facts
 * @param {number} now
 * @returns {Light}
 */
export function audioLight(facts, now) {
  if (!facts.on) return light("idle", "Not listening");
  if (facts.failure) return light("failed", "No sound", facts.failure);
  if (facts.over && (facts.drained || !isSounding(facts, now))) {
    return light("ended", "Call ended", ending(facts.endReason));
  }
  if (facts.link === "closed" && !facts.over) {
    return light("refused", "Not connected", refusal(facts.code));
  }
  if (facts.link === "waiting" && !facts.over) return waiting(facts);
  if (facts.blocked) {
    return light("blocked", "Sound is paused", "Your browser holds it back until you click Resume.");
  }
  if (facts.link === "connecting" && !facts.over) {
    return facts.everOpen
      ? light("reconnecting", "Reconnecting", "The sound goes on where the call is by then.")
      : light("connecting", "Connecting");
  }
  return isSounding(facts, now) ? heard(facts, now) : unheard(facts, now);
}

/**
 * Is sound heard? A worklet that stops reporting stops playing too: its last
 * report is believed for a second.
 * @param {Facts} facts
 * @param {number} now
 */
export function isSounding(facts, now) {
  return facts.playing && now - facts.reportAt < REPORT_MS;
}

/** @param {Facts} facts */
function waiting(facts) {
  if (facts.code === 4429) {
    return light("refused", "Not connected", `${refusal(4429)} ${NO_PLACE_YET}`);
  }
  return light("reconnecting", "Reconnecting", loss(facts.code));
}

/**
 * @param {Facts} facts
 * @param {number} now
 */
function heard(facts, now) {
  if (facts.quietSince && now - facts.quietSince > QUIET_MS) {
    return light("silent", "Nobody is speaking", "The line is open and quiet.");
  }
  if (facts.volume === 0) return light("playing", "Playing", "The volume is at zero.");
  return light("playing", "Playing", facts.burstSeconds ? inBursts(facts.burstSeconds) : "");
}

/** @param {number} seconds */
function inBursts(seconds) {
  return `The audio arrives ${seconds.toFixed(1)} s at a time, so you hear it that much later.`;
}

/**
 * @param {Facts} facts
 * @param {number} now
 */
function unheard(facts, now) {
  if (facts.stalled) return light("stalled", "No audio from the call", "It goes on here when it returns.");
  if (!facts.frameAt) {
    const late = now - facts.startedAt > 3000;
    return light("buffering", late ? "Waiting for the call’s audio" : "Buffering");
  }
  const flowing = now - facts.frameAt < REPORT_MS;
  if (flowing && now - Math.max(facts.reportAt, facts.startedAt) > NO_DEVICE_MS) {
    return light("failed", "No sound", "The sound device takes no audio. Check the output of this computer.");
  }
  return light("buffering", "Buffering", flowing ? "" : "Waiting for the call’s audio.");
}
