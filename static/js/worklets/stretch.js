/**
 * Plays speech faster than it was spoken and keeps its pitch: WSOLA, overlap-add guided by
 * waveform similarity, as a head that reads the player's ring.
 *
 * The head passes samples on unchanged. Whenever its speed should have taken it 20 ms further,
 * it skips about as much: to the place whose waveform is most like the one that would have
 * followed, by a cross-fade of 10 ms. At speed 1 it never skips, so live audio passes through
 * unchanged and undelayed, and a change of speed is no event in the sound.
 *
 * No library fits: Signalsmith Stretch and Rubber Band are WebAssembly, which our content
 * security policy forbids, and SoundTouchJS wants a source that itself plays faster, is made
 * for stereo music and allocates while it searches.
 *
 * Nothing here allocates after the constructor.
 */

const FADE_SECONDS = 0.01;
const SKIP_SECONDS = 0.02; // the mean length of what is left out at once
const REACH_SECONDS = 0.007; // to both sides: together a period of the deepest voice, 71 Hz
const COMPARED_RATE = 8000; // samples per second that are compared, whatever the rate
const FASTEST = 2;

export class Stretch {
  /** The place in the ring of the next sample. Counts samples and never wraps. */
  at = 0;
  #speed = 1;
  #due = 0; // samples by which the head is behind the place where its speed should have taken it
  #leaving = 0; // place of the next sample that is faded out
  #fading = 0; // samples of the cross-fade that are still to come
  #fall = 0; // how much each of them takes from what is faded out
  #jumpTo = -1; // where to jump once a cross-fade is over

  /**
   * @param {Float32Array} ring its length is a power of two; the head reads and never writes it
   * @param {number} rate samples per second
   */
  constructor(ring, rate) {
    this.ring = ring;
    this.mask = ring.length - 1;
    this.fade = Math.round(FADE_SECONDS * rate);
    this.skip = Math.round(SKIP_SECONDS * rate);
    this.reach = Math.round(REACH_SECONDS * rate);
    this.stride = Math.max(1, Math.floor(rate / COMPARED_RATE));
    /** How much audio must follow the head for it to skip. With less it plays on at speed 1. */
    this.lookahead = this.skip + 1 + this.reach + this.fade;
  }

  get speed() {
    return this.#speed;
  }

  /** @param {number} speed 1 to 2; it holds from the next sample on */
  set speed(speed) {
    this.#speed = Math.min(FASTEST, Math.max(1, speed));
    if (this.#speed === 1) this.#due = 0;
  }

  /** Is a jump still to come? It waits for the end of a cross-fade. */
  get jumping() {
    return this.#jumpTo >= 0;
  }

  /**
   * Start at a place, with nothing to fade out.
   * @param {number} place
   */
  reset(place) {
    this.at = place;
    this.#due = this.#fading = 0;
    this.#jumpTo = -1;
  }

  /**
   * Go on elsewhere, by a cross-fade.
   * @param {number} place at least `fade` samples must follow it in the ring
   */
  jump(place) {
    this.#jumpTo = place;
    this.#due = 0;
  }

  /**
   * The next sample. Call it only while `at` is less than `written`.
   * @param {number} written the place after the newest sample in the ring
   */
  next(written) {
    if (this.#fading === 0) this.#move(written);
    const value = this.ring[this.at & this.mask];
    this.at++;
    this.#due += this.#speed - 1;
    if (this.#fading === 0) return value;
    const left = this.#fading * this.#fall;
    this.#fading--;
    const share = left * left * (3 - 2 * left);
    return value + (this.ring[this.#leaving++ & this.mask] - value) * share;
  }

  /**
   * Jump if that was asked for, or skip if that is due.
   * @param {number} written
   */
  #move(written) {
    if (this.#jumpTo >= 0) {
      this.#crossTo(this.#jumpTo, Math.min(this.fade, written - this.at));
      this.#jumpTo = -1;
    } else if (this.#due >= this.skip) {
      this.#skip(written);
    }
  }

  /** @param {number} written */
  #skip(written) {
    if (written - this.at < this.lookahead) {
      this.#due = this.skip; // what could not be skipped here is not made up for later
      return;
    }
    const skipped = this.#mostAlike();
    this.#due -= skipped;
    this.#crossTo(this.at + skipped, this.fade);
  }

  /**
   * @param {number} place
   * @param {number} samples how many are faded over
   */
  #crossTo(place, samples) {
    this.#leaving = this.at;
    this.at = place;
    this.#fading = samples;
    this.#fall = 1 / (samples + 1);
  }

  /** How many samples to skip, so that the sound goes on most like it would have. */
  #mostAlike() {
    let best = this.skip; // where nothing is alike, as in silence
    let highest = 0;
    for (let skipped = this.skip - this.reach; skipped <= this.skip + this.reach; skipped++) {
      const likeness = this.#likeness(skipped);
      if (likeness > highest) {
        highest = likeness;
        best = skipped;
      }
    }
    return best;
  }

  /**
   * The correlation of what is faded out with what is faded in, over the latter's amplitude.
   * @param {number} skipped
   */
  #likeness(skipped) {
    const { ring, mask, at, stride } = this;
    const end = at + this.fade;
    let product = 0;
    let energy = 0;
    for (let place = at; place < end; place += stride) {
      const candidate = ring[(place + skipped) & mask];
      product += ring[place & mask] * candidate;
      energy += candidate * candidate;
    }
    return energy > 0 ? product / Math.sqrt(energy) : 0;
  }
}
