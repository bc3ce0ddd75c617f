// @ts-check
/**
 * Sound out: one AudioContext for the page, one worklet node and one GainNode
 * for each player.
 *
 * When a player starts, the document gets an "earshot:audio" event with
 * {context, output}. It is the seam for recorders and analysers: connect them
 * to `output`, and they hear what the listener hears.
 */

const BLOCKED_AFTER_MS = 600;
const FADE_OUT_MS = 60;

/** Why there can be no sound, in words for the listener. */
export class AudioFailure extends Error {
  name = "AudioFailure";
}

/** The page's one AudioContext: created in the first click, at the device's rate. */
export class AudioOutput extends EventTarget {
  /** @param {string} workletUrl */
  constructor(workletUrl) {
    super();
    this.workletUrl = workletUrl;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {Promise<void> | null} */
    this.loading = null;
    this.users = 0;
    this.waited = false;
  }

  /** The browser keeps the sound back until the listener clicks. */
  get blocked() {
    return this.users > 0 && this.waited && this.context?.state !== "running";
  }

  /** Call inside a click, before any await: only there may sound begin. */
  unlock() {
    if (!this.context) this.#create();
    const context = /** @type {AudioContext} */ (this.context);
    if (context.state === "running") return;
    this.waited = false;
    // Without a gesture the promise of resume() stays open, so a timer decides.
    context.resume().catch(() => {});
    setTimeout(() => this.#judge(), BLOCKED_AFTER_MS);
  }

  #create() {
    const Context = globalThis.AudioContext;
    if (!Context || !globalThis.AudioWorkletNode) {
      const why = globalThis.isSecureContext
        ? "This browser cannot play live audio. Use a current Chrome, Edge, Firefox or Safari."
        : "Browsers play live audio only over https. Open this page with an https address.";
      throw new AudioFailure(why);
    }
    this.context = new Context({ latencyHint: "interactive" });
    this.context.addEventListener("statechange", () => this.#judge());
    this.context.addEventListener("error", () => this.#fail());
  }

  #judge() {
    this.waited = true;
    this.dispatchEvent(new Event("change"));
  }

  #fail() {
    const detail = "The sound device stopped working. Check the output of this computer.";
    this.dispatchEvent(new CustomEvent("failed", { detail }));
  }

  /** @returns {Promise<void>} settled when the worklet is there */
  load() {
    const context = /** @type {AudioContext} */ (this.context);
    this.loading ??= context.audioWorklet.addModule(this.workletUrl).catch(() => {
      // A context remembers a module that failed for good: the next click gets a new one.
      this.loading = this.context = null;
      context.close().catch(() => {});
      throw new AudioFailure("The player could not be loaded. Check your connection and try again.");
    });
    return this.loading;
  }

  /** Nobody plays: let the device sleep. */
  rest() {
    if (this.users > 0 || !this.context) return;
    this.waited = false;
    this.context.suspend().catch(() => {});
  }

  /** Seconds between the worklet and the ear, as far as the browser knows. */
  get latency() {
    return this.context?.outputLatency || this.context?.baseLatency || 0;
  }
}

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
  }

  /** Call inside a click. Sound can come once the promise has settled. */
  async start() {
    this.started = true;
    this.output.users += 1;
    try {
      this.output.unlock();
      await this.output.load();
      if (this.started) this.#connect();
    } catch (error) {
      const known = error instanceof AudioFailure;
      this.on.failure(known ? error.message : "The sound could not be started on this computer.");
    }
  }

  #connect() {
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
    const detail = { context, output: this.gain };
    document.dispatchEvent(new CustomEvent("earshot:audio", { detail }));
  }

  /** @param {number} rate samples per second, as the hello names it */
  configure(rate) {
    if (rate === this.rate) return;
    this.rate = rate;
    this.node?.port.postMessage({ type: "configure", rate });
  }

  /**
   * The samples move to the audio thread: `frame.pcm` is empty afterwards.
   * @param {import("./frame.js").Frame} frame
   */
  push(frame) {
    const { pcm, position, flags } = frame;
    this.node?.port.postMessage({ type: "push", pcm, position, flags }, [pcm.buffer]);
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
