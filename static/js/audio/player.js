/** Plays one tap: a worklet node, a GainNode and a StereoPannerNode on the page's AudioContext. */

import { gettext } from "../ui/i18n.js";
import { SAMPLE_RATE } from "../wire/protocol.js";
import { AudioFailure } from "./output.js";
import { beeping } from "./pause-tone.js";

/** The worklet is told of a target that differs by more than this. */
const TARGET_STEP_MS = 3;
const FADE_OUT_MS = 60;
const GLIDE_S = 0.02;

/** @typedef {import("./messages.js").Report} Report */
/** @typedef {{gain: number, pan: number, automaticGain: boolean}} Voice pan: -1 is left, 1 is right */

/** Plays the audio of one tap. */
export class Player {
  /**
   * @param {import("./output.js").AudioOutput} output
   * @param {object} on
   * @param {(report: Report) => void} on.report
   * @param {(why: string) => void} on.failure
   * @param {() => void} on.connected the audio thread has a new player, which holds nothing
   */
  constructor(output, on) {
    this.output = output;
    this.on = on;
    this.level = 1;
    this.side = 0;
    this.automaticGain = false;
    this.rate = SAMPLE_RATE;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
    /** @type {GainNode | null} */
    this.gain = null;
    /** @type {StereoPannerNode | null} */
    this.panner = null;
    /** @type {Report | null} */
    this.stats = null;
    /** @type {AudioBufferSourceNode | null} while the call is paused */
    this.tone = null;
    this.beeps = false;
    this.started = false;
    this.targetMs = 0;
  }

  /** Start to play. Call it inside a click; sound can begin once the promise has settled. */
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

  /** Connect to the output's context, which may be a new one. */
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
    if (!this.started) return;
    const known = error instanceof AudioFailure;
    this.on.failure(known ? error.message : gettext("The sound could not be started on this computer."));
  }

  #connect() {
    release(this);
    this.tone = null;
    const context = /** @type {AudioContext} */ (this.output.context);
    const master = /** @type {GainNode} */ (this.output.master);
    const node = new AudioWorkletNode(context, "earshot-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { inputRate: this.rate, targetSeconds: this.targetMs / 1000 },
    });
    node.port.onmessage = (event) => {
      this.stats = event.data;
      this.on.report(event.data);
    };
    node.onprocessorerror = () => this.on.failure(gettext("The player stopped working. Listen again."));
    this.gain = context.createGain();
    this.gain.gain.value = this.#gainNow;
    this.panner = context.createStereoPanner();
    this.panner.pan.value = this.side;
    node.connect(this.gain).connect(this.panner).connect(master);
    this.node = node;
    this.#tellGain();
    this.beep(this.beeps);
    this.on.connected();
  }

  /** Will audio that is pushed now be heard? */
  get ready() {
    return this.node !== null && this.output.running;
  }

  /** @param {number} rate samples per second, as the hello names it */
  configure(rate) {
    if (rate === this.rate) return;
    this.rate = rate;
    this.#tell({ type: "configure", rate });
  }

  /** Discard what is buffered, so that the sound begins again with live audio. */
  empty() {
    this.#tell({ type: "configure", rate: this.rate });
  }

  /**
   * Play a piece next. Its samples move to the audio thread, so `pcm` is empty afterwards.
   * @param {import("./history.js").Piece} piece
   */
  push({ pcm, position, flags }) {
    this.#tell({ type: "push", pcm, position, flags }, [pcm.buffer]);
  }

  /** Play on elsewhere, with what is pushed from now on. @param {number} number which the reports name then */
  seek(number) {
    this.#tell({ type: "seek", number });
  }

  /**
   * @param {number} speed 1 to 2
   * @param {boolean} follow stay live
   */
  pace(speed, follow) {
    this.#tell({ type: "pace", speed, follow });
  }

  /** Let live audio wait for so long from now on. @param {number} ms */
  hold(ms) {
    if (Math.abs(ms - this.targetMs) <= TARGET_STEP_MS) return;
    this.targetMs = ms;
    this.#tell({ type: "target", seconds: ms / 1000 });
  }

  /** Play what is buffered, then report `ended`, because no more Frames will arrive. */
  end() {
    this.#tell({ type: "end" });
  }

  /**
   * @param {import("./messages.js").PlayerMessage} message discarded while there is no worklet
   * @param {ArrayBuffer[]} [moved] buffers that the audio thread then owns
   */
  #tell(message, moved = []) {
    this.node?.port.postMessage(message, moved);
  }

  /** Beep softly and again and again, as loud and where the leg is heard, or stop that. @param {boolean} on */
  beep(on) {
    this.beeps = on;
    if (on === (this.tone !== null) || (on && !this.gain)) return;
    this.tone?.disconnect();
    this.tone = on && this.gain ? beeping(this.gain) : null;
  }

  /** @param {Voice} voice how the leg is heard from now on */
  set voice({ gain, pan, automaticGain }) {
    this.level = gain;
    this.side = pan;
    if (automaticGain !== this.automaticGain) {
      this.automaticGain = automaticGain;
      this.#tellGain();
    }
    this.#glide(this.panner?.pan, pan);
    this.#glide(this.gain?.gain, this.#gainNow);
  }

  #tellGain() {
    this.#tell({ type: "gain", automatic: this.automaticGain });
  }

  /** The panner takes 3 dB from what is in the middle, and less towards a side; that is given back here. */
  get #gainNow() {
    return this.level / Math.cos(((1 - Math.abs(this.side)) * Math.PI) / 4);
  }

  /**
   * Change a parameter without a click that could be heard.
   * @param {AudioParam | undefined} parameter
   * @param {number} value
   */
  #glide(parameter, value) {
    const { context } = this.output;
    if (context) parameter?.setTargetAtTime(value, context.currentTime, GLIDE_S);
  }

  stop() {
    if (!this.started) return;
    this.started = false;
    this.output.users -= 1;
    const { node, gain, panner, output } = this;
    this.#tell({ type: "stop" });
    this.beep(false);
    this.node = this.gain = this.panner = null;
    if (node) {
      node.port.onmessage = null;
      node.onprocessorerror = null;
    }
    setTimeout(() => {
      release({ node, gain, panner });
      output.rest();
    }, FADE_OUT_MS);
  }
}

/**
 * Let the audio thread forget a player. While its port is open, it keeps the player with its ring
 * of 1 MB, as long as the page lives.
 * @param {{node: AudioWorkletNode | null, gain: GainNode | null, panner: StereoPannerNode | null}} nodes
 */
function release({ node, gain, panner }) {
  for (const one of [node, gain, panner]) one?.disconnect();
  node?.port.close();
}
