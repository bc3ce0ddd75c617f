/**
 * The player on the audio thread. A ring holds samples at the call's rate; a head reads it,
 * at up to twice the speed, and passes its samples on in a line, which is read at the
 * device's rate.
 *
 * Imports cost the audio thread time while they load, but these load with the page, before
 * anybody listens. Their names are hashed, so an old page misses all of these files or none.
 *
 * audio/messages.js names what it is told and what it reports.
 *
 * process() allocates nothing and logs nothing, because it has under 3 ms.
 */

import { AutomaticGain } from "./automatic-gain.js";
import { HALF, interpolate, interpolationTable, TAPS } from "./interpolation.js";
import { Stretch } from "./stretch.js";

const FADE_SECONDS = 0.005;
const BURST_MARGIN_SECONDS = 0.25; // a burst may be late by this much
const LONGEST_WAIT_SECONDS = 3;
const REPORTS_PER_SECOND = 4;
const LINE = 1024; // samples; a device whose rate is a sixth of the call's takes 784 of them for a block
const GAP = 1; // Flag.GAP of frame.js

/** @typedef {import("../audio/messages.js").PlayerOptions} PlayerOptions */

export class EarshotPlayer extends AudioWorkletProcessor {
  rate = 8000; // of the call
  step = 1; // input samples per output sample
  table = interpolationTable(1);
  fade = 0; // input samples, like the next five
  target = 0;
  wait = 0; // age of the oldest sample when playing begins: the target, or the length of a burst
  behind = 0;
  sincePush = 0;
  fadeIn = 0; // still to be faded in as they are written
  written = 0; // counts samples and never wraps; the low bits are the place in the ring
  nextPosition = -1;
  line = new Float32Array(LINE); // what the head has read and the device not yet
  places = new Float64Array(LINE); // where in the ring each of them was
  lined = 0; // counts the samples of the line, as `written` does
  read = 0; // the same, fractional
  lastPlace = -1; // in the ring, of the newest sample that was played
  seek = 0; // number of the last seek
  seekTo = 0; // the place in the ring where it leads
  seeking = false; // it waits for its samples
  speed = 1;
  follow = true; // the listener is live: jump if too far behind
  gain = 0; // of the fades
  automaticGain = new AutomaticGain();
  playing = false;
  ending = false;
  stopping = false;
  finished = false;
  underruns = 0;
  drops = 0;
  droppedSamples = 0;
  measured = 0; // samples that the line was given since the last report
  sinceReport = 0;
  energy = 0;
  // One object for every report: a new one each time would be garbage here.
  /** @type {import("../audio/messages.js").Report} */
  message = {
    type: "report",
    playing: false,
    ended: false,
    bufferedSamples: 0,
    positionPlayed: null,
    seek: 0,
    underruns: 0,
    drops: 0,
    droppedSamples: 0,
    rms: 0,
  };

  /** @param {{processorOptions?: PlayerOptions}} options */
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
    this.head = new Stretch(this.ring, this.rate);
    this.gainStep = 1 / (FADE_SECONDS * sampleRate);
    this.reportEvery = Math.round(sampleRate / REPORTS_PER_SECOND);
    this.configure(given.inputRate ?? 8000);
    this.port.onmessage = (event) => this.receive(event.data);
  }

  /** @param {import("../audio/messages.js").PlayerMessage} message */
  receive(message) {
    if (message.type === "push") this.push(message.pcm, message.position, message.flags);
    else if (message.type === "configure") this.configure(message.rate);
    else if (message.type === "bursts") this.expectBursts(message.seconds);
    else if (message.type === "seek") this.goElsewhere(message.number);
    else if (message.type === "pace") this.setPace(message.speed, message.follow);
    else if (message.type === "gain") this.automaticGain.on = message.automatic;
    else if (message.type === "end") this.ending = true;
    else if (message.type === "stop") this.stopping = true;
  }

  /**
   * Start with an empty ring.
   * @param {number} rate
   */
  configure(rate) {
    this.rate = rate;
    this.step = rate / sampleRate;
    this.table = interpolationTable(Math.min(1, 1 / this.step));
    this.fade = Math.round(FADE_SECONDS * rate);
    this.target = Math.max(this.targetSeconds * rate, this.fade + TAPS);
    this.expectBursts(this.burstSeconds);
    this.automaticGain.setRate(rate);
    this.head = new Stretch(this.ring, rate);
    this.ring.fill(0);
    this.line.fill(0);
    this.written = this.seekTo = 0;
    this.lined = this.read = TAPS; // room for the filter before the first sample
    this.lastPlace = this.nextPosition = -1;
    this.playing = this.seeking = false;
    this.gain = this.fadeIn = 0;
    this.measured = this.sinceReport = this.energy = 0;
  }

  /**
   * Buffer as much as a burst is long: after a jump to live, the next burst would need another jump.
   * @param {number} seconds length of a burst, 0 where audio arrives evenly
   */
  expectBursts(seconds) {
    this.burstSeconds = seconds;
    this.behind = (this.behindSeconds + seconds) * this.rate;
    const wait = seconds ? Math.min(seconds + BURST_MARGIN_SECONDS, LONGEST_WAIT_SECONDS) : 0;
    this.wait = Math.max(this.target, wait * this.rate);
  }

  /** Play on with what is pushed from now on. @param {number} number which the reports name then */
  goElsewhere(number) {
    this.seek = number;
    this.seekTo = this.written;
    this.seeking = true;
    this.nextPosition = -1;
    this.ending = false;
  }

  /**
   * @param {number} speed
   * @param {boolean} follow
   */
  setPace(speed, follow) {
    this.speed = speed;
    this.follow = follow;
  }

  /** How many samples are still to be played. */
  get left() {
    return this.written - this.head.at + this.lined - this.read;
  }

  /**
   * Put audio into the ring. A ring that overflows, because the page's audio was
   * suspended, loses its oldest samples; the jump to live skips them.
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

  /** Fade out and in again, because the next sample does not follow the last one. */
  cut() {
    const tail = Math.min(this.fade, this.written - this.head.at);
    for (let i = 0; i < tail; i++) {
      this.ring[(this.written - 1 - i) & this.mask] *= i / tail;
    }
    this.fadeIn = this.fade;
  }

  /** Do the last seek as soon as there is enough for its cross-fade. */
  doSeek() {
    if (this.written - this.seekTo < this.head.fade && !this.ending) return;
    this.seeking = false;
    this.moveHead(this.seekTo);
  }

  /** Jump to the shortest delay that will last. */
  jump() {
    const ahead = this.written - Math.round(this.wait);
    this.droppedSamples += ahead - this.head.at;
    this.drops++;
    this.moveHead(ahead);
  }

  /**
   * Let the head go on elsewhere. While the player is heard, a cross-fade covers it.
   * @param {number} place
   */
  moveHead(place) {
    if (this.playing) this.head.jump(place);
    else this.head.reset(place);
  }

  /** Let the head fill the line for a block. @param {number} samples of the device */
  fillLine(samples) {
    const { head, line, places } = this;
    const wanted = this.read + samples * this.step + TAPS;
    // With no more than the target left, a faster head would run dry.
    head.speed = this.left > this.target ? this.speed : 1;
    while (this.lined < wanted && head.at < this.written) {
      const place = this.lined & (LINE - 1);
      const value = head.next(this.written);
      this.energy += value * value; // of what came, whatever the gain makes of it
      line[place] = this.automaticGain.next(value);
      places[place] = head.at - 1;
      this.lined++;
      this.measured++;
    }
  }

  /**
   * Fill one block.
   * @param {Float32Array} out
   */
  render(out) {
    this.fillLine(out.length);
    const low = this.fade + HALF;
    const { line, table } = this;
    for (let i = 0; i < out.length; i++) {
      const left = this.left;
      const wanted = left > low && !this.stopping;
      const fading = wanted ? this.gainStep : -this.gainStep;
      this.gain = Math.min(1, Math.max(0, this.gain + fading));
      if (!wanted && (this.gain < 1e-6 || left <= HALF)) {
        this.starve();
        return; // the rest of the block is zero already
      }
      out[i] = this.gain * interpolate(line, table, this.read);
      this.lastPlace = this.places[Math.floor(this.read) & (LINE - 1)];
      this.read += this.step;
    }
  }

  /** Wait for the target to fill again, or finish, because the sound has faded to zero. */
  starve() {
    this.playing = false;
    this.gain = 0;
    if (this.stopping || this.ending) this.finished = true;
    else this.underruns++;
  }

  report() {
    const message = this.message;
    message.playing = this.playing && this.measured > 0;
    message.ended = this.finished;
    message.bufferedSamples = Math.max(0, Math.floor(this.left));
    message.positionPlayed = this.lastPlace < 0 ? null : this.positions[this.lastPlace & this.mask];
    message.seek = this.lastPlace >= this.seekTo ? this.seek : -1;
    message.underruns = this.underruns;
    message.drops = this.drops;
    message.droppedSamples = this.droppedSamples;
    message.rms = this.measured ? Math.sqrt(this.energy / this.measured) : 0;
    this.port.postMessage(message);
    this.measured = this.energy = this.sinceReport = 0;
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    if (this.seeking) this.doSeek();
    if (this.follow && !this.head.jumping && this.left > this.behind) this.jump();
    if (!this.playing) {
      const left = this.left;
      if (this.stopping || (this.ending && left <= this.fade + HALF)) this.finished = true;
      // The oldest sample is as old as the buffer is long, and ages while nothing arrives.
      else this.playing = (left >= this.target && left + this.sincePush >= this.wait) || this.ending;
    }
    if (this.playing) this.render(out);
    this.sincePush += out.length * this.step;
    this.sinceReport += out.length;
    if (this.finished || this.sinceReport >= this.reportEvery) this.report();
    return !this.finished;
  }
}
