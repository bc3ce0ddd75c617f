// @ts-check
/**
 * One listening deck: a tap's socket, its player, and the light that says what
 * is heard. Says "change" when the light may have changed and "report" with
 * every report of the worklet.
 *
 * Acks and sound are driven by messages and the worklet, never by timers:
 * browsers slow the timers of a tab in the background.
 */

import { FrameError, parseFrame } from "./frame.js";
import { audioLight, isSounding, QUIET_DBFS } from "./light.js";
import { FLOOR_DB, toDb } from "./meter.js";
import { AudioOutput } from "./output.js";
import { Player } from "./player.js";
import { ALIVE_WITHIN_MS, LiveSocket, socketUrl } from "./socket.js";

const ACK_MS = 1000;
const QUIET_LINK_MS = 6000; // the server says "stalled" after three seconds

/** @typedef {import("./state.js").Tap} Tap */

/** @returns {import("./light.js").Facts} */
function noFacts() {
  return {
    on: false,
    failure: "",
    link: "connecting",
    code: 0,
    retryAt: 0,
    everOpen: false,
    over: false,
    endReason: "",
    drained: false,
    blocked: false,
    stalled: false,
    playing: false,
    reportAt: 0,
    startedAt: 0,
    frameAt: 0,
    quietSince: 0,
    burstSeconds: 0,
    volume: 1,
  };
}

export class Deck extends EventTarget {
  /**
   * @param {object} options
   * @param {string} options.listenUrl path before the tap's id
   * @param {string} options.workletUrl
   * @param {number} options.volume
   * @param {(build: string) => void} [options.onBuild] told the server's build
   */
  constructor({ listenUrl, workletUrl, volume, onBuild = () => {} }) {
    super();
    this.listenUrl = listenUrl;
    this.onBuild = onBuild;
    this.output = new AudioOutput(workletUrl);
    this.output.addEventListener("change", () => this.#outputChanged());
    this.output.addEventListener("replaced", () => this.player?.connect());
    this.output.addEventListener("failed", (event) => {
      if (this.facts.on) this.#fail(/** @type {CustomEvent} */ (event).detail);
    });
    this.facts = noFacts();
    this.volume = volume;
    /** @type {Tap | null} */
    this.tap = null;
    this.rate = 8000;
    this.level = FLOOR_DB;
    /** @type {import("./player.js").Report | null} */
    this.report = null;
    this.ackAt = 0;
    this.acked = -1;
    /** The newest frame: where, and when the server got it. */
    this.last = { position: 0, receivedMs: 0 };
  }

  /** @returns {import("./light.js").Light} */
  get light() {
    return audioLight(this.facts, performance.now());
  }

  /** Position of the sample heard now, or null while nothing is heard. */
  get #positionHeard() {
    return isSounding(this.facts, performance.now()) ? (this.report?.positionPlayed ?? null) : null;
  }

  /** Have the player at hand before a call is wanted. Call when the page is loaded. */
  prepare() {
    this.output.prepare();
  }

  /**
   * Hear a call; another one on this deck stops. Call inside a click.
   * @param {Tap} tap
   */
  listen(tap) {
    this.stop();
    this.tap = tap;
    this.player = new Player(this.output, {
      report: (report) => this.#reported(report),
      failure: (why) => this.#fail(why),
    });
    this.player.volume = this.volume;
    this.socket = new LiveSocket({
      url: socketUrl(this.listenUrl + tap.id),
      onMessage: (data) => this.#message(data),
      onState: (state) => this.#link(state),
    });
    this.facts = { ...noFacts(), on: true, startedAt: performance.now(), volume: this.volume };
    this.socket.open();
    this.player.start();
    this.#update({});
  }

  /** Stop listening; nothing of the call stays. */
  stop() {
    this.#release();
    this.tap = null;
    this.#update(noFacts());
  }

  /** Sound again after the browser held it back. Call inside a click. */
  resume() {
    this.output.unlock();
  }

  /** The network is back, or the tab is seen again. */
  hurry() {
    this.socket?.retryNow();
  }

  /** @param {number} level 0 to 1 */
  setVolume(level) {
    this.volume = level;
    if (this.player) this.player.volume = level;
    this.#update({ volume: level });
  }

  /**
   * Milliseconds between the server getting a sample and this ear hearing it.
   * @param {number} serverNow
   * @returns {number | null} null while nothing is heard
   */
  delay(serverNow) {
    const played = this.#positionHeard;
    if (played === null || !this.last.receivedMs) return null;
    const behind = ((this.last.position - played) | 0) / this.rate;
    const arrived = this.last.receivedMs - behind * 1000;
    return Math.max(0, serverNow - arrived + this.output.latency * 1000);
  }

  /** @param {any} data */
  #message(data) {
    if (data instanceof ArrayBuffer) this.#frame(data);
    else if (data.type === "hello") this.#hello(data);
    else if (data.type === "state") this.#state(data);
    else if (data.type === "end") this.#end(data.reason);
  }

  /** @param {{build: string, tap: Tap, rate: number, stalled?: boolean}} hello */
  #hello(hello) {
    this.onBuild(hello.build);
    this.rate = hello.rate;
    this.player?.configure(hello.rate);
    this.tap = hello.tap ?? this.tap;
    // Where audio is under way, frames come within a moment, or word that it stalled.
    if (hello.tap?.media && !hello.stalled) this.socket?.expectWithin(QUIET_LINK_MS);
    this.#update({ everOpen: true, stalled: Boolean(hello.stalled) });
  }

  /** @param {{state: string, stalled?: boolean}} message */
  #state(message) {
    const stalled = Boolean(message.stalled);
    if (stalled) this.socket?.expectWithin(ALIVE_WITHIN_MS);
    if (this.tap) this.tap = { ...this.tap, state: message.state ?? this.tap.state };
    this.#update({ stalled });
  }

  /** @param {ArrayBuffer} buffer */
  #frame(buffer) {
    let frame;
    try {
      frame = parseFrame(buffer);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#fail("The server speaks another version. Reload the page.");
      return;
    }
    const end = (frame.position + frame.pcm.length) >>> 0;
    this.last = { position: end, receivedMs: Number(frame.receivedAt / 1000n) };
    const now = performance.now();
    this.output.check(now);
    this.player?.push(frame, now);
    // The last audio before a stall may come behind the word of it, which holds until it is taken back.
    if (!this.facts.stalled) this.socket?.expectWithin(QUIET_LINK_MS);
    const first = !this.facts.frameAt;
    this.facts.frameAt = now;
    if (first) this.#update({});
    this.#ack();
  }

  /**
   * The best honest figure: what was played, or, while nothing plays, what came.
   * The last frames before a silence are acked too; unacked, they would look
   * like a lag when the audio returns. So are those that are discarded while
   * the sound is paused: the link is not too slow then.
   */
  #ack() {
    const now = performance.now();
    if (!this.facts.frameAt || now - this.ackAt < ACK_MS) return;
    const position = this.#positionHeard ?? this.last.position;
    if (position === this.acked) return;
    this.ackAt = now;
    this.acked = position;
    this.socket?.send({ type: "ack", position });
  }

  /** @param {string} reason */
  #end(reason) {
    this.player?.end();
    const drained = !isSounding(this.facts, performance.now());
    this.#update({ over: true, endReason: reason ?? "", drained });
    if (drained) this.#release();
  }

  #outputChanged() {
    if (this.output.running || !this.player) {
      this.#update({ blocked: this.output.blocked });
      return;
    }
    this.player.empty();
    this.#update({ blocked: this.output.blocked, playing: false });
    if (this.facts.over) this.#release(); // the rest of the call will not be heard
  }

  /** @param {import("./player.js").Report} report */
  #reported(report) {
    this.report = report;
    this.level = report.playing ? toDb(report.rms) : FLOOR_DB;
    const now = performance.now();
    const quiet = this.level < QUIET_DBFS;
    const quietSince = quiet ? this.facts.quietSince || now : 0;
    const drained = this.facts.drained || report.ended;
    const blocked = this.output.blocked;
    const burstSeconds = this.player?.burstSeconds ?? 0;
    this.#update({ playing: report.playing, reportAt: now, quietSince, drained, blocked, burstSeconds });
    this.dispatchEvent(new Event("report"));
    if (report.ended) this.#release();
    else this.#ack();
  }

  /** @param {import("./socket.js").SocketState} state */
  #link(state) {
    const over = this.facts.over || (state.phase === "closed" && state.code === 1000);
    if (over && !this.facts.over) this.#end("");
    this.#update({ link: state.phase, code: state.code, retryAt: performance.now() + state.delay });
    if (state.phase === "closed" && !over) this.#release();
  }

  /** @param {string} why */
  #fail(why) {
    this.#release();
    this.#update({ failure: why, playing: false });
  }

  /** Let go of socket and player; the light keeps the last word. */
  #release() {
    this.socket?.close();
    this.player?.stop();
    this.socket = undefined;
    this.player = undefined;
    this.report = null;
    this.level = FLOOR_DB;
    this.ackAt = 0;
    this.acked = -1;
  }

  /** @param {Partial<import("./light.js").Facts>} facts */
  #update(facts) {
    Object.assign(this.facts, facts);
    this.dispatchEvent(new Event("change"));
  }
}
