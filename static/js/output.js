// @ts-check
/** Sound out: the page's one AudioContext, and the worklet module loaded into it. */

const BLOCKED_AFTER_MS = 600;

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
    this.settling = false; // it was asked to run a moment ago
  }

  get running() {
    return this.context?.state === "running";
  }

  /** The sound is held back until the listener clicks: by the browser, or by a phone call. */
  get blocked() {
    return this.users > 0 && !this.settling && !this.running;
  }

  /** Call inside a click, before any await: only there may sound begin. */
  unlock() {
    if (!this.context) this.#create();
    const context = /** @type {AudioContext} */ (this.context);
    if (context.state === "running") return;
    this.settling = true;
    context.resume().catch(() => {});
    // Without a gesture the promise of resume() stays open, so a timer decides.
    setTimeout(() => this.#settled(), BLOCKED_AFTER_MS);
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
    this.context.addEventListener("statechange", () => this.#changed());
    this.context.addEventListener("error", () => this.#fail());
  }

  #settled() {
    this.settling = false;
    this.#changed();
  }

  #changed() {
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
    this.context.suspend().catch(() => {});
  }

  /** Seconds between the worklet and the ear, as far as the browser knows. */
  get latency() {
    return this.context?.outputLatency || this.context?.baseLatency || 0;
  }
}
