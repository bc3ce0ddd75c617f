/**
 * The automatic gain of one leg: voices are heard about equally loud, however loud they came.
 *
 * It measures each 20 ms, a block, and learns how loud the leg's speech is: the level that a fifth
 * of its blocks exceed. A louder block takes the measure four times as far up as a quieter one takes
 * it down, so it settles there, and no block moves it far. The first half second of speech on a new
 * leg is averaged instead, because that is fast.
 *
 * Speech stands out from the quietest blocks shortly before it and shortly after it. Even noise, as
 * in a pause, does not, so in pauses the gain rests.
 *
 * Nothing is made louder than 3 dB below full scale. The samples come out undelayed, and nothing is
 * allocated after the constructor.
 */

const BLOCK_SECONDS = 0.02;
const AROUND = 15; // blocks on each side with which a block is compared: 0.3 s, more than a syllable
const STANDS_OUT_DB = 6; // the blocks of even noise differ by 2 dB
const AUDIBLE_DB = -55; // what is quieter is noise of the line, even where it stands out

const TARGET_DB = -20;
const LEAST_DB = -10;
const MOST_DB = 20; // with more, the noise of the line would be heard as well

const STARTING_BLOCKS = 25; // of speech, whose average is the first measure
const FIRST_WEIGHT = 3; // the first of them counts a third, because it may be a click
const LOUDER_DB = 12 * BLOCK_SECONDS; // at most 12 dB in a second of speech
const QUIETER_DB = 3 * BLOCK_SECONDS;
const ECHO_DB = 15; // speech that is quieter by this may be an echo of the other side
const ECHO_STEP_DB = 0.5 * BLOCK_SECONDS;
const ECHO_BLOCKS = 250; // after so many of them it is somebody who speaks more quietly

const TONE_DB = -45; // an even sound that is louder is a tone, and no noise
const TONE_WEIGHT = 0.1;

const CEILING = 10 ** (-3 / 20);
const RELEASE_DB = 40; // in a second, until what a peak took is given back

export class AutomaticGain {
  /** While it is off, samples come out as they came, and it goes on to learn. */
  on = false;
  #block = 0; // samples
  #release = 1; // factor by which each sample gives back what a peak took
  #gain = 1;
  #goal = 1; // the gain at the end of this block
  #slope = 0; // of the gain, per sample, because a step would click
  #left = 0; // samples of this block that are still to come
  #energy = 0;
  #levels = new Float64Array(2 * AROUND + 1).fill(AUDIBLE_DB); // dBFS of the last blocks, as a ring
  #newest = 0;
  #learned = 0; // blocks of speech, at most STARTING_BLOCKS
  #quiet = 0; // blocks in a row that may be an echo
  #loudness = TARGET_DB; // the measure
  #eased = 1; // by how much a peak has the gain lowered

  constructor() {
    this.setRate(8000);
  }

  /**
   * Begin a new block at another rate. What was learned holds on, because the same person speaks.
   * @param {number} rate samples per second
   */
  setRate(rate) {
    this.#block = Math.round(BLOCK_SECONDS * rate);
    this.#release = 10 ** (RELEASE_DB / 20 / rate);
    this.#left = this.#block;
    this.#energy = this.#slope = 0;
    this.#goal = this.#gain;
  }

  /**
   * The next sample, as it is to be heard.
   * @param {number} value as it came
   */
  next(value) {
    this.#energy += value * value;
    this.#gain += this.#slope;
    if (--this.#left === 0) this.#turn();
    return this.#gain > 1 ? this.#limited(value) : this.#gain * value;
  }

  /** End a block, and let the gain reach by the end of the next one what was learned. */
  #turn() {
    this.#newest = (this.#newest + 1) % this.#levels.length;
    this.#levels[this.#newest] = 10 * Math.log10(this.#energy / this.#block + 1e-12);
    this.#energy = 0;
    this.#left = this.#block;
    this.#learn();
    const decibels = Math.min(MOST_DB, Math.max(LEAST_DB, TARGET_DB - this.#loudness));
    this.#gain = this.#goal;
    this.#goal = this.on ? 10 ** (decibels / 20) : 1;
    this.#slope = (this.#goal - this.#gain) / this.#block;
  }

  /** Learn from the block that has as many known ones before it as after it. */
  #learn() {
    const level = this.#level(AROUND);
    if (level < AUDIBLE_DB) return;
    const background = Math.max(this.#quietest(0), this.#quietest(AROUND + 1));
    this.#loudness += level < background + STANDS_OUT_DB ? this.#stepOfEven(level) : this.#stepOfSpeech(level);
  }

  /** How far speech of a level moves the measure. @param {number} level */
  #stepOfSpeech(level) {
    const louder = level - this.#loudness;
    if (this.#learned < STARTING_BLOCKS) return louder / (FIRST_WEIGHT + this.#learned++);
    this.#quiet = louder < -ECHO_DB ? this.#quiet + 1 : 0;
    if (louder > 0) return LOUDER_DB;
    return this.#quiet > 0 && this.#quiet <= ECHO_BLOCKS ? -ECHO_STEP_DB : -QUIETER_DB;
  }

  /**
   * How far an even sound moves the measure: until somebody has spoken, wherever a tone is; later
   * only up, because what is louder than speech must become quieter, whatever it is.
   * @param {number} level
   */
  #stepOfEven(level) {
    const louder = level - this.#loudness;
    if (this.#learned > 0) return louder > 0 ? LOUDER_DB : 0;
    return level > TONE_DB ? louder * TONE_WEIGHT : 0;
  }

  /** The level of a block. @param {number} ago how many came after it */
  #level(ago) {
    const { length } = this.#levels;
    return this.#levels[(this.#newest + length - ago) % length];
  }

  /** The lowest level of AROUND blocks in a row. @param {number} ago how many came after the last of them */
  #quietest(ago) {
    let least = 0;
    for (let i = 0; i < AROUND; i++) least = Math.min(least, this.#level(ago + i));
    return least;
  }

  /**
   * Make a sample louder, but no louder than the ceiling. A peak lowers the gain at once, so that
   * its top is flat; then the gain comes back slowly. What came louder than that stays as it came.
   * @param {number} value
   */
  #limited(value) {
    const loud = Math.abs(value);
    this.#eased = Math.min(1, this.#eased * this.#release);
    let gain = Math.max(1, this.#gain * this.#eased);
    if (loud * gain > CEILING) {
      gain = Math.max(1, CEILING / loud);
      this.#eased = gain / this.#gain;
    }
    return value * gain;
  }
}
