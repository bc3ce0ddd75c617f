// The socket that comes back, with time, chance and the network played by this file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff, LiveSocket, retryDelay, signInHelps, socketUrl } from "../../static/js/socket.js";

/** A world in which nothing happens by itself. */
class World {
  constructor(random = 0.5) {
    this.now = 0;
    this.timers = new Map();
    this.sockets = [];
    this.states = [];
    this.messages = [];
    const world = this;
    this.env = {
      random: () => random,
      now: () => this.now,
      setTimeout: (run, ms) => {
        const id = Symbol();
        this.timers.set(id, { run, at: this.now + ms });
        return id;
      },
      clearTimeout: (id) => this.timers.delete(id),
      WebSocket: class {
        constructor(url) {
          this.url = url;
          this.sent = [];
          world.sockets.push(this);
        }
        send(text) {
          this.sent.push(text);
        }
        close() {
          this.closedByUs = true;
        }
      },
    };
    this.live = new LiveSocket({
      url: "ws://here/console",
      onMessage: (data) => this.messages.push(data),
      onState: (state) => this.states.push(state),
      env: this.env,
    });
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get state() {
    return this.states.at(-1);
  }

  pass(ms) {
    const until = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= until);
      if (!due.length) break;
      const [id, timer] = due.sort(([, a], [, b]) => a.at - b.at)[0];
      this.timers.delete(id);
      this.now = timer.at;
      timer.run();
    }
    this.now = until;
  }

  lose(code = 1006) {
    this.socket.onclose({ code, reason: "" });
  }

  say(data) {
    this.socket.onmessage({ data: typeof data === "object" ? JSON.stringify(data) : data });
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
    world.lose();
    delays.push(world.state.delay);
    world.pass(world.state.delay);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 8000]);
  assert.equal(world.sockets.length, 7);
  world.socket.onopen(); // being let in is no message: a server may accept and fall over
  world.lose();
  assert.equal(world.state.delay, 8000);
  world.pass(8000);
  world.socket.onopen();
  world.say({ type: "snapshot" });
  world.lose();
  assert.equal(world.state.delay, 500);
});

for (const code of [1000, 4401, 4403, 4404, 4410]) {
  test(`${code} is the last word`, () => {
    const world = new World();
    world.live.open();
    world.socket.onopen();
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

test("too slow comes back at once, but not in a loop", () => {
  const half = () => 0.5;
  assert.equal(retryDelay(4408, 0, half), 0);
  assert.equal(retryDelay(4408, 1, half), 1000);
});

test("where there is no place it waits until those of a killed worker are free, then longer", () => {
  const delays = (chance) => [0, 1, 2, 3, 50].map((attempt) => retryDelay(4429, attempt, () => chance));
  assert.deepEqual(delays(0), [10_000, 20_000, 40_000, 60_000, 60_000]);
  assert.deepEqual(delays(1), [13_000, 26_000, 52_000, 78_000, 78_000]);
});

test("the tries before there was no place do not count, those after it do", () => {
  const world = new World(0);
  world.live.open();
  for (let n = 0; n < 4; n++) {
    world.lose();
    world.pass(world.state.delay);
  }
  const delays = [];
  for (let n = 0; n < 3; n++) {
    world.socket.onopen(); // let in, to be told
    world.lose(4429);
    delays.push(world.state.delay);
    world.pass(world.state.delay);
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000]);
  assert.equal(world.sockets.length, 8);
});

test("a place that was had and lost is asked for as at first", () => {
  const world = new World(0);
  world.live.open();
  world.lose(4429);
  world.pass(10_000);
  world.socket.onopen();
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

test("every link is watched from its opening on, the second like the first", () => {
  const world = new World();
  world.live.open();
  for (let n = 0; n < 2; n++) {
    world.socket.onopen();
    world.pass(11_999);
    assert.equal(world.state.phase, "open");
    world.pass(1);
    assert.equal(world.state.phase, "waiting");
    assert.equal(world.state.code, 1006);
    world.pass(world.state.delay);
  }
});

test("signs of life keep a link; 12 s after the last one it is left", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
  for (let n = 0; n < 100; n++) {
    world.pass(5000);
    world.say({ type: "alive" });
  }
  world.pass(11_999);
  assert.equal(world.state.phase, "open");
  world.pass(1);
  assert.equal(world.state.phase, "waiting");
});

test("a link that goes quiet is left and tried again", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
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
  assert.equal(world.sockets[0].onmessage, null); // what it still says is not heard
});

test("another expectation counts from now", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
  world.live.expectWithin(5000);
  world.pass(4000);
  world.live.expectWithin(12_000);
  world.pass(11_999);
  assert.equal(world.state.phase, "open");
  world.pass(1);
  assert.equal(world.state.phase, "waiting");
});

test("signing in helps those who are signed out, and nobody else", () => {
  assert.deepEqual([4401, 4410, 4403, 4404, 4429, 1000].map(signInHelps), [true, true, false, false, false, false]);
});

test("one watch timer serves any number of messages", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
  world.live.expectWithin(5000);
  for (let n = 0; n < 50; n++) world.say({});
  assert.equal(world.timers.size, 1);
});

test("retryNow does not wait for the timer, and does nothing to a good link", () => {
  const world = new World();
  world.live.open();
  world.lose();
  world.live.retryNow();
  assert.equal(world.sockets.length, 2);
  world.pass(60_000 - 1); // the old timer is gone; only the limit on connecting ran
  world.socket.onopen();
  const count = world.sockets.length;
  world.live.retryNow();
  assert.equal(world.sockets.length, count);
});

test("close is quiet and final", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
  const told = world.states.length;
  world.live.close();
  world.pass(60_000);
  assert.equal(world.states.length, told);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.timers.size, 0);
  world.live.send({ type: "ack" });
  assert.deepEqual(world.sockets[0].sent, []);
});

test("text arrives parsed, binary as it is", () => {
  const world = new World();
  world.live.open();
  world.socket.onopen();
  assert.equal(world.socket.binaryType, "arraybuffer");
  world.say({ type: "hello" });
  const buffer = new ArrayBuffer(16);
  world.socket.onmessage({ data: buffer });
  assert.deepEqual(world.messages[0], { type: "hello" });
  assert.equal(world.messages[1], buffer);
  world.live.send({ type: "ack", position: 5 });
  assert.deepEqual(world.socket.sent, ['{"type":"ack","position":5}']);
});

test("the address follows the page's", () => {
  assert.equal(socketUrl("/console", { protocol: "http:", host: "a:8000" }), "ws://a:8000/console");
  assert.equal(socketUrl("/listen/1", { protocol: "https:", host: "b" }), "wss://b/listen/1");
});
