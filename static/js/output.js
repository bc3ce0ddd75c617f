// @ts-check
/** Sound out: the page's one AudioContext, and the worklet module loaded into it. */

/** How long a context may take to run before the page says that the browser waits for a click. */
const UNCLICKED_MS = 1500;
/** After a click no browser holds the sound back: what is slow is the device. Firefox takes up to 2 s to open one. */
const CLICKED_MS = 4000;
/** How long the clock of a running context may stand still. Healthy clocks move every 3 ms. */
const DEAD_MS = 2000;
/** A page that was frozen saw nothing in between: of such a pause only this much counts. */
const LONGEST_LOOK_MS = 500;
const TAKES_NO_AUDIO = "The sound device takes no audio. Check the output of this computer.";
const DEVICE_STOPPED = "The sound device stopped working. Check the output of this computer.";
const NO_DEVICE = "No sound device was found. Connect headphones or speakers, then try again.";

/**
 * Brings an AudioContext to the state that was asked for last. A browser may
 * finish a suspend() after a later resume(), and the state says "running" until
 * then. So the state is never a reason not to ask, and a request that another
 * one has overtaken is followed by the wanted one again.
 */
class StateRequest {
  /** @param {AudioContext} context */
  constructor(context) {
    this.context = context;
    /** @type {"running" | "suspended"} */
    this.wanted = "suspended";
  }

  /** Call inside a click, before any await: only there may sound begin. */
  resume() {
    this.wanted = "running";
    this.context.resume().then(() => this.#reached("running"), () => {});
  }

  suspend() {
    this.wanted = "suspended";
    this.context.suspend().then(() => this.#reached("suspended"), () => {});
  }

  /** @param {"running" | "suspended"} state */
  #reached(state) {
    if (state === this.wanted) return;
    if (this.wanted === "running") this.resume();
    else this.suspend();
  }
}

/** Notices that a clock stands still, when it is looked at again and again. */
export class ClockWatch {
  time = -1;
  lookedAt = 0;
  stoodMs = 0;

  /**
   * @param {number} time what the clock says
   * @param {number} now ms
   * @returns {number} for how many milliseconds it has said so
   */
  look(time, now) {
    const since = Math.min(now - this.lookedAt, LONGEST_LOOK_MS);
    this.stoodMs = time === this.time ? this.stoodMs + since : 0;
    this.time = time;
    this.lookedAt = now;
    return this.stoodMs;
  }
}

/** Why there can be no sound, in words for the listener. */
export class AudioFailure extends Error {
  name = "AudioFailure";
}

/**
 * addModule() fails alike for a file that is gone and for a network that is.
 * @param {string} url
 * @returns {Promise<string>} in words for the listener
 */
async function whyNotLoaded(url) {
  const answer = await fetch(url, { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.status === 404) return "Earshot was updated. Reload the page.";
  return "The player could not be loaded. Check your connection and try again.";
}

/** The page's one AudioContext, at the device's rate. It sleeps while nobody listens. */
export class AudioOutput extends EventTarget {
  /** @param {string} workletUrl */
  constructor(workletUrl) {
    super();
    this.workletUrl = workletUrl;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {StateRequest | null} */
    this.request = null;
    /** @type {Promise<void> | null} */
    this.loading = null;
    this.users = 0;
    this.attempt = 0; // number of the last one to make it run
    this.settling = false; // it was asked to run a moment ago
    this.ran = false; // the context ran before
    this.clock = new ClockWatch();
    this.replaced = false; // since the click, for the first context was dead
  }

  get running() {
    return this.context?.state === "running";
  }

  /** The sound is held back until the listener clicks: by the browser, or by a phone call. */
  get blocked() {
    return this.users > 0 && !this.settling && !this.running;
  }

  /**
   * Load the player's module when the page is loaded. Later the server may have
   * been updated, and have no file of that name.
   */
  async prepare() {
    try {
      this.#create();
      await this.load();
    } catch {
      // Nobody has asked for sound yet. A click tries again, and says why it failed.
    }
  }

  /** Call inside a click, before any await: only there may sound begin. */
  unlock() {
    if (!this.context) this.#create();
    this.settling = true;
    this.replaced = false;
    this.request?.resume();
    this.#settle();
  }

  /** Where a device or a click is missing the promise of resume() stays open, so a timer decides. */
  #settle() {
    const clicked = Boolean(globalThis.navigator?.userActivation?.isActive);
    const attempt = ++this.attempt;
    setTimeout(() => {
      if (attempt === this.attempt) this.#settled(clicked);
    }, clicked ? CLICKED_MS : UNCLICKED_MS);
  }

  /** @param {boolean} clicked */
  #settled(clicked) {
    this.settling = false;
    if (clicked && this.users > 0 && !this.running && !this.ran) this.#fail(NO_DEVICE);
    else this.#changed();
  }

  #create() {
    const Context = globalThis.AudioContext;
    if (!Context || !globalThis.AudioWorkletNode) {
      const why = globalThis.isSecureContext
        ? "This browser cannot play live audio. Use a current Chrome, Edge, Firefox or Safari."
        : "Browsers play live audio only over https. Open this page with an https address.";
      throw new AudioFailure(why);
    }
    const context = new Context({ latencyHint: "interactive" });
    this.context = context;
    this.request = new StateRequest(context);
    context.addEventListener("statechange", () => this.#changed());
    context.addEventListener("error", () => {
      if (context === this.context) this.#fail(DEVICE_STOPPED);
    });
  }

  /**
   * Call whenever there is something to play. A context may say that it runs
   * while its clock stands still, for good: another one replaces it, and where
   * that is dead as well, the device is.
   * @param {number} now ms
   */
  check(now) {
    if (!this.context || !this.running) return;
    if (this.clock.look(this.context.currentTime, now) < DEAD_MS) return;
    if (this.replaced) this.#fail(TAKES_NO_AUDIO);
    else this.#replace();
  }

  #replace() {
    this.#discard();
    this.unlock();
    this.replaced = true;
    this.dispatchEvent(new Event("replaced"));
  }

  #changed() {
    this.ran ||= this.running;
    if (this.running) this.rest(); // where pages may play without a click, a context begins to run
    this.dispatchEvent(new Event("change"));
  }

  /**
   * The next click gets a new context: this one may never sound again.
   * @param {string} detail
   */
  #fail(detail) {
    this.#discard();
    this.dispatchEvent(new CustomEvent("failed", { detail }));
  }

  #discard() {
    this.context?.close().catch(() => {});
    this.context = this.request = this.loading = null;
    this.settling = this.ran = false;
    this.clock = new ClockWatch();
    this.attempt++;
  }

  /** @returns {Promise<void>} settled when the worklet is there */
  load() {
    const context = /** @type {AudioContext} */ (this.context);
    this.loading ??= context.audioWorklet.addModule(this.workletUrl).catch(async () => {
      // A context remembers a module that failed for good: the next click gets a new one.
      if (context === this.context) this.#discard();
      throw new AudioFailure(await whyNotLoaded(this.workletUrl));
    });
    return this.loading;
  }

  /** Nobody plays: let the device sleep. */
  rest() {
    if (this.users === 0) this.request?.suspend();
  }

  /** Seconds between the worklet and the ear, as far as the browser knows. */
  get latency() {
    return this.context?.outputLatency || this.context?.baseLatency || 0;
  }
}
