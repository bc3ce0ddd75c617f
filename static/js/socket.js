// @ts-check
/**
 * A WebSocket that comes back: stepped, jittered back-off that starts again
 * only once a message was received, an end to links that have gone quiet, and
 * no second try where the server said no.
 */

const STEPS = [500, 1000, 2000, 4000, 8000];
/** Where there is no place: those of a killed worker are free after 10 s, others when their user stops. */
const NO_PLACE_STEPS = [10_000, 20_000, 40_000, 60_000];
const JITTER = 0.3;
const CONNECT_MS = 10_000;

/** The server says "alive" when it has said nothing else for 4 to 8 s. */
export const ALIVE_WITHIN_MS = 12_000;

/** Close codes of the protocol, and the ones of RFC 6455 that matter here. */
export const Close = Object.freeze({
  NORMAL: 1000,
  LOST: 1006,
  INTERNAL: 1011,
  RESTARTING: 1012,
  TRY_LATER: 1013,
  NOT_SIGNED_IN: 4401,
  NOT_ALLOWED: 4403,
  NO_SUCH_TAP: 4404,
  TOO_SLOW: 4408,
  REVOKED: 4410,
  TOO_MANY: 4429,
});

/** Closes that stay closed: trying again would get the same answer. */
const FINAL = new Set(/** @type {number[]} */ ([
  Close.NORMAL,
  Close.NOT_SIGNED_IN,
  Close.NOT_ALLOWED,
  Close.NO_SUCH_TAP,
  Close.REVOKED,
]));

/** @param {number} code of a close that signing in may cure */
export function signInHelps(code) {
  return code === Close.NOT_SIGNED_IN || code === Close.REVOKED;
}

/**
 * Milliseconds before attempt number `attempt` (0 is the first retry).
 * @param {number} attempt
 * @param {() => number} random
 */
export function backoff(attempt, random) {
  return Math.round(stepOf(STEPS, attempt) * (1 + JITTER * (2 * random() - 1)));
}

/**
 * @param {number[]} steps
 * @param {number} attempt
 */
function stepOf(steps, attempt) {
  return steps[Math.min(attempt, steps.length - 1)];
}

/**
 * How long to wait after a close, or null for never.
 * @param {number} code
 * @param {number} attempt retries since the last message, or since there was no place
 * @param {() => number} random
 * @returns {number | null}
 */
export function retryDelay(code, attempt, random) {
  if (FINAL.has(code)) return null;
  // Never sooner than its step: a place that is about to be free must be.
  if (code === Close.TOO_MANY) return Math.round(stepOf(NO_PLACE_STEPS, attempt) * (1 + JITTER * random()));
  // Too slow means the link works: come back to live at once, but only once.
  if (code === Close.TOO_SLOW && attempt === 0) return 0;
  return backoff(attempt, random);
}

/**
 * @typedef {object} SocketState
 * @property {"connecting" | "open" | "waiting" | "closed"} phase
 *   waiting: will try again after `delay`; closed: will not
 * @property {number} code the close code that led here, 0 before any
 * @property {string} reason
 * @property {number} delay milliseconds until the next try
 * @property {number} attempt tries since the last message, or since there was no place
 */

/**
 * What a test replaces.
 * @typedef {object} Env
 * @property {any} WebSocket
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(id: any) => void} clearTimeout
 * @property {() => number} random
 * @property {() => number} now
 */

/** @returns {Env} */
function browserEnv() {
  return {
    WebSocket: globalThis.WebSocket,
    setTimeout: (run, ms) => globalThis.setTimeout(run, ms),
    clearTimeout: (id) => globalThis.clearTimeout(id),
    random: Math.random,
    now: () => globalThis.performance.now(),
  };
}

export class LiveSocket {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {(data: any) => void} options.onMessage text as parsed JSON, binary as ArrayBuffer
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
    this.socket = null;
    this.timer = null; // next try, or the limit on connecting
    this.staleTimer = null;
    this.staleMs = 0;
    this.heardAt = 0;
    this.phase = "closed";
  }

  open() {
    this.#drop();
    this.attempt = this.code = 0;
    this.#connect();
  }

  /** Closed by us: no further message or state is reported. */
  close() {
    this.#drop();
    this.phase = "closed";
  }

  /** Something changed for the better (the network is back): do not wait for the timer. */
  retryNow() {
    if (this.phase !== "waiting") return;
    this.#drop();
    this.#connect();
  }

  /**
   * Expect a message within `ms`; silence for longer means the link is dead,
   * whatever the browser believes. Each link begins with ALIVE_WITHIN_MS.
   * @param {number} ms
   */
  expectWithin(ms) {
    if (ms === this.staleMs) return;
    this.staleMs = ms;
    this.heardAt = this.env.now();
    this.#watch(ms);
  }

  /** @param {object} message */
  send(message) {
    if (this.phase === "open") this.socket.send(JSON.stringify(message));
  }

  #connect() {
    const socket = new this.env.WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.env.clearTimeout(this.timer);
      this.expectWithin(ALIVE_WITHIN_MS);
      this.#enter("open", 0, "", 0);
    };
    socket.onmessage = (/** @type {MessageEvent} */ event) => this.#receive(event.data);
    socket.onclose = (/** @type {CloseEvent} */ event) => this.#closed(event.code, event.reason);
    this.timer = this.env.setTimeout(() => this.#giveUp("no answer"), CONNECT_MS);
    this.#enter("connecting", 0, "", 0);
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    this.attempt = this.code = 0;
    this.heardAt = this.env.now();
    this.onMessage(typeof data === "string" ? JSON.parse(data) : data);
  }

  /**
   * One timer that re-arms itself, not a new one per message.
   * @param {number} ms
   */
  #watch(ms) {
    this.env.clearTimeout(this.staleTimer);
    this.staleTimer = this.env.setTimeout(() => this.#check(), ms);
  }

  #check() {
    const left = this.heardAt + this.staleMs - this.env.now();
    if (left > 0) this.#watch(Math.ceil(left));
    else this.#giveUp("the connection went quiet");
  }

  /**
   * A dead link may take minutes to close: leave it and report the loss now.
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
    // The server answered: what was tried before it did is another matter.
    if (code === Close.TOO_MANY && this.code !== code) this.attempt = 0;
    this.code = code;
    const delay = retryDelay(code, this.attempt, this.env.random);
    if (delay === null) {
      this.#enter("closed", code, reason, 0);
      return;
    }
    this.attempt += 1;
    this.timer = this.env.setTimeout(() => this.#connect(), delay);
    this.#enter("waiting", code, reason, delay);
  }

  #drop() {
    this.env.clearTimeout(this.timer);
    this.env.clearTimeout(this.staleTimer);
    this.timer = this.staleTimer = null;
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
