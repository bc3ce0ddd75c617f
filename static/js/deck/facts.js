/**
 * Everything that an ear knows, as one value, and the one function that changes it.
 * Pure: the time is given with each event.
 */

import { FLOOR_DB, toDb } from "../audio/level.js";
import { exchanged, offsetOf } from "../wire/clock.js";
import { Close, SAMPLE_RATE } from "../wire/protocol.js";

const QUIET_DBFS = -50;
const REPORT_MS = 1000; // the worklet reports four times in this time

/** @typedef {import("../wire/messages.js").HeardTap} HeardTap */
/** @typedef {import("../wire/messages.js").Pause} Pause */
/** @typedef {Pick<HeardTap, "id" | "agent" | "caller" | "caller_name">} TapName what an ear must know of a tap */

/**
 * @typedef {object} Facts
 * @property {TapName} tap
 * @property {boolean} on the listener asked for this call
 * @property {string} failure why there can be no sound, or ""
 * @property {"connecting" | "open" | "waiting" | "closed"} link
 * @property {number} code the close code that led to waiting or closed
 * @property {boolean} everOpen the server has answered before
 * @property {boolean} over the server said that the call ended
 * @property {string} outcome how the call ended, for people
 * @property {boolean} drained nothing that is held will be heard any more by itself
 * @property {boolean} behind the listener went back, and hears older audio
 * @property {boolean} blocked the browser holds the sound back
 * @property {boolean} stalled the server receives no audio
 * @property {Pause | null} pause of the call; null while it is not paused
 * @property {boolean} playing the last report said that samples were rendered
 * @property {number} reportAt when the worklet last reported
 * @property {number} startedAt when listening began
 * @property {number} frameAt when a Frame last arrived, 0 before the first
 * @property {number} position of the sample after the last Frame
 * @property {number} receivedMs when the server had received that sample, or would have if it had not been late
 * @property {number} rate samples per second
 * @property {number | null} positionPlayed the newest sample that was played
 * @property {number} level of what is played, dBFS
 * @property {number} quietSince when the sound became quiet, 0 while somebody is heard
 * @property {number} underruns how often the player ran dry
 * @property {number} burstSeconds how much audio arrives at a time, 0 where it arrives evenly
 * @property {number} latency seconds between the worklet and the ear
 * @property {readonly import("../wire/clock.js").Exchange[]} exchanges what is known of the server's clock
 */

/**
 * @typedef {import("../audio/player.js").Report} Report
 * @typedef {{type: "listen", at: number}
 *   | {type: "hello", tap: TapName, rate: number, stalled: boolean}
 *   | {type: "state", stalled: boolean}
 *   | {type: "pause", pause: Pause}
 *   | {type: "clock", at: number, sent: number, now: number}
 *   | {type: "frame", at: number, position: number, receivedMs: number}
 *   | {type: "end", at: number, outcome: string}
 *   | {type: "shift", behind: boolean}
 *   | {type: "output", running: boolean, blocked: boolean}
 *   | {type: "report", at: number, report: Report, blocked: boolean, burstSeconds: number, latency: number}
 *   | {type: "link", at: number, phase: Facts["link"], code: number}
 *   | {type: "failure", why: string}} EarEvent
 */

/**
 * The facts of an ear that does not listen.
 * @param {TapName} tap
 * @returns {Facts}
 */
export function idleFacts(tap) {
  return {
    tap,
    on: false,
    failure: "",
    link: "connecting",
    code: 0,
    everOpen: false,
    over: false,
    outcome: "",
    drained: false,
    behind: false,
    blocked: false,
    stalled: false,
    pause: null,
    playing: false,
    reportAt: 0,
    startedAt: 0,
    frameAt: 0,
    position: 0,
    receivedMs: 0,
    rate: SAMPLE_RATE,
    positionPlayed: null,
    level: FLOOR_DB,
    quietSince: 0,
    underruns: 0,
    burstSeconds: 0,
    latency: 0,
    exchanges: [],
  };
}

/**
 * @param {Facts} facts
 * @param {EarEvent} event
 * @returns {Facts}
 */
export function reduce(facts, event) {
  const next = applied(facts, event);
  return isFinished(next) ? { ...next, level: FLOOR_DB, positionPlayed: null } : next;
}

/**
 * @param {Facts} facts
 * @param {EarEvent} event
 * @returns {Facts}
 */
function applied(facts, event) {
  switch (event.type) {
    case "listen":
      return { ...idleFacts(facts.tap), on: true, startedAt: event.at };
    case "hello":
      return { ...facts, everOpen: true, tap: event.tap, rate: event.rate, stalled: event.stalled };
    case "state":
      return { ...facts, stalled: event.stalled };
    case "pause":
      return { ...facts, pause: event.pause.since === null ? null : event.pause };
    case "clock":
      return { ...facts, exchanges: exchanged(facts.exchanges, event, event.at) };
    case "frame":
      return { ...facts, frameAt: event.at, position: event.position, receivedMs: event.receivedMs };
    case "end":
      return ended(facts, event.outcome, event.at);
    case "shift":
      return shifted(facts, event.behind);
    case "output":
      return output(facts, event);
    case "report":
      return reported(facts, event);
    case "link":
      return link(facts, event);
    case "failure":
      return { ...facts, failure: event.why, playing: false };
  }
}

/**
 * Note that the call is over. What is buffered is still heard.
 * @param {Facts} facts
 * @param {string} outcome
 * @param {number} at
 * @returns {Facts}
 */
function ended(facts, outcome, at) {
  return { ...facts, over: true, outcome, drained: !facts.behind && !isSounding(facts, at) };
}

/**
 * Note that the listener went back, or is live again. An ended call is heard again then.
 * @param {Facts} facts
 * @param {boolean} behind
 * @returns {Facts}
 */
function shifted(facts, behind) {
  return { ...facts, behind, drained: facts.drained && !behind };
}

/**
 * Note whether the output runs. Sound that is held back is not played later: the deck goes on
 * with live audio, or with none if the call has ended.
 * @param {Facts} facts
 * @param {Extract<EarEvent, {type: "output"}>} event
 * @returns {Facts}
 */
function output(facts, { running, blocked }) {
  if (running) return { ...facts, blocked };
  return { ...facts, blocked, playing: false, drained: facts.drained || facts.over };
}

/**
 * @param {Facts} facts
 * @param {Extract<EarEvent, {type: "report"}>} event
 * @returns {Facts}
 */
function reported(facts, { at, report, blocked, burstSeconds, latency }) {
  const level = report.playing ? toDb(report.rms) : FLOOR_DB;
  return {
    ...facts,
    blocked,
    burstSeconds,
    latency,
    level,
    playing: report.playing,
    reportAt: at,
    positionPlayed: report.positionPlayed,
    underruns: report.underruns,
    quietSince: level < QUIET_DBFS ? facts.quietSince || at : 0,
    drained: facts.drained || report.ended,
  };
}

/**
 * Note the state of the connection. If it was closed because the tap has ended, the call is
 * over, even if no message said so.
 * @param {Facts} facts
 * @param {Extract<EarEvent, {type: "link"}>} event
 * @returns {Facts}
 */
function link(facts, { at, phase, code }) {
  const isEnd = phase === "closed" && code === Close.DONE && !facts.over;
  const known = isEnd ? ended(facts, "", at) : facts;
  return { ...known, link: phase, code };
}

/**
 * Is this listening finished? Its socket and its player can then be released.
 * @param {Facts} facts
 */
export function isFinished(facts) {
  return facts.on && (facts.failure !== "" || facts.drained || (facts.link === "closed" && !facts.over));
}

/**
 * Is sound heard? A report counts for one second, because a worklet that stops
 * reporting has stopped playing.
 * @param {Facts} facts
 * @param {number} now
 */
export function isSounding(facts, now) {
  return facts.playing && now - facts.reportAt < REPORT_MS;
}

/**
 * Do Frames arrive?
 * @param {Facts} facts
 * @param {number} now
 */
export function isFlowing(facts, now) {
  return now - facts.frameAt < REPORT_MS;
}

/**
 * The position of the sample that is heard now.
 * @param {Facts} facts
 * @param {number} now
 * @returns {number | null} null while nothing is heard
 */
function positionHeard(facts, now) {
  return isSounding(facts, now) ? facts.positionPlayed : null;
}

/**
 * The position to acknowledge: what was played or, while nothing plays, what arrived. The last
 * Frames before a silence are acknowledged too, because otherwise they would look like a lag
 * when the audio returns. So are those that are discarded while the sound is paused, and those
 * that a listener who went back will hear later: the connection is not too slow then.
 * @param {Facts} facts
 * @param {number} now
 */
export function positionToAck(facts, now) {
  return (facts.behind ? null : positionHeard(facts, now)) ?? facts.position;
}

/**
 * Milliseconds between the server receiving a sample from the call and the listener hearing it, as
 * it was when the worklet last reported.
 *
 * No Frame arrives before the server received it, so the newest one limits the error of the clock.
 * @param {Facts} facts
 * @param {number} now
 * @returns {number | null} null while nothing is heard live, or before the server has told its time
 */
export function delay(facts, now) {
  const played = positionHeard(facts, now);
  const offset = offsetOf(facts.exchanges);
  if (played === null || facts.behind || offset === null || !facts.receivedMs) return null;
  const behind = ((facts.position - played) | 0) / facts.rate; // positions wrap at 2^32
  const received = facts.receivedMs - behind * 1000;
  const atLeast = facts.receivedMs + facts.reportAt - facts.frameAt;
  return Math.max(0, Math.max(facts.reportAt + offset, atLeast) - received + facts.latency * 1000);
}
