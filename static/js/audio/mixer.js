/**
 * How loud, and from which side, each deck is heard among the others. Pure: a desk is a value,
 * and each change makes another one.
 */

/** How much quieter the others are while one deck is in solo: 18 dB, so that a raised voice is still noticed. */
const DUCKED = 10 ** (-18 / 20);

/** @typedef {import("../wire/messages.js").Direction} Direction */

/**
 * What the listener has set for one deck.
 * @typedef {object} Channel
 * @property {number} volume 0 to 1, as on the slider
 * @property {boolean} muted
 * @property {number} pan -1 is left, 1 is right
 * @property {number} balance of a call's two sides: -1 is the caller alone, 1 the agent alone
 * @property {boolean} mono both sides of the call are heard in both ears
 */

/**
 * The channels of all decks of a page. At most one is in solo, because the key that asks for it
 * means "this one".
 * @typedef {object} Desk
 * @property {ReadonlyMap<string, Channel>} channels by deck
 * @property {string} solo the deck that makes the others quieter, or ""
 * @property {string} held the deck that is heard alone while somebody holds its key, or ""
 * @property {boolean} automaticGain quiet and loud voices are heard about equally loud
 */

/**
 * Why a deck is as loud as it is. Only "heard" and "ducked" can be heard.
 * @typedef {"heard" | "ducked" | "muted" | "zero" | "held back"} Standing
 */

/**
 * How one deck is heard.
 * @typedef {object} Mix
 * @property {Channel} channel
 * @property {Standing} standing
 * @property {boolean} solo
 * @property {number} gain the factor for its samples
 * @property {boolean} automaticGain its legs are made about equally loud before that
 */

/** @type {Readonly<Record<Standing, number>>} */
const FACTORS = { heard: 1, ducked: DUCKED, muted: 0, zero: 0, "held back": 0 };

/** @type {Desk} */
export const EMPTY_DESK = { channels: new Map(), solo: "", held: "", automaticGain: false };

/** @type {Channel} */
const NEW_CHANNEL = { volume: 1, muted: false, pan: 0, balance: 0, mono: false };

/**
 * Add a deck.
 * @param {Desk} desk
 * @param {string} id
 * @param {Partial<Channel>} [set] what it begins with
 * @returns {Desk}
 */
export function joined(desk, id, set) {
  return { ...desk, channels: new Map(desk.channels).set(id, { ...NEW_CHANNEL, ...set }) };
}

/**
 * Remove a deck. Its solo ends with it, because otherwise the others would stay quiet for a deck
 * that nobody sees.
 * @param {Desk} desk
 * @param {string} id
 * @returns {Desk}
 */
export function left(desk, id) {
  const channels = new Map(desk.channels);
  channels.delete(id);
  return { ...desk, channels, solo: desk.solo === id ? "" : desk.solo, held: desk.held === id ? "" : desk.held };
}

/**
 * Change what is set for a deck. A new volume ends a mute: who moves the slider wants to hear.
 * @param {Desk} desk
 * @param {string} id
 * @param {Partial<Channel>} changes
 * @returns {Desk}
 */
export function changed(desk, id, changes) {
  const channel = desk.channels.get(id);
  if (!channel) return desk;
  const unmuted = changes.volume === undefined ? {} : { muted: false };
  return { ...desk, channels: new Map(desk.channels).set(id, { ...channel, ...unmuted, ...changes }) };
}

/**
 * Mute a deck or let it be heard again. A mute ends its solo, or nothing would be heard well.
 * @param {Desk} desk
 * @param {string} id
 * @returns {Desk}
 */
export function muteToggled(desk, id) {
  const muted = !desk.channels.get(id)?.muted;
  const solo = muted && desk.solo === id ? "" : desk.solo;
  return { ...changed(desk, id, { muted }), solo };
}

/**
 * Put a deck in solo, or end that. A solo ends the deck's mute.
 * @param {Desk} desk
 * @param {string} id
 * @returns {Desk}
 */
export function soloToggled(desk, id) {
  if (desk.solo === id) return { ...desk, solo: "" };
  return { ...changed(desk, id, { muted: false }), solo: id };
}

/**
 * Hear one deck alone for as long as its key is held.
 * @param {Desk} desk
 * @param {string} id the deck, or "" when the key is released
 * @returns {Desk}
 */
export function soloHeld(desk, id) {
  return { ...desk, held: desk.channels.has(id) ? id : "" };
}

/**
 * Switch the automatic gain of all decks.
 * @param {Desk} desk
 * @param {boolean} automaticGain
 * @returns {Desk}
 */
export function gainSet(desk, automaticGain) {
  return desk.automaticGain === automaticGain ? desk : { ...desk, automaticGain };
}

/**
 * How a deck is heard now.
 * @param {Desk} desk
 * @param {string} id
 * @returns {Mix}
 */
export function mixOf(desk, id) {
  const channel = desk.channels.get(id) ?? NEW_CHANNEL;
  const standing = standingOf(desk, id, channel);
  const gain = channel.volume ** 2 * FACTORS[standing]; // squared, because that is how ears hear loudness
  return { channel, standing, solo: desk.solo === id, gain, automaticGain: desk.automaticGain };
}

/**
 * @param {Desk} desk
 * @param {string} id
 * @param {Channel} channel
 * @returns {Standing}
 */
function standingOf(desk, id, { volume, muted }) {
  if (desk.held && desk.held !== id) return "held back";
  if (volume === 0) return "zero";
  if (desk.held) return "heard"; // even if it is muted: the key asks for this one
  if (muted) return "muted";
  return desk.solo && desk.solo !== id ? "ducked" : "heard";
}

/**
 * How one leg of a deck is heard: apart, the caller's left of the deck's place, the agent's right.
 * @param {Mix} mix
 * @param {Direction} direction
 * @param {boolean} apart the deck plays both sides, each by itself
 * @returns {import("./player.js").Voice}
 */
export function voiceOf({ channel, gain, automaticGain }, direction, apart) {
  const { pan, balance, mono } = channel;
  const side = direction === "both" ? 0 : direction === "speak" ? -1 : 1;
  const share = apart ? Math.min(1, 1 + side * balance) : 1;
  const width = mono ? 0 : 1 - Math.abs(pan);
  return { gain: gain * share, pan: pan + side * width, automaticGain };
}
