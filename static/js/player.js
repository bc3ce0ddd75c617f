// @ts-check
/**
 * Plays one tap: a worklet node and a GainNode on the page's AudioContext.
 *
 * When a player starts, the document gets an "earshot:audio" event with
 * {context, output}. It is the seam for recorders and analysers: connect them
 * to `output`, and they hear what the listener hears.
 */

import { Bursts } from "./bursts.js";
import { AudioFailure } from "./output.js";

const FADE_OUT_MS = 60;

/**
 * A worklet report, see static/js/worklets/player.js.
 * @typedef {object} Report
 * @property {boolean} playing samples were rendered since the last report
 * @property {boolean} ended
 * @property {number} bufferedSamples
 * @property {number | null} positionPlayed
 * @property {number} underruns
 * @property {number} drops
 * @property {number} droppedSamples
 * @property {number} rms linear, 1 is full scale
 */

/** Plays the frames of one tap. */
export class Player {
  /**
   * @param {AudioOutput} output
   * @param {object} on
   * @param {(report: Report) => void} on.report
   * @param {(why: string) => void} on.failure
   */
  constructor(output, on) {
    this.output = output;
    this.on = on;
    this.level = 1;
    this.rate = 8000;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
    /** @type {GainNode | null} */
    this.gain = null;
    /** @type {Report | null} */
    this.stats = null;
    this.started = false;
    this.bursts = new Bursts();
    /** Length of a burst that the worklet was told about. */
    this.burstSeconds = 0;
  }

  /** Call inside a click. Sound can come once the promise has settled. */
  async start() {
    this.started = true;
    this.output.users += 1;
    try {
      this.output.unlock();
    } catch (error) {
      this.#failed(error);
      return;
    }
    await this.connect();
  }

  /** Play on the output's context, which may be another one than before. */
  async connect() {
    try {
      await this.output.load();
      if (this.started) this.#connect();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    const known = error instanceof AudioFailure;
    this.on.failure(known ? error.message : "The sound could not be started on this computer.");
  }

  #connect() {
    this.node?.disconnect();
    this.gain?.disconnect();
    const context = /** @type {AudioContext} */ (this.output.context);
    const node = new AudioWorkletNode(context, "earshot-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { inputRate: this.rate, targetMs: 200 },
    });
    node.port.onmessage = (event) => {
      this.stats = event.data;
      this.on.report(event.data);
    };
    node.onprocessorerror = () => this.on.failure("The player stopped working. Listen again.");
    this.gain = context.createGain();
    this.gain.gain.value = this.level;
    node.connect(this.gain).connect(context.destination);
    this.node = node;
    this.burstSeconds = 0; // a new node knows of none
    const detail = { context, output: this.gain };
    document.dispatchEvent(new CustomEvent("earshot:audio", { detail }));
  }

  /** @param {number} rate samples per second, as the hello names it */
  configure(rate) {
    if (rate === this.rate) return;
    this.rate = rate;
    this.node?.port.postMessage({ type: "configure", rate });
  }

  /** Forget what is buffered, so that the sound begins again where the call is by then. */
  empty() {
    this.node?.port.postMessage({ type: "configure", rate: this.rate });
  }

  /**
   * The samples move to the audio thread: `frame.pcm` is empty afterwards.
   * While the context is paused they are discarded: nobody would hear them,
   * and an hour of them is 58 MB.
   * @param {import("./frame.js").Frame} frame
   * @param {number} now ms
   */
  push(frame, now) {
    const { pcm, position, flags } = frame;
    this.bursts.arrived(pcm.length / this.rate, now);
    if (!this.output.running) return;
    this.#expectBursts(this.bursts.seconds);
    this.node?.port.postMessage({ type: "push", pcm, position, flags }, [pcm.buffer]);
  }

  /** @param {number} seconds */
  #expectBursts(seconds) {
    if (seconds === this.burstSeconds) return;
    this.burstSeconds = seconds;
    this.node?.port.postMessage({ type: "bursts", seconds });
  }

  /** No more frames will come: play what is buffered, then report `ended`. */
  end() {
    this.node?.port.postMessage({ type: "end" });
  }

  /** @param {number} level 0 to 1, as a slider has it; squared, as ears hear it */
  set volume(level) {
    this.level = level * level;
    const context = this.output.context;
    if (this.gain && context) this.gain.gain.setTargetAtTime(this.level, context.currentTime, 0.02);
  }

  stop() {
    if (!this.started) return;
    this.started = false;
    this.output.users -= 1;
    const { node, gain, output } = this;
    this.node = this.gain = null;
    if (node) {
      node.port.onmessage = null;
      node.onprocessorerror = null;
      node.port.postMessage({ type: "stop" });
    }
    setTimeout(() => {
      node?.disconnect();
      gain?.disconnect();
      output.rest();
    }, FADE_OUT_MS);
  }
}
