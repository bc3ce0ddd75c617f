/**
 * The one place in a call that all ears of a deck hear: live, or behind it. Positions of two legs
 * have nothing to do with each other, so the times at which the server received them tie them.
 *
 * Places are indices of one leg's History, the reference: what a waveform shows is as smooth as
 * positions are, and times are not.
 */

import { playoutDelays } from "./alignment.js";
import { playbackOf, stepped, target } from "./waveform.js";

/** A leg whose audio stopped this long ago is not the reference, if another one goes on. */
const SILENT_MS = 3000;
/** Who is no further behind hears live: the buffer is about as long then as when one joins. */
const LIVE_SECONDS = 0.4;
/** A moment is heard from a little before it, because it has a cause. */
const BEFORE_MS = 3000;

/** @typedef {import("./ear.js").Ear} Ear */
/** @typedef {import("./waveform.js").Target} Target */

export class Head {
  live = true;
  speed = 1;

  /** @param {() => Ear[]} ears in the order of the legs */
  constructor(ears) {
    this.ears = ears;
  }

  /** The ear in whose History places are counted; none before any audio. */
  get reference() {
    const heard = this.ears().filter((ear) => !ear.sound.history.isEmpty);
    const newest = Math.max(...heard.map(newestMs));
    return heard.find((ear) => newestMs(ear) >= newest - SILENT_MS);
  }

  /** Index in the reference's History of what is heard: of the furthest leg, because others may be in a gap. */
  get index() {
    const { reference } = this;
    if (!reference) return 0;
    const furthest = this.ears().reduce((one, other) => (headMs(other) > headMs(one) ? other : one), reference);
    const { history, head } = reference.sound;
    if (furthest === reference) return head ?? history.end;
    return history.indexAt(headMs(furthest)) ?? history.first;
  }

  /** How far the listener is from live, and when that will be made up. */
  get playback() {
    const { live, speed } = this;
    const history = this.reference?.sound.history;
    return playbackOf(history ?? { held: [], end: 0, rate: 1 }, { head: this.index, live, speed });
  }

  /**
   * Hear the call from a place, or live. Call it inside a click.
   * @param {Target} place
   */
  seek({ index, live }) {
    const { reference } = this;
    if (!reference) return;
    if (live) {
      this.goLive();
      return;
    }
    const ms = reference.sound.history.timeOf(index) ?? 0;
    for (const ear of this.ears()) ear.seek(ear === reference ? index : indexOf(ear, ms));
    this.live = false; // only now: until all ears are there, the furthest is live
  }

  /** Go back, or forward again. @param {number} seconds negative to go back */
  step(seconds) {
    const { reference } = this;
    if (reference) this.seek(stepped(reference.sound.history, this.index, seconds));
  }

  /**
   * Hear what led to a moment.
   * @param {number} ms Unix time
   * @param {number} [before] from how much before it on, in ms
   */
  playMoment(ms, before = BEFORE_MS) {
    const history = this.reference?.sound.history;
    if (history) this.seek(target(history, history.indexAt(ms - before) ?? history.first));
  }

  /** When the server received what is heard, in Unix ms; null before any audio. */
  get heardMs() {
    return this.reference?.sound.history.timeOf(this.index) ?? null;
  }

  /**
   * The oldest moment that has a place, in Unix ms, as `placeOf` says; null before any audio. It
   * serves where there are too many moments to ask for the place of each.
   */
  get oldestMs() {
    const history = this.reference?.sound.history;
    if (!history) return null;
    return history.holdsBeginning ? -Infinity : (history.timeOf(history.first) ?? 0) - BEFORE_MS;
  }

  /**
   * Where in the reference's History a moment is. One from before the leg's audio began is where
   * that begins, because a call is asked for, and its agent may ask for help, before it is heard.
   * So is one from just before the oldest audio.
   * @param {number} ms Unix time
   * @returns {number | null} null if it is older than what is held
   */
  placeOf(ms) {
    const history = this.reference?.sound.history;
    if (!history) return null;
    const isNear = history.holdsBeginning || history.indexAt(ms + BEFORE_MS) !== null;
    return history.indexAt(ms) ?? (isNear ? history.first : null);
  }

  goLive() {
    this.#beLive();
    for (const ear of this.ears()) ear.goLive();
  }

  /** @param {number} speed 1 to 2; it holds until live audio is reached */
  setSpeed(speed) {
    if (this.live) return;
    this.speed = speed;
    for (const ear of this.ears()) ear.sound.setSpeed(speed);
  }

  /** An ear that begins to listen hears the same place as the others. @param {Ear} ear */
  join(ear) {
    if (this.live) return;
    ear.seek(null);
    ear.sound.setSpeed(this.speed);
  }

  /**
   * May an ear play audio of a time that does not follow what it played? Not while another leg
   * is before it and still has something to play.
   * @param {Ear} ear
   * @param {number} ms
   */
  isDue(ear, ms) {
    return this.ears().every((other) => other === ear || placeMs(other) >= ms || !hasMore(other));
  }

  /** Keep the legs together, and be live again once live audio is reached. */
  update() {
    this.#align();
    if (this.live || this.reference?.sound.isMending) return;
    if (this.playback.behind > LIVE_SECONDS + bursts(this.ears())) return;
    this.#beLive();
    for (const ear of this.ears()) ear.follow();
  }

  /**
   * A leg whose audio has stopped holds no other one up, but knows how long it is to wait when it is
   * back: it then begins as late as the others, instead of being slowed down for many seconds.
   */
  #align() {
    const ears = this.ears();
    const newest = Math.max(...ears.map(newestMs));
    const going = new Set(ears.filter((ear) => goesOn(ear, newest)).map((ear) => ear.sound.arriving));
    const delays = playoutDelays(ears.map((ear) => ear.sound.arriving), (arriving) => going.has(arriving));
    for (const [n, ear] of ears.entries()) ear.sound.hold(delays[n] ?? ear.sound.arriving.targetMs);
  }

  #beLive() {
    this.live = true;
    this.speed = 1;
  }
}

/** When the server received an ear's newest audio. @param {Ear} ear */
function newestMs({ sound: { history } }) {
  return history.timeOf(history.end) ?? -Infinity;
}

/**
 * Does the audio of a leg go on? What it gathers before it sends is no pause.
 * @param {Ear} ear
 * @param {number} newest when the server received the newest audio of all legs
 */
function goesOn(ear, newest) {
  return newestMs(ear) >= newest - SILENT_MS - ear.sound.arriving.targetMs;
}

/** When the server received what an ear plays. @param {Ear} ear */
function headMs({ sound: { history, head } }) {
  return (head === null ? null : history.timeOf(head)) ?? -Infinity;
}

/** The same, or of what the ear waits to play. @param {Ear} ear */
function placeMs({ sound }) {
  return sound.placeMs ?? -Infinity;
}

/** @param {Ear} ear */
function hasMore(ear) {
  return ear.isSounding || !ear.sound.isExhausted;
}

/** @param {Ear[]} ears */
function bursts(ears) {
  return Math.max(0, ...ears.map((ear) => ear.sound.burstSeconds));
}

/**
 * Where in an ear's History a time is, or what follows it; null while nothing is held.
 * @param {Ear} ear
 * @param {number} ms
 */
function indexOf({ sound: { history } }, ms) {
  return history.isEmpty ? null : history.indexAt(ms) ?? history.first;
}
