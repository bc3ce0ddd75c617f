/**
 * Learns from when live audio arrives how much of it the player must hold, so that it does not run
 * dry. A network that jitters, a sender that gathers audio before it sends it, and a busy page all
 * make audio arrive late, and what follows it early. Pure: the time is given with each Frame.
 *
 * Each half second counts by the greatest lateness, its own or of the one before, that later audio
 * made up for, and the player is to hold what 96 % of the half seconds needed. The delay manager of
 * WebRTC's NetEq does the same with another measure of lateness. Here, audio after a pause of its
 * sender is not late: all of it comes later by the same time, and a longer buffer would not help.
 */

const INTERVAL_MS = 500;
const BUCKET_MS = 10;
/** Greater lateness counts as this much. The worklet's ring holds 16 s. */
const LONGEST_MS = 8000;
/** The part of its weight that a half second keeps when the next one is over: a third after half a minute. */
const KEPT = 0.983;
/** The share of half seconds that may need more. What happens once weighs 3.4 %, and what happens twice too much. */
const UNSERVED = 0.04;
/**
 * The target is lowered only when so few of the half seconds needed more. What happens every 20 to 50 s
 * would otherwise raise it for a while after each time, when that is of no use, and find it low again.
 */
const FORGOTTEN = 0.006;
/** The player also needs what the device asks for at a time, up to 20 ms, and 5 ms for a fade. */
const MARGIN_MS = 25;
/** What is held before three seconds have shown what is needed. */
const START_MS = 100;
const STARTED = 6; // intervals
/** 40 ms would do on a quiet computer. A busy one holds audio up by some 20 ms now and then. */
const SHORTEST_MS = 60;
/** More is held only for a sender that gathers: one stall after another would make the call seconds late. */
const LONGEST_JITTER_MS = 500;
const GATHERED = 3; // half seconds in a row that need more; after a stall there are two
const EARLIEST_MS = 2000;

/** Knows the least of the values of the last two to four seconds. */
class Earliest {
  #since = -Infinity;
  #last = Infinity;
  #least = Infinity;

  /**
   * @param {number} value
   * @param {number} now ms
   */
  add(value, now) {
    if (now - this.#since >= EARLIEST_MS) {
      this.#last = now - this.#since < 2 * EARLIEST_MS ? this.#least : Infinity;
      this.#least = Infinity;
      this.#since = now;
    }
    this.#least = Math.min(this.#least, value);
  }

  get value() {
    return Math.min(this.#last, this.#least);
  }
}

export class Arrivals {
  /** How much audio the player is to hold when the earliest Frames arrive, in ms: 60 to 8000. */
  targetMs = START_MS;
  /** When the server had received the newest sample, in Unix ms, or would have if that had not been late. */
  newestMs = 0;
  /** By lateness. They add up to 1, and begin as if no audio had been late before. */
  #weights = Float64Array.from({ length: LONGEST_MS / BUCKET_MS + 1 }, (_, bucket) => (bucket ? 0 : 1));
  #intervals = 0;
  #began = -Infinity; // ms, the present interval
  #latest = -Infinity; // ms, the greatest lateness of a Frame in the interval
  #latestBefore = -Infinity; // and in the one before
  #madeUp = 0; // ms, the greatest lateness of the interval that later audio made up for
  #arrived = new Earliest();
  #received = new Earliest();
  #bursts = 0; // half seconds in a row that needed more than is held for jitter
  #needed = 0; // the bucket of the lateness that the player must bear

  /**
   * Take note of a live Frame.
   * @param {number} from ms of the call before its first sample
   * @param {number} to and after its last one
   * @param {number} now ms
   * @param {number} receivedMs when the server had received it, in Unix time
   */
  arrived(from, to, now, receivedMs) {
    if (now - this.#began >= INTERVAL_MS) this.#begin(now);
    const lateness = now - from;
    this.#latest = Math.max(this.#latest, lateness);
    this.#madeUp = Math.max(this.#madeUp, this.#latest - lateness, this.#latestBefore - lateness);
    this.#arrived.add(lateness, now);
    this.#received.add(receivedMs - to, now);
    this.newestMs = this.#received.value + to;
  }

  /** How much audio arrives at a time, in seconds and tenths, where that is at least half a second; else 0. */
  get burstSeconds() {
    return this.#gathers ? Math.ceil((this.#needed * BUCKET_MS) / 100) / 10 : 0;
  }

  /** Does the sender gather more audio than jitter makes late? */
  get #gathers() {
    return this.#bursts >= GATHERED;
  }

  /**
   * How long after the server received a sample the page has it at the earliest, in ms. The clocks
   * of the two differ by a constant that is unknown here, and the same for all legs of a call.
   */
  get onTheWayMs() {
    return this.#arrived.value - this.#received.value;
  }

  /** Begin an interval. @param {number} now ms */
  #begin(now) {
    if (this.#began > -Infinity) this.#count(this.#madeUp);
    this.#began = now;
    this.#latestBefore = this.#latest;
    this.#latest = -Infinity;
    this.#madeUp = 0;
  }

  /** @param {number} lateness ms */
  #count(lateness) {
    const weights = this.#weights;
    const bucket = Math.min(weights.length - 1, Math.ceil(lateness / BUCKET_MS));
    for (let n = 0; n < weights.length; n++) weights[n] = (weights[n] ?? 0) * KEPT;
    weights[bucket] = (weights[bucket] ?? 0) + 1 - KEPT;
    this.#intervals++;
    this.#needed = Math.min(this.#exceededBy(FORGOTTEN), Math.max(this.#exceededBy(UNSERVED), this.#needed));
    this.#bursts = lateness > LONGEST_JITTER_MS ? this.#bursts + 1 : 0;
    const least = this.#intervals < STARTED ? START_MS : SHORTEST_MS;
    const most = this.#gathers ? LONGEST_MS : LONGEST_JITTER_MS;
    this.targetMs = Math.max(least, Math.min(most, this.#needed * BUCKET_MS + MARGIN_MS));
  }

  /** The bucket of the lateness that no more than a share of the half seconds exceed. @param {number} share */
  #exceededBy(share) {
    let later = 0;
    let bucket = this.#weights.length - 1;
    for (; bucket > 0; bucket--) {
      later += this.#weights[bucket] ?? 0;
      if (later > share) break;
    }
    return bucket;
  }
}
