/**
 * Hears one leg of a call: its socket, its sound, and the facts known about both. It
 * dispatches "change" when its facts have changed. A deck has an ear for each leg that it plays.
 *
 * Acks and sound are driven by messages and by the worklet, never by timers, because browsers
 * slow down the timers of a tab in the background.
 */

import { TimeShift } from "../audio/timeshift.js";
import { gettext } from "../ui/i18n.js";
import { FrameError, parseFrame } from "../wire/frame.js";
import { ALIVE_WITHIN_MS, LiveSocket, socketUrl } from "../wire/socket.js";
import { idleFacts, isFinished, isSounding, positionToAck, reduce } from "./facts.js";
import { audioLight } from "./light.js";

const ACK_MS = 1000;
const CLOCK_MS = 10_000; // the server tells its time once in that time
const QUIET_LINK_MS = 6000; // the server says "stalled" after three seconds
/** Who joins may go back into the ring, which holds this much by default. */
const JOIN_SECONDS = 30;
/** What was missed while the connection was down is asked for, and a little more. */
const MARGIN_SECONDS = 2;
const MOST_SECONDS = 600; // that the server takes

/** @typedef {import("../audio/output.js").AudioOutput} AudioOutput */
/** @typedef {import("../audio/player.js").Voice} Voice */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Hello} Hello */
/** @typedef {import("../wire/messages.js").ListenMessage} ListenMessage */
/** @typedef {import("./facts.js").TapName} TapName */

/**
 * @typedef {object} EarOptions
 * @property {string} listenUrl the path of the tap's socket
 * @property {AudioOutput} output the page's; all its ears share it
 * @property {Record<string, string>} outcomes how a call ended, by the server's reason
 * @property {Voice} voice how loud the leg is heard, and from which side
 * @property {(build: string) => void} onBuild is told the server's build
 * @property {(ms: number) => boolean} [isDue] may audio of this time be heard behind live? Other legs
 *   of the call may still be before it
 */

export class Ear extends EventTarget {
  #ackAt = 0;
  #acked = -1;
  #askedAt = 0; // for the server's time; 0 before this connection
  #tapState = ""; // as the server said last
  /** @type {Scope | null} of this listening */
  #listening = null;
  /** @type {LiveSocket<ListenMessage | ArrayBuffer> | null} */
  #socket = null;

  /**
   * @param {TapName} tap
   * @param {Scope} scope the ear ends with it
   * @param {EarOptions} options
   */
  constructor(tap, scope, { listenUrl, output, outcomes, voice, onBuild, isDue = () => true }) {
    super();
    this.scope = scope;
    this.listenUrl = listenUrl;
    this.output = output;
    this.outcomes = outcomes;
    this.voice = voice;
    this.onBuild = onBuild;
    this.facts = idleFacts(tap);
    /** What is held of the leg, and what of it is played. */
    this.sound = new TimeShift(output, {
      report: (report) => this.#reported(report),
      failure: (why) => this.#apply({ type: "failure", why }),
      isDue,
    });
    scope.own(() => this.#release());
    scope.listen(output, "change", () => this.#outputChanged());
    scope.listen(output, "replaced", () => this.sound.connect());
    scope.listen(output, "failed", (/** @type {CustomEvent<string>} */ { detail }) => {
      if (this.facts.on) this.#apply({ type: "failure", why: detail });
    });
  }

  get light() {
    return audioLight(this.facts, performance.now());
  }

  /** Is the leg heard now? */
  get isSounding() {
    return isSounding(this.facts, performance.now());
  }

  /** Start to hear the leg live. Call it inside a click. */
  listen() {
    this.#release();
    const scope = this.scope.child();
    this.#listening = scope;
    this.#apply({ type: "listen", at: performance.now() });
    this.sound.goLive();
    this.sound.open(this.voice);
    this.#openSocket(scope).open();
    this.sound.start();
  }

  /**
   * Hear what is held from an index on; or, where nothing is held yet, what arrives, when it is
   * due. Call it inside a click, because the call may be over, and its player with it.
   * @param {number | null} index
   */
  seek(index) {
    const { facts, sound } = this;
    if (!facts.on || (isFinished(facts) && !facts.drained)) return;
    if (facts.over && (index ?? Infinity) >= sound.history.end) {
      this.goLive();
      return;
    }
    if (facts.drained) sound.open(this.voice);
    sound.seek(index);
    this.#apply({ type: "shift", behind: true });
    if (facts.drained) sound.start();
  }

  goLive() {
    this.sound.goLive();
    this.#apply({ type: "shift", behind: false });
  }

  /** Be live from here on, because live audio was reached. */
  follow() {
    this.#apply({ type: "shift", behind: false });
    this.sound.follow();
  }

  /** Reconnect at once, because the network is back or the tab is visible again. */
  hurry() {
    this.#socket?.retryNow();
  }

  /** @param {Voice} voice how the leg is heard from now on */
  setVoice(voice) {
    this.voice = voice;
    this.sound.voice = voice;
  }

  /** @param {Scope} scope */
  #openSocket(scope) {
    const socket = new LiveSocket({
      url: socketUrl(this.listenUrl),
      onMessage: (data) => this.#message(data),
      onState: (state) => this.#linked(state),
    });
    this.#socket = socket;
    scope.own(() => {
      socket.close();
      this.#socket = null;
    });
    return socket;
  }

  /** @param {import("../wire/socket.js").SocketState} state */
  #linked({ phase, code }) {
    if (phase !== "open") this.sound.lost();
    this.#apply({ type: "link", at: performance.now(), phase, code });
  }

  /** @param {ListenMessage | ArrayBuffer} data */
  #message(data) {
    if (data instanceof ArrayBuffer) this.#frame(data);
    else if (data.type === "hello") this.#hello(data);
    else if (data.type === "state") this.#state(data);
    else if (data.type === "pause") this.#pause(data);
    else if (data.type === "clock") this.#apply({ ...data, at: performance.now() });
    else if (data.type === "end") this.#end(data.reason);
  }

  /** @param {Hello} hello */
  #hello({ build, tap, rate, stalled, position }) {
    this.onBuild(build);
    this.sound.joined(rate, position);
    this.#askForOlder();
    // While audio flows, either Frames arrive within a moment or the message that it stalled.
    if (tap.media && !stalled) this.#socket?.expectWithin(QUIET_LINK_MS);
    this.#apply({ type: "hello", tap, rate, stalled });
    this.#askedAt = 0;
    this.#askClock();
  }

  /** Ask for what was said before this page listened, or while it was not connected. */
  #askForOlder() {
    const missed = (performance.now() - this.facts.frameAt) / 1000 + MARGIN_SECONDS;
    const seconds = this.sound.history.isEmpty ? JOIN_SECONDS : Math.min(missed, MOST_SECONDS);
    this.#socket?.send({ type: "backfill", seconds });
  }

  /** @param {import("../wire/messages.js").StateChange} change */
  #state({ state, stalled }) {
    this.#tapState = state;
    if (stalled) this.#socket?.expectWithin(ALIVE_WITHIN_MS);
    this.#apply({ type: "state", stalled });
  }

  /** @param {import("../wire/messages.js").PauseNews} pause */
  #pause(pause) {
    this.sound.pauseCall(pause.since === null ? null : Date.parse(pause.since));
    this.#apply({ type: "pause", pause });
  }

  /** @param {string} reason for which there may be no words here; then the tap's state has some */
  #end(reason) {
    const outcome = this.outcomes[reason] ?? this.outcomes[this.#tapState] ?? reason;
    this.#apply({ type: "end", at: performance.now(), outcome });
  }

  /** @param {ArrayBuffer} buffer */
  #frame(buffer) {
    const frame = this.#parsed(buffer);
    if (!frame) return;
    const at = performance.now();
    const position = (frame.position + frame.pcm.length) >>> 0;
    this.output.check(at);
    const isLive = this.sound.take(frame, at);
    // The last audio before a stall may arrive after the message about it, which holds until another ends it.
    if (!this.facts.stalled) this.#socket?.expectWithin(QUIET_LINK_MS);
    if (!isLive) return;
    this.#apply({ type: "frame", at, position, receivedMs: this.sound.arriving.newestMs });
    this.#ack();
    this.#askClock();
  }

  /** Ask for the server's time as often as it is told. */
  #askClock() {
    const sent = performance.now();
    if (this.#askedAt && sent - this.#askedAt < CLOCK_MS) return;
    this.#askedAt = sent;
    this.#socket?.send({ type: "clock", sent });
  }

  /**
   * @param {ArrayBuffer} buffer
   * @returns {import("../wire/frame.js").Frame | null} null for what this page cannot read
   */
  #parsed(buffer) {
    try {
      return parseFrame(buffer);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#apply({ type: "failure", why: gettext("The server speaks another version. Reload the page.") });
      return null;
    }
  }

  #ack() {
    const now = performance.now();
    if (!this.facts.frameAt || now - this.#ackAt < ACK_MS) return;
    const position = positionToAck(this.facts, now);
    if (position === this.#acked) return;
    this.#ackAt = now;
    this.#acked = position;
    this.#socket?.send({ type: "ack", position });
  }

  #outputChanged() {
    if (!this.facts.on) return;
    const { running, blocked } = this.output;
    if (running) this.sound.pump();
    else this.sound.pause();
    this.#apply({ type: "output", running, blocked });
  }

  /** @param {import("../audio/player.js").Report} report */
  #reported(report) {
    const { blocked, latency } = this.output;
    const { burstSeconds } = this.sound;
    this.#apply({ type: "report", at: performance.now(), report, blocked, burstSeconds, latency });
    this.#ack();
  }

  /** @param {import("./facts.js").EarEvent} event */
  #apply(event) {
    const before = this.facts;
    this.facts = reduce(before, event);
    if (this.facts.over && !before.over) this.sound.over();
    if (isFinished(this.facts)) this.#finish();
    // Frames arrive 16 times a second, and only the first one can change what the page shows.
    if (event.type !== "frame" || !before.frameAt) this.dispatchEvent(new Event("change"));
  }

  /** Who was refused may not go on to hear what is held. */
  #finish() {
    const { failure, over } = this.facts;
    if (!failure && !over) this.sound.forget();
    this.#release();
  }

  /**
   * Release the socket and the player. The facts stay, so that the deck still shows how it
   * ended, and so does what is held.
   */
  #release() {
    this.#listening?.dispose();
    this.#listening = null;
    this.sound.close();
    this.#ackAt = 0;
    this.#acked = -1;
  }
}
