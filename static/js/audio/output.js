/** The sound output: the page's one AudioContext, and the worklets that are loaded into it. */

import { gettext } from "../ui/i18n.js";
import { Scope } from "../ui/scope.js";
import { DEVICE_TAKES_NO_AUDIO } from "../ui/words.js";
import { connectLimiter } from "./limiter.js";

/** How long a context may take to run before the page says that the browser waits for a click. */
const UNCLICKED_MS = 1500;
/** After a click no browser holds the sound back, so a slow start is the device's: Firefox takes up to 2 s to open one. */
const CLICKED_MS = 4000;
/** How long the clock of a running context may stand still. Healthy clocks move every 3 ms. */
const DEAD_MS = 2000;
/** How long a reading of the device's latency counts. Headphones may be changed while the context runs. */
const LATENCY_MS = 5000;
/**
 * Firefox is not asked for the device's latency: on Linux the question can stop its page for good. The
 * page's thread then holds the lock of the audio graph while it waits for PulseAudio's thread, which waits
 * for the graph, which waits for the lock (seen in Firefox 153, while devices were opened and once while one
 * ran). The delay that a deck shows there is shorter by that latency, which is about 40 ms with a device of
 * the computer itself.
 */
const answersLatency = () => !/Firefox\//.test(navigator.userAgent);
/** At most this much counts between two looks, because a frozen page did not see whether the clock moved. */
const LONGEST_LOOK_MS = 500;
const DEVICE_STOPPED = gettext("The sound device stopped working. Check this computer’s sound output.");
const STOPPED = gettext("The player stopped working. Listen again.");
const NO_DEVICE = gettext("No sound device was found. Connect headphones or speakers, then try again.");

/**
 * Brings an AudioContext to the state that was asked for last. A browser may
 * finish a suspend() after a later resume(), and the state says "running" until
 * then. The state is therefore never a reason not to ask; and when a request
 * finishes after a later one, the wanted state is requested again.
 */
class StateRequest {
  /** @param {AudioContext} context */
  constructor(context) {
    this.context = context;
    /** @type {"running" | "suspended"} */
    this.wanted = "suspended";
  }

  /** Call it inside a click, before any await, because browsers let sound begin only there. */
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

/** Measures how long a clock has stood still, if it is asked again and again. */
export class ClockWatch {
  time = -1;
  lookedAt = 0;
  stoodMs = 0;

  /**
   * @param {number} time what the clock says
   * @param {number} now ms
   * @returns {number} the milliseconds for which it has said the same
   */
  look(time, now) {
    const since = Math.min(now - this.lookedAt, LONGEST_LOOK_MS);
    this.stoodMs = time === this.time ? this.stoodMs + since : 0;
    this.time = time;
    this.lookedAt = now;
    return this.stoodMs;
  }
}

/**
 * What a context has in browsers that can choose the device.
 * @typedef {AudioContext & {setSinkId?: (device: string) => Promise<void>}} RoutedContext
 */

/** Why there can be no sound, in words for the listener. */
export class AudioFailure extends Error {
  name = "AudioFailure";
}

/**
 * Find out why the player's module was not loaded: addModule() fails alike for a missing
 * file and for a missing network.
 * @param {string} url
 * @returns {Promise<string>} in words for the listener
 */
async function whyNotLoaded(url) {
  const answer = await fetch(url, { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.status === 404) return gettext("Earshot was updated. Reload the page.");
  return gettext("The player could not be loaded. Check your connection and try again.");
}

/**
 * The page's one AudioContext, at the device's rate. It sleeps while nobody listens.
 */
export class AudioOutput extends EventTarget {
  /** @param {string} workletUrl */
  constructor(workletUrl) {
    super();
    this.workletUrl = workletUrl;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {GainNode | null} what all decks of the page are connected to */
    this.master = null;
    /** @type {StateRequest | null} */
    this.request = null;
    /** @type {Promise<void> | null} */
    this.loading = null;
    this.scope = new Scope(); // owns the context
    this.users = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} decides whether a resume() succeeded */
    this.timer = undefined;
    this.settling = false; // it was just asked to run, and may still begin to
    this.ran = false; // the context has run before
    this.clock = new ClockWatch();
    this.latencyAt = 0; // ms, the last reading since the device was opened
    this.latency = 0; // seconds between the worklet and the ear, as far as the browser knows
    this.replaced = false; // since the last click, because the first context was dead
    this.device = ""; // its id, or "" for the system's own
  }

  /** Play on another device, now and from now on. @param {string} device */
  playOn(device) {
    if (device === this.device) return;
    this.device = device;
    if (this.context) this.#route(this.context);
  }

  /**
   * Connect a context to the chosen device. While that one is not there, the system's own plays.
   * @param {RoutedContext} context
   */
  #route(context) {
    context.setSinkId?.(this.device).catch(() => {});
  }

  get running() {
    return this.context?.state === "running";
  }

  /** Is the sound held back until the listener clicks? A browser may do that, or a phone call. */
  get blocked() {
    return this.users > 0 && !this.settling && !this.running;
  }

  /**
   * Load the player's module as soon as the page is loaded. After a later update the
   * server may have no file of that name.
   */
  async prepare() {
    try {
      this.#create();
      await this.load();
    } catch {
      // Nobody has asked for sound yet. A click tries again, and says why it failed.
    }
  }

  /** Call it inside a click, before any await, because browsers let sound begin only there. */
  unlock() {
    if (!this.context) this.#create();
    this.settling = true;
    this.latencyAt = 0;
    this.replaced = false;
    this.request?.resume();
    this.#settle();
  }

  /** Let a timer decide whether the context runs: without a device or a click the promise of resume() never settles. */
  #settle() {
    const clicked = Boolean(globalThis.navigator?.userActivation?.isActive);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#settled(clicked), clicked ? CLICKED_MS : UNCLICKED_MS);
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
        ? gettext("This browser cannot play live audio. Use a current Chrome, Edge, Firefox or Safari.")
        : gettext("Browsers play live audio only over https. Open this page with an https address.");
      throw new AudioFailure(why);
    }
    const context = new Context({ latencyHint: "interactive" });
    this.context = context;
    if (this.device) this.#route(context);
    this.request = new StateRequest(context);
    this.scope.listen(context, "statechange", () => this.#changed());
    this.scope.listen(context, "error", () => this.#fail(DEVICE_STOPPED));
    this.scope.own(() => context.close().catch(() => {}));
    this.master = context.createGain();
  }

  /**
   * Read the device's latency now and then, and replace a context that is dead: one that
   * says that it runs while its clock stands still, which it may do for good. If the next
   * one is dead as well, the device takes no audio. Call this whenever there is something
   * to play.
   * @param {number} now ms
   */
  check(now) {
    if (!this.context || !this.running) return;
    if (this.clock.look(this.context.currentTime, now) < DEAD_MS) this.#readLatency(this.context, now);
    else if (this.replaced) this.#fail(DEVICE_TAKES_NO_AUDIO);
    else this.#replace();
  }

  /**
   * @param {AudioContext} context
   * @param {number} now ms
   */
  #readLatency(context, now) {
    if (this.latencyAt && now - this.latencyAt < LATENCY_MS) return;
    this.latencyAt = now;
    this.latency = (answersLatency() && context.outputLatency) || context.baseLatency || 0;
  }

  #replace() {
    this.#discard();
    this.unlock();
    this.replaced = true;
    this.dispatchEvent(new Event("replaced"));
  }

  #changed() {
    this.ran ||= this.running;
    this.latencyAt = 0;
    if (this.running) this.rest(); // a context begins to run by itself where pages may play without a click
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Give up this context, which may never sound again. The next click gets a new one.
   * @param {string} detail
   */
  #fail(detail) {
    this.#discard();
    this.dispatchEvent(new CustomEvent("failed", { detail }));
  }

  /** Release the context, because the page needs no more sound. */
  close() {
    this.#discard();
  }

  #discard() {
    this.scope.dispose();
    this.scope = new Scope();
    this.context = this.master = this.request = this.loading = null;
    this.settling = this.ran = false;
    this.clock = new ClockWatch();
    clearTimeout(this.timer);
  }

  /** @returns {Promise<void>} settles when what is connected to the master is heard */
  load() {
    this.loading ??= this.#load(/** @type {AudioContext} */ (this.context), /** @type {GainNode} */ (this.master));
    return this.loading;
  }

  /**
   * @param {AudioContext} context
   * @param {GainNode} master
   */
  async #load(context, master) {
    try {
      await context.audioWorklet.addModule(this.workletUrl);
    } catch {
      // A context remembers for good that a module failed, so the next click gets a new context.
      if (context === this.context) this.#discard();
      throw new AudioFailure(await whyNotLoaded(this.workletUrl));
    }
    connectLimiter(context, master, () => this.#fail(STOPPED));
  }

  /** Let the device sleep if nobody plays. */
  rest() {
    if (this.users === 0) this.request?.suspend();
  }
}
