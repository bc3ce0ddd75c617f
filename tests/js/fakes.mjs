// A browser of straw for the deck: sockets, sound and time that a test moves.
import { mock } from "node:test";

export const RATE = 8000;

export class FakeSocket {
  static opened = [];
  sent = [];
  constructor(url) {
    this.url = url;
    FakeSocket.opened.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closedByUs = true;
  }
  say(message) {
    this.onmessage?.({ data: typeof message === "object" && message.type ? JSON.stringify(message) : message });
  }
  get acks() {
    return this.sent.filter((message) => message.type === "ack").map((message) => message.position);
  }
}

/** An AudioContext that does as it is told, after `delays` milliseconds where a test says so. */
export class FakeContext extends EventTarget {
  static made = [];
  static delays = { suspend: 0, resume: 0 };
  static module = async () => {};
  state = "suspended";
  currentTime = 0;
  clockStands = false;
  closed = false;
  destination = {};
  audioWorklet = { addModule: (url) => FakeContext.module(url) };
  constructor() {
    super();
    FakeContext.made.push(this);
  }
  /** What the browser does by itself, such as for a phone call. */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
  #do(action, state) {
    return new Promise((resolve) => {
      setTimeout(() => {
        this.become(state);
        resolve();
      }, FakeContext.delays[action]);
    });
  }
  suspend() {
    return this.#do("suspend", "suspended");
  }
  resume() {
    return this.#do("resume", "running");
  }
  async close() {
    this.closed = true;
  }
  createGain() {
    return { gain: { value: 1, setTargetAtTime() {} }, connect: (to) => to, disconnect() {} };
  }
}

export class FakeNode {
  static made = [];
  messages = [];
  port = { onmessage: null, postMessage: (message) => this.messages.push(message) };
  constructor(context) {
    this.context = context;
    FakeNode.made.push(this);
  }
  connect(to) {
    return to;
  }
  disconnect() {}
  report(report) {
    this.port.onmessage?.({ data: { playing: true, ended: false, rms: 0.1, underruns: 0, ...report } });
  }
  get pushed() {
    return this.messages.filter((message) => message.type === "push").map((message) => message.position);
  }
}

let clock = 0;

/** Before each test. */
export function install() {
  clock = 1000;
  FakeSocket.opened = [];
  FakeContext.made = [];
  FakeNode.made = [];
  FakeContext.delays = { suspend: 0, resume: 0 };
  FakeContext.module = async () => {};
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => clock);
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    AudioContext: FakeContext,
    AudioWorkletNode: FakeNode,
    location: { protocol: "http:", host: "here" },
    document: new EventTarget(),
    navigator: {},
  });
}

/** After each test. */
export function uninstall() {
  mock.timers.reset();
  mock.restoreAll();
}

/** Let promises settle, then time go on, in steps of 20 ms. */
export async function pass(ms, each = () => {}) {
  for (let done = 0; done < ms; done += 20) {
    clock += 20;
    for (const context of FakeContext.made) {
      if (context.state === "running" && !context.clockStands) context.currentTime += 0.02;
    }
    mock.timers.tick(20);
    await new Promise((resolve) => setImmediate(resolve));
    await each(done + 20);
  }
}

/** A Frame of 60 ms at a position. */
export function frame(position) {
  const buffer = new ArrayBuffer(16 + 2 * 480);
  const view = new DataView(buffer);
  view.setUint8(0, 1);
  view.setUint32(4, position, true);
  view.setBigUint64(8, BigInt(clock) * 1000n, true);
  return buffer;
}

export const TAP = { id: "t1", agent: "desk", state: "tapping", media: true };
