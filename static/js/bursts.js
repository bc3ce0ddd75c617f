// @ts-check
/**
 * Learns whether audio arrives in bursts, and how long they are: from a sender
 * that gathers audio before it sends it, or a connection that stalls again and
 * again. Pure: time comes in with each frame.
 */

const BUCKET_MS = 3000; // the longest pieces that the buffer waits for
const BUCKETS = 8;
/** Shorter bursts are what the buffer is made for. */
const SHORTEST_SECONDS = 0.5;
/** The worklet's ring holds 16 s. */
const LONGEST_SECONDS = 8;

export class Bursts {
  #buckets = new Float64Array(BUCKETS); // the longest burst in each, ms
  #bucket = 0; // number of the newest, counted since time began
  #audioMs = 0; // all that came
  #latest = 0; // the greatest lateness in this bucket

  /**
   * A frame came. Lateness rises while nothing comes and falls while audio comes
   * faster than it lasts; a fall is a burst. A sender that pauses and then goes
   * on in real time makes it rise only.
   * @param {number} seconds how much audio it has
   * @param {number} now ms
   */
  arrived(seconds, now) {
    this.#turn(now);
    this.#latest = Math.max(this.#latest, now - this.#audioMs);
    this.#audioMs += seconds * 1000;
    const burst = this.#latest - (now - this.#audioMs);
    const place = this.#bucket % BUCKETS;
    this.#buckets[place] = Math.max(this.#buckets[place], burst);
  }

  /**
   * Length of a burst in seconds, in tenths, or 0 where audio comes evenly. A
   * burst must come twice within 24 s: after a single one, live is what counts.
   */
  get seconds() {
    let [most, second] = [0, 0];
    for (const burst of this.#buckets) {
      if (burst > most) [most, second] = [burst, most];
      else if (burst > second) second = burst;
    }
    if (second < SHORTEST_SECONDS * 1000) return 0;
    return Math.min(LONGEST_SECONDS, Math.ceil(second / 100) / 10);
  }

  /**
   * Go on to the bucket of this time, and forget those that are too old.
   * @param {number} now
   */
  #turn(now) {
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket === this.#bucket) return;
    const passed = Math.min(bucket - this.#bucket, BUCKETS);
    for (let n = 0; n < passed; n++) this.#buckets[(bucket - n) % BUCKETS] = 0;
    this.#bucket = bucket;
    this.#latest = now - this.#audioMs;
  }
}
