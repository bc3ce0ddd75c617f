/**
 * The player on the audio thread. A ring holds samples at the call's rate; a head reads it,
 * at up to twice the speed, and passes its samples on in a line, which is read at the
 * device's rate. Live audio waits in the ring for as long as the page has found that it must.
 *
 * Imports cost the audio thread time while they load, but these load with the page, before
 * anybody listens. Their names are hashed, so an old page misses all of these files or none.
 *
 * audio/messages.js names what it is told and what it reports.
 *
 * process() allocates nothing and logs nothing, because it has under 3 ms.
 */

import { AutomaticGain } from "./automatic-gain.js";
import { HALF, TAPS } from "./interpolation.js";
import { Line } from "./line.js";
import { Playout } from "./playout.js";
import { FADE_SECONDS, Ring } from "./ring.js";
import { Stretch } from "./stretch.js";

const RESUMING_SECONDS = 0.03; // the delay at which playing goes on after the ring ran dry
const LONG_SECONDS = 1; // after so long without audio, playing begins like the first time
/** The player jumps to live when it is a second late, and half a second later than the target. */
const BEHIND_SECONDS = 1;
const BEHIND_TARGET_SECONDS = 0.5;
/** With so much more than is needed in the ring, playing begins at once: most of it is not new. */
const ENOUGH_SECONDS = 0.1;
/** What must be left for a listener who is behind live, for whom the page holds seconds of audio. */
const RESERVE_SECONDS = 0.2;
/** Silence that is left before speech: a cross-fade of 10 ms would soften how a word begins. */
const ONSET_SECONDS = 0.02;
const REPORTS_PER_SECOND = 4;

/** @typedef {import("../audio/messages.js").PlayerOptions} PlayerOptions */

export class EarshotPlayer extends AudioWorkletProcessor {
  rate = 8000; // of the call
  step = 1; // input samples per output sample, before the trim
  lastPlace = -1; // in the ring, of the newest sample that was played
  seek = 0; // number of the last seek
  seekTo = 0; // the place in the ring where it leads
  seeking = false; // it waits for its samples
  speed = 1;
  follow = true; // the listener is live: keep the playout delay
  starvedFor = Infinity; // input samples since the ring ran dry
  gain = 0; // of the fades
  automaticGain = new AutomaticGain();
  playing = false;
  ending = false;
  stopping = false;
  finished = false;
  underruns = 0;
  drops = 0;
  droppedSamples = 0;
  rendered = 0; // output samples since the last report
  sinceReport = 0;
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
    this.targetSeconds = given.targetSeconds ?? 0.1;
    const rate = given.inputRate ?? 8000;
    this.ring = new Ring(2 ** Math.ceil(Math.log2((given.ringSeconds ?? 12) * 8000)), rate);
    this.head = new Stretch(this.ring.samples, rate);
    this.line = new Line(rate / sampleRate, this.automaticGain);
    this.playout = new Playout(rate);
    this.gainStep = 1 / (FADE_SECONDS * sampleRate);
    this.reportEvery = Math.round(sampleRate / REPORTS_PER_SECOND);
    this.setRate(rate);
    this.port.onmessage = (event) => this.receive(event.data);
  }

  /** @param {import("../audio/messages.js").PlayerMessage} message */
  receive(message) {
    if (message.type === "push") this.push(message.pcm, message.position, message.flags);
    else if (message.type === "configure") this.configure(message.rate);
    else if (message.type === "target") this.hold(message.seconds);
    else if (message.type === "seek") this.goElsewhere(message.number);
    else if (message.type === "pace") this.setPace(message.speed, message.follow);
    else if (message.type === "gain") this.automaticGain.on = message.automatic;
    else if (message.type === "end") this.ending = true;
    else if (message.type === "stop") this.stopping = true;
  }

  /** Start with an empty ring. @param {number} rate of what comes into it, in samples per second */
  configure(rate) {
    this.ring.restart(rate);
    this.head = new Stretch(this.ring.samples, rate);
    this.line = new Line(rate / sampleRate, this.automaticGain);
    this.playout = new Playout(rate);
    this.setRate(rate);
    this.seekTo = 0;
    this.lastPlace = -1;
    this.playing = this.seeking = false;
    this.starvedFor = Infinity;
    this.gain = 0;
    this.rendered = this.sinceReport = 0;
  }

  /** Play at a rate, for which the ring and what reads it are made. @param {number} rate */
  setRate(rate) {
    this.rate = rate;
    this.step = rate / sampleRate;
    this.automaticGain.setRate(rate);
    this.hold(this.targetSeconds);
  }

  /**
   * Keep a playout delay from now on.
   * @param {number} seconds
   */
  hold(seconds) {
    this.targetSeconds = seconds;
    this.playout.target = Math.max(seconds * this.rate, this.ring.fade + TAPS);
  }

  /** Play on with what is pushed from now on. @param {number} number which the reports name then */
  goElsewhere(number) {
    this.seek = number;
    this.seekTo = this.ring.written;
    this.seeking = true;
    this.ring.leave();
    this.playout.forget();
    this.ending = false;
  }

  /**
   * @param {number} speed
   * @param {boolean} follow
   */
  setPace(speed, follow) {
    this.speed = speed;
    this.follow = follow;
    this.playout.forget();
  }

  /** How many samples are still to be played. */
  get left() {
    return this.ring.written - this.head.at + this.line.left;
  }

  /**
   * @param {Int16Array} pcm
   * @param {number} position
   * @param {number} flags
   */
  push(pcm, position, flags) {
    if (this.ring.misses(position, flags)) {
      this.ring.cut(this.head.at);
      this.playout.forget();
    }
    // What begins a seek to live was held by the page, so its arrival says nothing about the delay.
    if (!this.follow || !this.seeking) this.playout.arrived(this.ring.written);
    this.ring.push(pcm, position);
  }

  /** Do the last seek as soon as there is enough for its cross-fade. */
  doSeek() {
    if (this.ring.written - this.seekTo < this.head.fade && !this.ending) return;
    this.seeking = false;
    this.moveHead(this.seekTo);
  }

  /** Jump to live if too much is kept: to the target, beside what has just arrived. */
  limit() {
    const { rate, playout, ring, head } = this;
    const most = Math.max(BEHIND_SECONDS * rate, playout.target + BEHIND_TARGET_SECONDS * rate);
    if (head.jumping || this.left <= most) return;
    const kept = playout.target + Math.min(ring.latest, ENOUGH_SECONDS * rate);
    const ahead = ring.written - Math.round(kept);
    this.droppedSamples += ahead - head.at;
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

  /** Bring the delay nearer to its target, where the sound allows it. @param {number} samples of the call */
  steer(samples) {
    const { head, playout, ring } = this;
    playout.steer(ring.written - this.left, samples);
    const { silence } = playout;
    if (silence === 0 || head.jumping) return;
    const kept = silence > 0 ? Math.round(ONSET_SECONDS * this.rate) : 0;
    const count = ring.silence(head.at, silence + kept) - kept;
    if (count >= playout.leastSilence) head.jump(head.at + Math.sign(silence) * count);
  }

  /**
   * Fill one block.
   * @param {Float32Array} out
   */
  render(out) {
    const { head, line, playout, ring } = this;
    const step = this.step * (1 + playout.trim);
    // With no more than the reserve left, a faster head would run dry.
    head.speed = this.left <= this.reserve ? 1 : this.follow ? playout.speed : this.speed;
    line.fill(head, ring.written, out.length * step);
    const low = ring.fade + HALF;
    for (let i = 0; i < out.length; i++) {
      const left = this.left;
      const wanted = left > low && !this.stopping;
      const fading = wanted ? this.gainStep : -this.gainStep;
      this.gain = Math.min(1, Math.max(0, this.gain + fading));
      if (!wanted && (this.gain < 1e-6 || left <= HALF)) {
        this.starve();
        return; // the rest of the block is zero already
      }
      out[i] = this.gain * line.value;
      this.lastPlace = line.place;
      line.advance(step);
      this.rendered++;
    }
  }

  /** Wait for more audio, or finish, because the sound has faded to zero. */
  starve() {
    this.playing = false;
    this.gain = this.starvedFor = 0;
    this.playout.forget();
    if (this.stopping || this.ending) this.finished = true;
    else this.underruns++;
  }

  /** How much audio is to be kept in the ring, in samples. */
  get reserve() {
    const { target } = this.playout;
    return this.follow ? target : Math.min(target, RESERVE_SECONDS * this.rate);
  }

  /** Has what there is waited long enough to be played? */
  get isDue() {
    const { playout, rate, ring, starvedFor, left, reserve } = this;
    const begins = this.follow && starvedFor > LONG_SECONDS * rate;
    const wait = begins ? playout.target : Math.min(playout.target, RESUMING_SECONDS * rate);
    return playout.delay(ring.written - left) >= wait || left >= reserve + ENOUGH_SECONDS * rate;
  }

  report() {
    const { message, ring } = this;
    message.playing = this.playing && this.rendered > 0;
    message.ended = this.finished;
    message.bufferedSamples = Math.max(0, Math.floor(this.left));
    message.positionPlayed = this.lastPlace < 0 ? null : ring.positions[this.lastPlace & ring.mask];
    message.seek = this.lastPlace >= this.seekTo ? this.seek : -1;
    message.underruns = this.underruns;
    message.drops = this.drops;
    message.droppedSamples = this.droppedSamples;
    message.rms = this.line.takeLevel();
    this.port.postMessage(message);
    this.rendered = this.sinceReport = 0;
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const out = outputs[0][0];
    const samples = out.length * this.step;
    if (this.seeking) this.doSeek();
    if (this.follow) this.limit();
    if (!this.playing) {
      this.starvedFor += samples;
      if (this.stopping || (this.ending && this.left <= this.ring.fade + HALF)) this.finished = true;
      else this.playing = this.isDue || this.ending;
    }
    if (this.playing) {
      if (this.follow) this.steer(samples);
      else this.playout.rest();
      this.render(out);
    }
    this.playout.pass(samples);
    this.sinceReport += out.length;
    if (this.finished || this.sinceReport >= this.reportEvery) this.report();
    return !this.finished;
  }
}
