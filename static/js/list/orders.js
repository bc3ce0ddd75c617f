/** What may be asked of SignalWire about a call, and what is said of it. Pure. */

import { isTapped } from "./calls.js";

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../ui/tap-words.js").OrderWords} OrderWords */

/**
 * May a call be tapped? It has no tap that goes on; the call itself does, as far as is known.
 * @param {Call} call
 */
export function canStart(call) {
  return !isTapped(call) && !call.gone && !isUnderWay(call);
}

/**
 * Has a call a tap that can be stopped?
 * @param {Call} call
 */
export function canStop(call) {
  return isTapped(call);
}

/**
 * Can a call be paused, because it goes on?
 * @param {Call} call
 */
export function canPause(call) {
  return !call.over && !call.gone && !isPaused(call);
}

/**
 * Does nobody hear what is said in a call?
 * @param {Call} call
 */
export function isPaused(call) {
  return call.pause.since !== null && !call.over;
}

/**
 * Is SignalWire being asked right now?
 * @param {Call} call
 */
export function isUnderWay(call) {
  return Boolean(call.order && !call.order.error);
}

/**
 * What is said of a call's order: that it is under way, or why it failed.
 * @param {Call} call
 * @param {OrderWords} words
 */
export function orderWords({ order }, words) {
  if (!order) return "";
  if (!order.error) return words.underWay[order.kind] ?? "";
  return words.errors[order.kind]?.[order.error] ?? order.error;
}

/**
 * What is said of an order that the server did not take.
 * @param {string} refusal
 * @param {OrderWords} words
 */
export function refusalWords(refusal, words) {
  return words.refusals[refusal] ?? words.refusals.failed ?? refusal;
}
