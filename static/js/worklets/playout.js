/**
 * Keeps the playout delay near its target: how long a sample waits in the player that arrived as
 * early as any. It is measured by the device's clock, from when pieces of live audio arrived and
 * from what is played now, so that jumps, pauses and other speeds need no bookkeeping.
 *
 * Small differences are trimmed by playing up to 2 % faster or slower, which is not heard in
 * speech: a clock that drifts needs 0.02 %, and a network that has become calmer some tenths of a
 * second once. Where nobody speaks, whole stretches are left out or repeated. What is over a tenth of
 * a second too late is caught up at once and a half of the speed with its pitch kept, so that
 * nothing is lost. All lengths are in samples of the call.
 *
 * Nothing here allocates after the constructor.
 */

const MOST_TRIM = 0.02;
const TRIM_PER_SECOND = 0.4; // of the difference
const STILL_SECONDS = 0.005; // a difference that is not trimmed
const SLEW = 0.04; // the trim changes by so much a second: from 0 to 2 % in half a second
const SILENCE_SECONDS = 0.03; // less silence than that is not left out
const LOOP_SECONDS = 0.1; // nor a shorter stretch repeated, because over and over it would hum
const CATCH_UP_SECONDS = 0.12;
const CATCHING_UP = 1.5; // times the speed
const CAUGHT_UP_SECONDS = 0.02;
const SHORTEST_WINDOW_SECONDS = 0.5;

export class Playout {
  /** How many samples too late is played; negative: too early. 0 while that is not known. */
  excess = 0;
  /** By how much the device's rate is changed: −0.02 to 0.02. */
  trim = 0;
  /** How fast the head is to go, with the pitch kept. */
  speed = 1;
  /** The delay to keep. */
  target = 0;
  #clock = 0; // samples that the device could have played
  #lead = -Infinity; // how far ahead of the clock the earliest piece of this window was
  #lastLead = -Infinity; // and of the window before
  #windowEnds = 0;

  /** @param {number} rate samples per second of the call */
  constructor(rate) {
    this.rate = rate;
  }

  /** Start again to measure, because what arrives next has nothing to do with what came before. */
  forget() {
    this.#lead = this.#lastLead = -Infinity;
    this.#windowEnds = 0;
  }

  /**
   * A piece of live audio arrives.
   * @param {number} place in the ring, of its first sample
   */
  arrived(place) {
    if (this.#clock >= this.#windowEnds) {
      this.#lastLead = this.#lead;
      this.#lead = -Infinity;
      // Longer than a burst, which is shorter than the target.
      this.#windowEnds = this.#clock + Math.max(SHORTEST_WINDOW_SECONDS * this.rate, 1.5 * this.target);
    }
    this.#lead = Math.max(this.#lead, place - this.#clock);
  }

  /**
   * The playout delay.
   * @param {number} place in the ring, of what is played now
   */
  delay(place) {
    return Math.max(this.#lead, this.#lastLead) + this.#clock - place;
  }

  /**
   * Note that the device has played.
   * @param {number} samples
   */
  pass(samples) {
    this.#clock += samples;
  }

  /** Play as it came. */
  rest() {
    this.excess = this.trim = 0;
    this.speed = 1;
  }

  /**
   * Find out what is to be done until the next block.
   * @param {number} place in the ring, of what is played now
   * @param {number} samples the length of a block
   */
  steer(place, samples) {
    const { rate } = this;
    const delay = this.delay(place);
    this.excess = delay > -Infinity ? delay - this.target : 0;
    if (this.excess > CATCH_UP_SECONDS * rate) this.speed = CATCHING_UP;
    else if (this.excess < CAUGHT_UP_SECONDS * rate) this.speed = 1;
    const seconds = this.speed > 1 ? 0 : this.excess / rate;
    const beyond = Math.max(0, Math.abs(seconds) - STILL_SECONDS) * Math.sign(seconds);
    const wanted = Math.max(-MOST_TRIM, Math.min(MOST_TRIM, TRIM_PER_SECOND * beyond));
    const most = (SLEW * samples) / rate;
    this.trim += Math.max(-most, Math.min(most, wanted - this.trim));
  }

  /** How much silence is to be left out now, or repeated, if it is negative; 0 for none. */
  get silence() {
    return Math.abs(this.excess) < SILENCE_SECONDS * this.rate ? 0 : Math.round(this.excess);
  }

  /** How long a stretch must be to be left out or repeated. */
  get leastSilence() {
    return this.excess > 0 ? SILENCE_SECONDS * this.rate : Math.min(-this.silence, LOOP_SECONDS * this.rate);
  }
}
