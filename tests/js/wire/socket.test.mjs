// The socket that reconnects. The test provides time, chance and the network.
import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, LiveSocket, retryDelay, socketUrl } from "../../../static/js/wire/socket.js";
import { FakeSocket } from "../support/socket.mjs";

/** @typedef {import("../../../static/js/wire/socket.js").SocketState} SocketState */

/** A socket in a world where nothing happens by itself. */
class World {
  now = 0;
  /** @type {Set<{run: () => void, at: number}>} */
  timers = new Set();
  /** @type {SocketState[]} */
  states = [];
  /** @type {unknown[]} */
  messages = [];

  constructor(random = 0.5) {
    FakeSocket.opened = [];
    this.live = new LiveSocket({
      url: "ws://here/console",
      onMessage: (message) => this.messages.push(message),
      onState: (state) => this.states.push(state),
      env: {
        random: () => random,
        now: () => this.now,
        after: (ms, run) => this.#after(ms, run),
        WebSocket: /** @type {typeof WebSocket} */ (/** @type {unknown} */ (FakeSocket)),
      },
    });
  }

  /**
   * @param {number} ms
   * @param {() => void} run
   */
  #after(ms, run) {
    const timer = { run, at: this.now + ms };
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
    };
  }

  get sockets() {
    return FakeSocket.opened;
  }

  /** The newest connection. */
  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  /** The state that was reported last. */
  get state() {
    return this.states[this.states.length - 1];
  }

  /** @param {number} ms */
  pass(ms) {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= until);
      const [next] = due.sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  lose(code = 1006) {
    this.socket.end(code);
  }

  /** @param {object} message */
  say(message) {
    this.socket.receive(JSON.stringify(message));
  }
}

test("back-off goes in steps up to a cap", () => {
  const steps = [0, 1, 2, 3, 4, 5, 50].map((attempt) => backoff(attempt, () => 0.5));
  assert.deepEqual(steps, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("back-off is jittered by 30 percent either way", () => {
  assert.equal(backoff(2, () => 0), 1400);
  assert.equal(backoff(2, () => 1), 2600);
});

test("the delays follow the steps while nothing is received, and start again after a message", () => {
  const world = new World();
  world.live.open();
  const delays = [];
  for (let n = 0; n < 6; n++) {
    world.lose(1013);
    delays.push(world.state.delay);
    world.pass(world.state.delay);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 8000]);
  assert.equal(world.sockets.length, 7);
  world.socket.accept(); // being let in is no message, because a server may accept and then crash
  world.lose(1013);
  assert.equal(world.state.delay, 8000);
  world.pass(8000);
  world.socket.accept();
  world.say({ type: "snapshot" });
  world.lose(1013);
  assert.equal(world.state.delay, 500);
});

for (const code of [1006, 1012]) {
  test(`after ${code} the first try is made at random within the time that the server allows`, () => {
    const delays = (/** @type {number} */ chance) => [0, 1, 2].map((attempt) => retryDelay(code, attempt, () => chance, 3000));
    assert.deepEqual(delays(0), [0, 700, 1400]);
    assert.deepEqual(delays(1), [3000, 1300, 2600]);
  });
}

test("the server's first message says within which time", () => {
  const world = new World(0.5);
  world.live.open();
  world.lose();
  assert.equal(world.state.delay, 250);
  world.pass(250);
  world.socket.accept();
  world.say({ type: "hello", come_back_ms: 3000 });
  world.say({ type: "alive" });
  world.lose(1012);
  assert.equal(world.state.delay, 1500);
});

for (const code of [1000, 1007, 1008, 4401, 4403, 4404, 4410]) {
  test(`${code} is final`, () => {
    const world = new World();
    world.live.open();
    world.socket.accept();
    world.lose(code);
    assert.equal(world.state.phase, "closed");
    assert.equal(world.state.code, code);
    world.pass(3_600_000);
    world.live.retryNow();
    assert.equal(world.sockets.length, 1);
  });
}

for (const code of [1006, 1011, 1012, 1013, 1001]) {
  test(`${code} is tried again`, () => {
    const world = new World();
    world.live.open();
    world.lose(code);
    assert.equal(world.state.phase, "waiting");
    world.pass(500);
    assert.equal(world.sockets.length, 2);
  });
}

test("a socket that was too slow comes back at once, but not in a loop", () => {
  const half = () => 0.5;
  assert.equal(retryDelay(4408, 0, half, 3000), 0);
  assert.equal(retryDelay(4408, 1, half, 3000), 1000);
});

test("with too many connections it waits until those of a killed worker are freed, then longer", () => {
  const delays = (/** @type {number} */ chance) => [0, 1, 2, 3, 50].map((attempt) => retryDelay(4429, attempt, () => chance, 3000));
  assert.deepEqual(delays(0), [10_000, 20_000, 40_000, 60_000, 60_000]);
  assert.deepEqual(delays(1), [13_000, 26_000, 52_000, 78_000, 78_000]);
});

test("with too many connections, only the tries since the server said so count", () => {
  const world = new World(0);
  world.live.open();
  for (let n = 0; n < 4; n++) {
    world.lose();
    world.pass(world.state.delay);
  }
  const delays = [];
  for (let n = 0; n < 3; n++) {
    world.socket.accept(); // let in, only to be refused
    world.lose(4429);
    delays.push(world.state.delay);
    world.pass(world.state.delay);
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000]);
  assert.equal(world.sockets.length, 8);
});

test("after a connection that worked, the wait for another begins at its first step", () => {
  const world = new World(0);
  world.live.open();
  world.lose(4429);
  world.pass(10_000);
  world.socket.accept();
  world.say({ type: "hello" });
  world.lose(4429);
  assert.equal(world.state.delay, 10_000);
});

test("a connection that is never answered is given up", () => {
  const world = new World();
  world.live.open();
  world.pass(9_999);
  assert.equal(world.state.phase, "connecting");
  world.pass(1);
  assert.equal(world.state.phase, "waiting");
  assert.ok(world.sockets[0].closedByUs);
});

test("every connection is watched from its opening on, the second like the first", () => {
  const world = new World();
  world.live.open();
  for (let n = 0; n < 2; n++) {
    world.socket.accept();
    world.pass(11_999);
    assert.equal(world.state.phase, "open");
    world.pass(1);
    assert.equal(world.state.phase, "waiting");
    assert.equal(world.state.code, 1006);
    world.pass(world.state.delay);
  }
});

test("keepalives hold a connection, and 12 s after the last one it is abandoned", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  for (let n = 0; n < 100; n++) {
    world.pass(5000);
    world.say({ type: "alive" });
  }
  world.pass(11_999);
  assert.equal(world.state.phase, "open");
  world.pass(1);
  assert.equal(world.state.phase, "waiting");
});

test("a connection that goes quiet is abandoned and tried again", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  world.say({});
  world.live.expectWithin(5000);
  for (let n = 0; n < 100; n++) {
    world.pass(200);
    world.say({});
    world.live.expectWithin(5000);
  }
  assert.equal(world.state.phase, "open");
  world.pass(5000);
  assert.equal(world.state.phase, "waiting");
  assert.equal(world.state.code, 1006);
  assert.ok(world.sockets[0].closedByUs);
  assert.equal(world.sockets[0].onmessage, null); // what it still sends is ignored
});

test("a new expectation counts from now", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  world.live.expectWithin(5000);
  world.pass(4000);
  world.live.expectWithin(12_000);
  world.pass(11_999);
  assert.equal(world.state.phase, "open");
  world.pass(1);
  assert.equal(world.state.phase, "waiting");
});

test("one watch timer serves any number of messages", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  world.live.expectWithin(5000);
  for (let n = 0; n < 50; n++) world.say({});
  assert.equal(world.timers.size, 1);
});

test("retryNow does not wait for the timer, and leaves a good connection alone", () => {
  const world = new World();
  world.live.open();
  world.lose();
  world.live.retryNow();
  assert.equal(world.sockets.length, 2);
  world.pass(60_000 - 1); // the old timer is gone; only the limit on connecting ran
  world.socket.accept();
  const count = world.sockets.length;
  world.live.retryNow();
  assert.equal(world.sockets.length, count);
});

test("close() is final, and reports nothing", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  const told = world.states.length;
  world.live.close();
  world.pass(60_000);
  assert.equal(world.states.length, told);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.timers.size, 0);
  world.live.send({ type: "ack", position: 5 });
  assert.deepEqual(world.sockets[0].sent, []);
});

test("text is parsed, and binary is passed on as it is", () => {
  const world = new World();
  world.live.open();
  world.socket.accept();
  assert.equal(world.socket.binaryType, "arraybuffer");
  world.say({ type: "hello" });
  const buffer = new ArrayBuffer(16);
  world.socket.receive(buffer);
  assert.deepEqual(world.messages[0], { type: "hello" });
  assert.equal(world.messages[1], buffer);
  world.live.send({ type: "ack", position: 5 });
  assert.deepEqual(world.socket.sent, [{ type: "ack", position: 5 }]);
});

test("the scheme and the host are the page's", () => {
  assert.equal(socketUrl("/console", { protocol: "http:", host: "a:8000" }), "ws://a:8000/console");
  assert.equal(socketUrl("/listen/1", { protocol: "https:", host: "b" }), "wss://b/listen/1");
});
