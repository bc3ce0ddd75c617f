/**
 * A WebSocket that reconnects. Its back-off is stepped and jittered, and starts over only once a
 * message has arrived. The server tells it how soon the first try may be. It abandons a connection
 * that has gone quiet, and does not try again where the server refused it for good.
 */

import { Close, isFinal, reactionTo } from "./protocol.js";

/** @typedef {[number, ...number[]]} Steps milliseconds; the last one holds for all later attempts */

/** @type {Steps} */
const STEPS = [500, 1000, 2000, 4000, 8000];
/**
 * For a user with too many connections: those of a killed worker are freed after 10 s, others
 * when the user stops them.
 * @type {Steps}
 */
const NO_PLACE_STEPS = [10_000, 20_000, 40_000, 60_000];
const JITTER = 0.3;
/** Milliseconds within which a lost connection is first tried again, before the server has told it. */
const COME_BACK_MS = 500;
const CONNECT_MS = 10_000;

/** The server sends "alive" when it has sent nothing else for 4 to 8 s. */
export const ALIVE_WITHIN_MS = 12_000;

/**
 * Milliseconds before attempt number `attempt` (0 is the first retry).
 * @param {number} attempt
 * @param {() => number} random
 */
export function backoff(attempt, random) {
  return Math.round(stepOf(STEPS, attempt) * (1 + JITTER * (2 * random() - 1)));
}

/**
 * @param {Steps} steps
 * @param {number} attempt
 */
function stepOf(steps, attempt) {
  return steps[Math.min(attempt, steps.length - 1)] ?? steps[0];
}

/**
 * How long to wait after a close, or null for never.
 * @param {number} code
 * @param {number} attempt retries since the last message, or since the close code became TOO_MANY
 * @param {() => number} random
 * @param {number} within milliseconds in which all pages of a lost worker come back
 * @returns {number | null}
 */
export function retryDelay(code, attempt, random, within) {
  if (isFinal(code)) return null;
  const reaction = reactionTo(code);
  // Never sooner than its step, by when the place of a killed worker is free.
  if (reaction === "wait for a place") return Math.round(stepOf(NO_PLACE_STEPS, attempt) * (1 + JITTER * random()));
  if (reaction === "come back live" && attempt === 0) return 0;
  if (reaction === "come back soon" && attempt === 0) return Math.round(within * random());
  return backoff(attempt, random);
}

/**
 * @typedef {object} SocketState
 * @property {"connecting" | "open" | "waiting" | "closed"} phase
 *   waiting: will try again after `delay`; closed: will not
 * @property {number} code the close code that led here, 0 before any
 * @property {string} reason
 * @property {number} delay milliseconds until the next try
 * @property {number} attempt tries since the last message, or since the close code became TOO_MANY
 */

/** @typedef {() => void} Cancel */

/**
 * What tests replace: the network, time and chance.
 * @typedef {object} Env
 * @property {new (url: string) => WebSocket} WebSocket
 * @property {(ms: number, run: () => void) => Cancel} after runs once, unless it is cancelled first
 * @property {() => number} random
 * @property {() => number} now
 */

/** @returns {Env} */
function browserEnv() {
  return {
    WebSocket: globalThis.WebSocket,
    after: (ms, run) => {
      const id = globalThis.setTimeout(run, ms);
      return () => globalThis.clearTimeout(id);
    },
    random: Math.random,
    now: () => globalThis.performance.now(),
  };
}

/** @type {Cancel} */
const nothing = () => {};

/** @template Message what the server sends: text parsed as JSON, and binary as an ArrayBuffer */
export class LiveSocket {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {(message: Message) => void} options.onMessage
   * @param {(state: SocketState) => void} options.onState
   * @param {Env} [options.env]
   */
  constructor({ url, onMessage, onState, env = browserEnv() }) {
    this.url = url;
    this.onMessage = onMessage;
    this.onState = onState;
    this.env = env;
    this.attempt = 0;
    this.code = 0; // of the last close
    this.comeBackMs = COME_BACK_MS;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.cancelNext = nothing; // the next try, or the limit on connecting
    this.cancelCheck = nothing;
    this.staleMs = 0;
    this.heardAt = 0;
    /** @type {SocketState["phase"]} */
    this.phase = "closed";
  }

  open() {
    this.#drop();
    this.attempt = this.code = 0;
    this.#connect();
  }

  /** Close the connection. No further message or state is reported. */
  close() {
    this.#drop();
    this.phase = "closed";
  }

  /** Try again without waiting for the timer, because something has changed, such as the network being back. */
  retryNow() {
    if (this.phase !== "waiting") return;
    this.#drop();
    this.#connect();
  }

  /**
   * Expect a message within `ms`. Silence for longer means that the connection is dead,
   * whatever the browser believes. Each connection begins with ALIVE_WITHIN_MS.
   * @param {number} ms
   */
  expectWithin(ms) {
    if (ms === this.staleMs) return;
    this.staleMs = ms;
    this.heardAt = this.env.now();
    this.#watch(ms);
  }

  /** @param {import("./messages.js").ListenerMessage} message discarded while the connection is down */
  send(message) {
    if (this.phase === "open") this.socket?.send(JSON.stringify(message));
  }

  #connect() {
    const socket = new this.env.WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.cancelNext();
      this.expectWithin(ALIVE_WITHIN_MS);
      this.#enter("open", 0, "", 0);
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code, event.reason);
    this.cancelNext = this.env.after(CONNECT_MS, () => this.#giveUp("no answer"));
    this.#enter("connecting", 0, "", 0);
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.attempt = this.code = 0;
    this.heardAt = this.env.now();
    const message = typeof data === "string" ? JSON.parse(data) : data;
    this.comeBackMs = message.come_back_ms ?? this.comeBackMs;
    this.onMessage(message);
  }

  /**
   * Check after `ms` whether messages still arrive. One timer re-arms itself, because a new one per message would cost more.
   * @param {number} ms
   */
  #watch(ms) {
    this.cancelCheck();
    this.cancelCheck = this.env.after(ms, () => this.#check());
  }

  #check() {
    const left = this.heardAt + this.staleMs - this.env.now();
    if (left > 0) this.#watch(Math.ceil(left));
    else this.#giveUp("the connection went quiet");
  }

  /**
   * Abandon a dead connection and report the loss now, because closing it may take minutes.
   * @param {string} reason
   */
  #giveUp(reason) {
    this.#drop();
    this.#closed(Close.LOST, reason);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    this.#drop();
    // The server has answered, so the tries before that no longer count.
    if (code === Close.TOO_MANY && this.code !== code) this.attempt = 0;
    this.code = code;
    const delay = retryDelay(code, this.attempt, this.env.random, this.comeBackMs);
    if (delay === null) {
      this.#enter("closed", code, reason, 0);
      return;
    }
    this.attempt += 1;
    this.cancelNext = this.env.after(delay, () => this.#connect());
    this.#enter("waiting", code, reason, delay);
  }

  #drop() {
    this.cancelNext();
    this.cancelCheck();
    this.staleMs = 0;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /**
   * @param {SocketState["phase"]} phase
   * @param {number} code
   * @param {string} reason
   * @param {number} delay
   */
  #enter(phase, code, reason, delay) {
    this.phase = phase;
    this.onState({ phase, code, reason, delay, attempt: this.attempt });
  }
}

/**
 * The WebSocket address of a path on this site.
 * @param {string} path
 * @param {{protocol: string, host: string}} [place]
 */
export function socketUrl(path, place = globalThis.location) {
  return `${place.protocol === "https:" ? "wss" : "ws"}://${place.host}${path}`;
}
