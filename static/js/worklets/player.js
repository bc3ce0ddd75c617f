// @ts-check
/**
 * The player on the audio thread: a ring of samples at the call's rate, read
 * at the device's rate.
 *
 * One file without imports: editors of the specification advise against
 * imports in worklets, and Django does not rewrite addModule() URLs.
 *
 * In:  {type: "push", pcm: Int16Array, position, flags}
 *      {type: "configure", rate}   the call's sample rate; empties the ring
 *      {type: "bursts", seconds}   audio comes so much at a time; 0: it comes evenly
 *      {type: "end"}               play out what is there, then finish
 *      {type: "stop"}              fade out and finish
 * Out: {type: "report", …} about four times a second, see #report.
 *
 * process() allocates nothing and logs nothing: it has under 3 ms.
 */

const TAPS = 16; // samples an output sample is made of
const HALF = TAPS / 2;
const PHASES = 128; // rows of the table between two input samples
const FADE_SECONDS = 0.005;
const BURST_MARGIN_SECONDS = 0.25; // a burst may be late by this much
const LONGEST_WAIT_SECONDS = 3;
const REPORTS_PER_SECOND = 4;
const GAP = 1; // Flag.GAP of frame.js

/**
 * Zeroth-order modified Bessel function, for the Kaiser window.
 * @param {number} x
 */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 24; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Windowed-sinc rows, one for each phase, plus one so that neighbours can be
 * blended without a bounds check. Each row sums to 1.
 * @param {number} cutoff 1 when the device's rate is the higher one
 */
function interpolationTable(cutoff) {
  const beta = 7;
  const table = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = phase * TAPS;
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - (HALF - 1) - phase / PHASES;
      const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
      const edge = 1 - (x / HALF) ** 2;
      table[row + tap] = edge < 0 ? 0 : (sinc * bessel(beta * Math.sqrt(edge))) / bessel(beta);
      sum += table[row + tap];
    }
    for (let tap = 0; tap < TAPS; tap++) table[row + tap] /= sum;
  }
  return table;
}

class EarshotPlayer extends AudioWorkletProcessor {
  step = 1; // input samples per output sample
  table = interpolationTable(1);
  fade = 0; // input samples, like the next five
  target = 0;
  wait = 0; // age of the oldest sample when playing begins: the target, or the length of a burst
  behind = 0;
  sincePush = 0;
  fadeIn = 0; // still to be faded in as they are written
  written = 0; // counts samples and never wraps; the low bits are the place in the ring
  read = 0; // the same, fractional
  lastRead = -1;
  nextPosition = -1;
  gain = 0;
  cross = 0; // 1 → 0 while fading over from crossRead
  crossRead = 0;
  playing = false;
  ending = false;
  stopping = false;
  finished = false;
  underruns = 0;
  drops = 0;
  droppedSamples = 0;
  rendered = 0; // output samples since the last report
  sinceReport = 0;
  energy = 0;
  // One object for every report: a new one each time would be garbage here.
  message = {
    type: "report",
    playing: false,
    ended: false,
    bufferedSamples: 0,
    positionPlayed: /** @type {number | null} */ (null),
    underruns: 0,
    drops: 0,
    droppedSamples: 0,
    rms: 0,
  };

  /** @param {{processorOptions?: any}} options */
  constructor(options) {
    super();
    const given = options.processorOptions ?? {};
    this.targetSeconds = (given.targetMs ?? 200) / 1000;
    this.behindSeconds = (given.behindMs ?? 1000) / 1000;
    this.burstSeconds = 0;
    const size = 2 ** Math.ceil(Math.log2((given.ringSeconds ?? 12) * 8000));
    this.ring = new Float32Array(size);
    this.positions = new Uint32Array(size); // of each sample in the ring
    this.mask = size - 1;
    this.gainStep = 1 / (FADE_SECONDS * sampleRate);
    this.reportEvery = Math.round(sampleRate / REPORTS_PER_SECOND);
    this.configure(given.inputRate ?? 8000);
    this.port.onmessage = (event) => this.receive(event.data);
  }

  /** @param {any} message */
  receive(message) {
    if (message.type === "push") this.push(message.pcm, message.position, message.flags);
    else if (message.type === "configure") this.configure(message.rate);
    else if (message.type === "bursts") this.expectBursts(message.seconds);
    else if (message.type === "end") this.ending = true;
    else if (message.type === "stop") this.stopping = true;
  }

  /**
   * Begin anew.
   * @param {number} rate
   */
  configure(rate) {
    this.rate = rate;
    this.step = rate / sampleRate;
    this.table = interpolationTable(Math.min(1, 1 / this.step));
    this.fade = Math.round(FADE_SECONDS * rate);
    this.target = Math.max(this.targetSeconds * rate, this.fade + TAPS);
    this.expectBursts(this.burstSeconds);
    this.ring.fill(0);
    this.written = this.read = TAPS; // room for the filter before the first sample
    this.lastRead = this.nextPosition = -1;
    this.playing = false;
    this.gain = this.cross = this.fadeIn = 0;
    this.rendered = this.sinceReport = this.energy = 0;
  }

  /**
   * A buffer as long as a burst needs no jump: the next burst would need one too.
   * @param {number} seconds length of a burst, 0 where audio comes evenly
   */
  expectBursts(seconds) {
    this.burstSeconds = seconds;
    this.behind = (this.behindSeconds + seconds) * this.rate;
    const wait = seconds ? Math.min(seconds + BURST_MARGIN_SECONDS, LONGEST_WAIT_SECONDS) : 0;
    this.wait = Math.max(this.target, wait * this.rate);
  }

  /**
   * A ring that overflows, because the page's audio was suspended, loses its
   * oldest samples; the jump to live passes over them.
   * @param {Int16Array} pcm
   * @param {number} position
   * @param {number} flags
   */
  push(pcm, position, flags) {
    if (this.nextPosition >= 0 && (flags & GAP || position !== this.nextPosition)) this.cut();
    for (let i = 0; i < pcm.length; i++) {
      let value = pcm[i] / 32768;
      if (this.fadeIn > 0) value *= 1 - this.fadeIn-- / this.fade;
      const place = (this.written + i) & this.mask;
      this.ring[place] = value;
      this.positions[place] = position + i;
    }
    this.written += pcm.length;
    this.nextPosition = (position + pcm.length) >>> 0;
    this.sincePush = 0;
  }

  /** The next sample does not follow the last one: fade out, and in again. */
  cut() {
    const tail = Math.min(this.fade, Math.floor(this.written - this.read) - HALF);
    for (let i = 0; i < tail; i++) {
      this.ring[(this.written - 1 - i) & this.mask] *= i / tail;
    }
    this.fadeIn = this.fade;
  }

  /** Too far behind live: go on at the shortest delay that lasts, with a short cross-fade when audible. */
  jump() {
    const ahead = this.written - this.wait;
    if (this.playing) {
      this.crossRead = this.read;
      this.cross = 1;
    }
    this.droppedSamples += Math.round(ahead - this.read);
    this.drops++;
    this.read = ahead;
  }

  /**
   * The signal at a fractional place in the ring.
   * @param {number} at
   */
  sample(at) {
    const whole = Math.floor(at);
    const phase = (at - whole) * PHASES;
    const row = Math.floor(phase) * TAPS;
    const blend = phase - Math.floor(phase);
    const first = whole - HALF + 1;
    let low = 0;
    let high = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const value = this.ring[(first + tap) & this.mask];
      low += value * this.table[row + tap];
      high += value * this.table[row + TAPS + tap];
    }
    return low + (high - low) * blend;
  }

  /**
   * Fill one block.
   * @param {Float32Array} out
   */
  render(out) {
    const low = this.fade + HALF;
    for (let i = 0; i < out.length; i++) {
      const left = this.written - this.read;
      const wanted = left > low && !this.stopping;
      this.gain = wanted
        ? Math.min(1, this.gain + this.gainStep)
        : Math.max(0, this.gain - this.gainStep);
      if (!wanted && (this.gain < 1e-6 || left <= HALF)) {
        this.starve();
        return; // the rest of the block is zero already
      }
      let value = this.sample(this.read);
      if (this.cross > 0) {
        value += (this.sample(this.crossRead) - value) * this.cross;
        this.crossRead += this.step;
        this.cross -= this.gainStep;
      }
      value *= this.gain;
      out[i] = value;
      this.energy += value * value;
      this.lastRead = this.read;
      this.read += this.step;
      this.rendered++;
    }
  }

  /** Faded to zero: wait for the target to fill again, or finish. */
  starve() {
    this.playing = false;
    this.gain = 0;
    this.cross = 0;
    if (this.stopping || this.ending) this.finished = true;
    else this.underruns++;
  }

  report() {
    const message = this.message;
    message.playing = this.playing && this.rendered > 0;
    message.ended = this.finished;
    message.bufferedSamples = Math.max(0, Math.floor(this.written - this.read));
    message.positionPlayed =
      this.lastRead < 0 ? null : this.positions[Math.floor(this.lastRead) & this.mask];
    message.underruns = this.underruns;
    message.drops = this.drops;
    message.droppedSamples = this.droppedSamples;
    message.rms = this.rendered ? Math.sqrt(this.energy / this.rendered) : 0;
    this.port.postMessage(message);
    this.rendered = 0;
    this.energy = 0;
    this.sinceReport = 0;
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    const left = this.written - this.read;
    if (left > this.behind) this.jump();
    if (!this.playing) {
      if (this.stopping || (this.ending && left <= this.fade + HALF)) this.finished = true;
      // The oldest sample is as old as the buffer is long, and ages while nothing comes.
      else this.playing = (left >= this.target && left + this.sincePush >= this.wait) || this.ending;
    }
    if (this.playing) this.render(out);
    this.sincePush += out.length * this.step;
    this.sinceReport += out.length;
    if (this.finished || this.sinceReport >= this.reportEvery) this.report();
    return !this.finished;
  }
}

registerProcessor("earshot-player", EarshotPlayer);
