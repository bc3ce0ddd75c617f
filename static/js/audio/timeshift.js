/**
 * Plays one leg of a call, live or from what the page holds of it: a History that every Frame
 * goes into, a Feed that chooses what is played next, and a Player.
 *
 * The History outlives the Player, so that an ended call can be heard again.
 */

import { Flag } from "../wire/frame.js";
import { Arrivals } from "./arrivals.js";
import { Feed } from "./feed.js";
import { History, KEPT_SECONDS } from "./history.js";
import { Player } from "./player.js";

/** Positions this far before the newest one began again: the server's ring holds less. */
const BEGAN_AGAIN_SECONDS = 600;
/** A Frame has so much by default. Going live, the next one is still to come. */
const FRAME_MS = 60;
/** So much live audio after a reconnect says that the ring does not have what was missed. */
const MENDING_SECONDS = 2;

/** @typedef {import("../wire/frame.js").Frame} Frame */
/** @typedef {import("./messages.js").Report} Report */
/** @typedef {import("./player.js").Voice} Voice */

/**
 * @typedef {object} TimeShiftOptions
 * @property {(report: Report) => void} report
 * @property {(why: string) => void} failure
 * @property {(ms: number) => boolean} isDue may audio of this time be heard, as far as other legs go?
 */

export class TimeShift {
  history = new History();
  /** Index of what is heard, or will be as soon as it can; null before any. @type {number | null} */
  head = null;
  #seconds = KEPT_SECONDS;
  #feed = new Feed(this.history);
  #arrivals = new Arrivals();
  #targetMs = this.#arrivals.targetMs;
  /** @type {Player | null} */
  #player = null;
  #speed = 1;
  #seek = 0; // number of the last one
  #liveAfter = -1; // position of the newest live Frame
  #mending = 0; // samples that may still be waited for, while the ring may bring what was missed
  #waiting = /** @type {number | null} */ (null); // index of audio that is not due yet
  #over = false;
  /** While the call is paused: since when, in Unix ms. What was received since then is not heard. @type {number | null} */
  #pausedMs = null;
  #ending = false; // the player knows that nothing will follow

  /**
   * @param {import("./output.js").AudioOutput} output
   * @param {TimeShiftOptions} on
   */
  constructor(output, on) {
    this.output = output;
    this.on = on;
  }

  get live() {
    return this.#feed.live;
  }

  /** When the server received what is heard next, in Unix ms. */
  get placeMs() {
    return this.history.timeOf(this.#waiting ?? this.head ?? this.history.end);
  }

  /** Has the player been sent all that is held? */
  get isExhausted() {
    return this.#feed.isExhausted;
  }

  /** How much audio arrives at a time, 0 where it arrives evenly. */
  get burstSeconds() {
    return this.#arrivals.burstSeconds;
  }

  /** How the leg's live audio arrives. */
  get arriving() {
    return this.#arrivals;
  }

  /** Let live audio wait for so long before it is played, if it arrives early. @param {number} ms */
  hold(ms) {
    this.#targetMs = ms;
    this.#player?.hold(ms);
  }

  /**
   * Make a player; start() lets it sound.
   * @param {Voice} voice
   */
  open(voice) {
    this.close();
    this.#player = new Player(this.output, {
      report: (report) => this.#reported(report),
      failure: this.on.failure,
      connected: () => this.#connected(),
    });
    this.#player.configure(this.history.rate);
    this.#player.hold(this.#targetMs);
    this.#player.voice = voice;
    this.#beep();
  }

  /** Call it inside a click. */
  start() {
    this.#player?.start();
  }

  /** Connect to the output's context, because it is a new one. */
  connect() {
    this.#player?.connect();
  }

  /** Release the player. What is held is kept. */
  close() {
    this.#player?.stop();
    this.#player = null;
  }

  /** Forget what is held. */
  forget(rate = this.history.rate) {
    this.history = new History({ rate, seconds: this.#seconds });
    this.#feed = new Feed(this.history);
    this.#arrivals = new Arrivals();
    this.head = this.#waiting = null;
  }

  /** @param {number} seconds how much of the leg to hold from now on */
  keep(seconds) {
    this.#seconds = seconds;
    this.history.keep(seconds);
  }

  /** @param {Voice} voice */
  set voice(voice) {
    if (this.#player) this.#player.voice = voice;
  }

  /** Is audio missing that the server's ring may still bring? */
  get isMending() {
    return this.#mending > 0;
  }

  /**
   * Forget what was received since a pause of the call began, and beep where that would be heard; or
   * go on, because the pause is over.
   * @param {number | null} ms Unix time, null for the end
   */
  pauseCall(ms) {
    this.#pausedMs = ms;
    this.#beep();
    if (ms === null) return;
    this.history.silence(ms);
    if (this.#feed.live) this.#hush();
    else this.seek(this.head);
  }

  /** Beep while live audio is not to be heard. */
  #beep() {
    this.#player?.beep(this.#pausedMs !== null && this.#feed.live && !this.#over);
  }

  /** Have the player drop what it holds, and be silent until the next Frame is due. */
  #hush() {
    const { rate, end } = this.history;
    const samples = Math.round(((this.#targetMs + FRAME_MS) / 1000) * rate);
    this.#feed.await();
    this.#player?.seek(++this.#seek);
    this.#player?.push({ index: end - samples, position: (end - samples) >>> 0, pcm: new Int16Array(samples), flags: 0 });
  }

  /** @param {Frame} frame */
  #isHidden({ flags, receivedAt }) {
    const since = this.#pausedMs;
    return since !== null && !(flags & Flag.MASKED) && Number(receivedAt) / 1000 >= since;
  }

  /** The connection is down. */
  lost() {
    if (!this.#over && !this.history.isEmpty) this.#mending = MENDING_SECONDS * this.history.rate;
  }

  /**
   * A connection begins.
   * @param {number} rate samples per second
   * @param {number} position of the last Frame before its live ones
   */
  joined(rate, position) {
    this.#over = false;
    if (rate !== this.history.rate) {
      this.forget(rate);
      this.#player?.configure(rate);
    }
    this.#liveAfter = position;
    this.#feed.await();
  }

  /**
   * Hold a Frame's audio, and play it if it is its turn.
   * @param {Frame} frame
   * @param {number} now ms
   * @returns {boolean} is it live? The others come from the server's ring
   */
  take(frame, now) {
    const { position, pcm } = frame;
    if (this.#isHidden(frame)) return false;
    const isLive = ((position - this.#liveAfter) | 0) > 0;
    if (isLive && this.history.end - this.history.indexOf(position) > BEGAN_AGAIN_SECONDS * this.history.rate) {
      this.forget();
    }
    const index = this.history.put(frame);
    if (isLive) {
      this.#liveAfter = position;
      this.#feed.arrived(index);
      const ms = 1000 / this.history.rate;
      this.#arrivals.arrived(index * ms, (index + pcm.length) * ms, now, Number(frame.receivedAt) / 1000);
    }
    // The ring is sent oldest first, so what is missing from it is known once a later Frame arrives.
    if (isLive) this.#mending = Math.max(0, this.#mending - pcm.length);
    else if (index > (this.#feed.next ?? index)) this.#mending = 0;
    this.pump();
    return isLive;
  }

  /** No more Frames will arrive: the player ends when all that is held was heard. */
  over() {
    this.#over = true;
    this.#mending = 0;
    this.#beep();
    this.pump();
  }

  /** The sound is held back. Live audio of this time is not heard later. */
  pause() {
    this.#player?.empty();
    this.#resume();
  }

  /**
   * Hear what is held from an index on; or, where nothing is held yet, what arrives, when it is due.
   * @param {number | null} index
   */
  seek(index) {
    this.head = index;
    this.#feed.seek(index);
    this.#move();
  }

  goLive() {
    const lead = this.#over ? 0 : (this.#targetMs + FRAME_MS) / 1000;
    this.head = this.#feed.goLive(lead);
    this.#speed = 1;
    this.#move();
  }

  /** Be live from here on, because live audio was reached. */
  follow() {
    this.#feed.follow();
    this.#beep();
    this.setSpeed(1);
  }

  /** @param {number} speed 1 to 2 */
  setSpeed(speed) {
    this.#speed = speed;
    this.#pace();
    this.pump();
  }

  /** Send the player what is next. */
  pump() {
    const player = this.#player;
    if (!player?.ready) {
      this.#feed.await();
      return;
    }
    this.#waiting = null;
    const head = this.head ?? this.history.end;
    for (const piece of this.#feed.take(head, (index) => this.#isDue(index))) player.push(piece);
    if (!this.#over || this.#ending || !this.#feed.isExhausted) return;
    this.#ending = true;
    player.end();
  }

  /** @param {number} index */
  #isDue(index) {
    this.#waiting = index;
    if (this.isMending || !this.on.isDue(this.history.timeOf(index) ?? 0)) return false;
    this.#waiting = null;
    return true;
  }

  /** Tell the player that what comes now is elsewhere. */
  #move() {
    this.#ending = false;
    this.#player?.seek(++this.#seek);
    this.#pace();
    this.#beep();
    this.pump();
  }

  #pace() {
    this.#player?.pace(this.#speed, this.#feed.live);
  }

  /** The player has a new node, which holds nothing. */
  #connected() {
    this.#resume();
    this.#move();
  }

  /** Go on from what was heard last, because the player has lost what it held. */
  #resume() {
    if (this.#feed.live) this.#feed.await();
    else this.#feed.seek(this.head);
  }

  /** @param {Report} report */
  #reported(report) {
    const { positionPlayed, seek } = report;
    if (positionPlayed !== null && seek === this.#seek) this.head = this.history.indexOf(positionPlayed);
    this.on.report(report);
    this.pump();
  }
}
