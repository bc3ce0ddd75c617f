/**
 * Learns whether audio arrives in bursts, and how long the bursts are. A sender that
 * gathers audio before it sends it makes bursts, and so does a connection that stalls
 * again and again. Pure: the time is given with each Frame.
 */

const BUCKET_MS = 3000; // the longest burst that the buffer waits for in full
const BUCKETS = 8;
/** The buffer absorbs shorter bursts without being told of them. */
const SHORTEST_SECONDS = 0.5;
/** The worklet's ring holds 16 s. */
const LONGEST_SECONDS = 8;

export class Bursts {
  #buckets = new Float64Array(BUCKETS); // the longest burst in each, ms
  #bucket = 0; // number of the newest, counted since the clock's zero
  #audioMs = 0; // the length of all audio so far
  #latest = 0; // the greatest lateness in this bucket

  /**
   * Take note of a Frame. Lateness rises while nothing arrives, and falls while audio
   * arrives faster than it plays; a fall is a burst. A sender that pauses and then goes
   * on in real time only makes lateness rise.
   * @param {number} seconds the length of its audio
   * @param {number} now ms
   */
  arrived(seconds, now) {
    this.#turn(now);
    this.#latest = Math.max(this.#latest, now - this.#audioMs);
    this.#audioMs += seconds * 1000;
    const burst = this.#latest - (now - this.#audioMs);
    const place = this.#bucket % BUCKETS;
    this.#buckets[place] = Math.max(this.#buckets[place] ?? 0, burst);
  }

  /**
   * The length of the bursts in seconds, rounded up to tenths, or 0 where audio arrives
   * evenly. A second burst must arrive within 24 s: after a single one, a short delay
   * matters more than the next burst.
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
   * Move on to the bucket of this time, and clear the buckets that are too old.
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
