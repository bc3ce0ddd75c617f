// A stand-in for the browser: sockets, sound and time, which the test controls.
import { mock } from "node:test";

import { FakeSocket } from "./socket.mjs";

/** @typedef {import("../../../static/js/audio/messages.js").PlayerMessage} PlayerMessage */
/** @typedef {import("../../../static/js/audio/messages.js").Push} Push */
/** @typedef {import("../../../static/js/audio/messages.js").Report} Report */

const STEP_MS = 20;
/** Unix time at zero of the page's clock. */
export const EPOCH = 1_770_000_000_000;

/** How long an AudioContext takes to do what it is asked. */
const AT_ONCE = { suspend: 0, resume: 0 };

/** Loads a module into an AudioContext. @type {(url: string) => Promise<void>} */
const loads = async () => {};

/** An AudioParam that takes a new value at once. */
class FakeParameter {
  value = 1;

  /** @param {number} value */
  setTargetAtTime(value) {
    this.value = value;
  }
}

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

/** An AudioContext that obeys, after `delays` milliseconds. */
export class FakeContext extends EventTarget {
  /** @type {FakeContext[]} */
  static made = [];
  /** Those of all contexts, each context's master first. @type {{gain: FakeParameter}[]} */
  static gains = [];
  /** @type {{pan: FakeParameter}[]} */
  static panners = [];
  /** The sounds of the page itself that are heard now. @type {Set<object>} */
  static sounds = new Set();
  sampleRate = 48_000;
  static delays = AT_ONCE;
  static module = loads;
  /** @type {AudioContextState} */
  state = "suspended";
  currentTime = 0;
  clockStands = false;
  latencyReads = 0;
  closed = false;
  /** The device that it was told to play on. @type {string | null} */
  device = null;
  destination = {};
  audioWorklet = { addModule: (/** @type {string} */ url) => FakeContext.module(url) };

  constructor() {
    super();
    FakeContext.made.push(this);
  }

  get outputLatency() {
    this.latencyReads += 1;
    return 0.04;
  }

  /**
   * Change the state without being asked, as a browser does for a phone call.
   * @param {AudioContextState} state
   */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  /**
   * @param {AudioContextState} state
   * @param {number} ms
   * @returns {Promise<void>}
   */
  #reach(state, ms) {
    return new Promise((resolve) => {
      setTimeout(() => {
        this.become(state);
        resolve();
      }, ms);
    });
  }

  suspend() {
    return this.#reach("suspended", FakeContext.delays.suspend);
  }

  resume() {
    return this.#reach("running", FakeContext.delays.resume);
  }

  /** @param {string} device */
  async setSinkId(device) {
    this.device = device;
  }

  async close() {
    this.closed = true;
  }

  createGain() {
    const made = { context: this, gain: new FakeParameter(), connect: (/** @type {unknown} */ to) => to, disconnect() {} };
    FakeContext.gains.push(made);
    return made;
  }

  /**
   * @param {number} _channels
   * @param {number} length
   */
  createBuffer(_channels, length) {
    return { length, copyToChannel() {} };
  }

  createBufferSource() {
    const source = {
      connect() {},
      start: () => FakeContext.sounds.add(source),
      disconnect: () => FakeContext.sounds.delete(source),
    };
    return source;
  }

  createStereoPanner() {
    const panner = { pan: new FakeParameter(), connect: (/** @type {unknown} */ to) => to, disconnect() {} };
    FakeContext.panners.push(panner);
    return panner;
  }
}

/** What a worklet reports while speech is heard. @type {Report} */
const HEARD = {
  type: "report", playing: true, ended: false, bufferedSamples: 1600, positionPlayed: null, seek: 0,
  underruns: 0, drops: 0, droppedSamples: 0, rms: 0.1,
};

/** A worklet node that records its messages. */
export class FakeNode {
  /** The players'. @type {FakeNode[]} */
  static made = [];
  /** @type {FakeNode[]} */
  static limiters = [];
  /** What the page wants to be told when the worklet has thrown an error. @type {() => void} */
  onprocessorerror = () => {};
  /** @type {PlayerMessage[]} */
  messages = [];
  port = {
    /** @type {((event: {data: Report}) => void) | null} */
    onmessage: null,
    open: true,
    postMessage: (/** @type {PlayerMessage} */ message) => this.messages.push(message),
    close() {
      this.open = false;
    },
  };

  /**
   * @param {FakeContext} context
   * @param {string} processor
   */
  constructor(context, processor) {
    this.context = context;
    (processor === "earshot-player" ? FakeNode.made : FakeNode.limiters).push(this);
  }

  /** @param {unknown} to */
  connect(to) {
    return to;
  }

  disconnect() {}

  /** @param {Partial<Report>} changes to that of a worklet which is heard */
  report(changes) {
    const seek = this.messages.findLast(isSeek)?.number ?? 0;
    this.port.onmessage?.({ data: { ...HEARD, seek, ...changes } });
  }

  /** The newest pace that the page asked for. */
  get pace() {
    const { speed, follow } = this.messages.findLast(isPace) ?? { speed: 1, follow: true };
    return { speed, follow };
  }

  /** The positions of the Frames that the page sent. */
  get pushed() {
    return this.messages.filter(isPush).map((message) => message.position);
  }
}

/**
 * @param {PlayerMessage} message
 * @returns {message is Push}
 */
function isPush(message) {
  return message.type === "push";
}

/** A BroadcastChannel: what one window says, the others hear at once. */
export class FakeChannel extends EventTarget {
  /** @type {Set<FakeChannel>} */
  static open = new Set();

  /** @param {string} name */
  constructor(name) {
    super();
    this.name = name;
    FakeChannel.open.add(this);
  }

  /** @param {unknown} data */
  postMessage(data) {
    for (const other of FakeChannel.open) {
      if (other !== this && other.name === this.name) other.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  close() {
    FakeChannel.open.delete(this);
  }
}

/**
 * @param {PlayerMessage} message
 * @returns {message is import("../../../static/js/audio/messages.js").Seek}
 */
function isSeek(message) {
  return message.type === "seek";
}

/**
 * @param {PlayerMessage} message
 * @returns {message is import("../../../static/js/audio/messages.js").Pace}
 */
function isPace(message) {
  return message.type === "pace";
}

let clock = 0;

/** Forget who asked for the time: the mock keeps every caller. */
export function forgetCallers() {
  /** @type {import("node:test").Mock<() => number>} */ (/** @type {unknown} */ (performance.now)).mock.resetCalls();
}

/** Put the browser in place. Call it before each test. */
export function install() {
  clock = 1000;
  FakeSocket.opened = [];
  FakeContext.made = [];
  FakeContext.gains = [];
  FakeContext.panners = [];
  FakeNode.made = [];
  FakeNode.limiters = [];
  FakeChannel.open.clear();
  FakeContext.delays = { ...AT_ONCE };
  FakeContext.module = loads;
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => clock);
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    BroadcastChannel: FakeChannel,
    AudioContext: FakeContext,
    AudioWorkletNode: FakeNode,
    location: { protocol: "http:", host: "here", hash: "", pathname: "/calls/1", search: "", href: "http://here/calls/1" },
    document: new EventTarget(),
    navigator: { userAgent: AGENT },
  });
}

/** Be a Firefox from now on. */
export function beFirefox() {
  Object.assign(navigator, { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0" });
}

/** Remove it. Call it after each test. */
export function uninstall() {
  mock.timers.reset();
  mock.restoreAll();
}

/** Let the browser believe that what follows happens inside a click. */
export function click() {
  Object.assign(navigator, { userActivation: { isActive: true } });
}

/**
 * Let time pass in steps of 20 ms, after each of which promises settle.
 * @param {number} ms
 * @param {(passed: number) => unknown} [each] runs after each step, and is told how much has passed
 */
export async function pass(ms, each = () => {}) {
  for (let passed = STEP_MS; passed < ms + STEP_MS; passed += STEP_MS) {
    clock += STEP_MS;
    for (const context of FakeContext.made) {
      if (context.state === "running" && !context.clockStands) context.currentTime += STEP_MS / 1000;
    }
    mock.timers.tick(STEP_MS);
    await new Promise((resolve) => setImmediate(resolve));
    await each(passed);
  }
}

/**
 * A Frame of 60 ms that the server received now, or some ms before.
 * @param {number} position
 * @param {{ago?: number, flags?: number}} [changes]
 */
export function frame(position, { ago = 0, flags = 0 } = {}) {
  const buffer = new ArrayBuffer(16 + 2 * 480);
  const view = new DataView(buffer);
  view.setUint8(0, 1);
  view.setUint16(2, flags, true);
  view.setUint32(4, position, true);
  view.setBigUint64(8, BigInt(EPOCH + clock - ago) * 1000n, true);
  return buffer;
}
