// What a player is sent next.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Feed } from "../../../static/js/audio/feed.js";
import { History } from "../../../static/js/audio/history.js";
import { Flag } from "../../../static/js/wire/frame.js";

const RATE = 8000;
const due = () => true;

let history = new History();
let feed = new Feed(history);

beforeEach(() => {
  history = new History();
  feed = new Feed(history);
});

/** @param {number} from seconds @param {number} to seconds */
function hold(from, to) {
  for (let at = from; at < to; at += 1) {
    history.put({ pcm: new Int16Array(RATE), position: (at * RATE) >>> 0, flags: 0, receivedAt: 0n });
  }
}

/** The seconds that were sent, as [from, to]. @param {number} head in seconds */
function sent(head, isDue = /** @type {(index: number) => boolean} */ (due)) {
  const pieces = feed.take(head * RATE, isDue);
  return pieces.map(({ index, pcm }) => [index / RATE, (index + pcm.length) / RATE]);
}

test("live, what arrives is sent at once", () => {
  hold(0, 1);
  feed.arrived(0);
  assert.deepEqual(sent(0), [[0, 1]]);
  hold(1, 3);
  assert.deepEqual(sent(0), [[1, 2], [2, 3]]);
  assert.deepEqual(sent(0), []);
  assert.ok(feed.isExhausted);
});

test("what was held before the first live Frame is not played by itself", () => {
  hold(0, 10);
  assert.deepEqual(sent(0), []);
  hold(10, 11);
  feed.arrived(10 * RATE);
  hold(5, 9); // the ring, once more
  assert.deepEqual(sent(0), [[10, 11]]);
});

test("behind live, three seconds beyond the head are sent, and the rest as the head moves", () => {
  hold(0, 60);
  feed.seek(20 * RATE);
  assert.deepEqual(sent(20), [[20, 21], [21, 22], [22, 23]]);
  assert.deepEqual(sent(20), []);
  assert.deepEqual(sent(20.5), [[23, 24]]);
  assert.ok(!feed.isExhausted);
});

test("going back does not keep the History from filling, and all of it is heard", () => {
  hold(0, 10);
  feed.seek(9 * RATE);
  assert.deepEqual(sent(9), [[9, 10]]);
  hold(10, 12);
  assert.deepEqual(sent(9.5), [[10, 11], [11, 12]]);
});

test("live again, the newest audio is sent, so that the sound does not pause", () => {
  hold(0, 60);
  feed.seek(20 * RATE);
  sent(20);
  assert.equal(feed.goLive(0.25), 59.75 * RATE);
  assert.deepEqual(sent(20), [[59.75, 60]]);
});

test("to be live again from where one is, nothing is left out", () => {
  hold(0, 60);
  feed.seek(59 * RATE);
  sent(59);
  feed.follow();
  hold(60, 65);
  assert.deepEqual(sent(59).flat(), [60, 61, 61, 62, 62, 63, 63, 64, 64, 65]);
});

test("while the sound pauses, live audio is passed over", () => {
  hold(0, 5);
  feed.arrived(0);
  sent(0);
  feed.await();
  hold(5, 9);
  assert.deepEqual(sent(0), []);
  hold(9, 10);
  feed.arrived(9 * RATE);
  assert.deepEqual(sent(0), [[9, 10]]);
});

test("while the sound pauses, one who is behind loses nothing", () => {
  hold(0, 30);
  feed.seek(10 * RATE);
  feed.await();
  feed.arrived(29 * RATE);
  assert.deepEqual(sent(10)[0], [10, 11]);
});

test("audio after a gap waits until it is due, and says that it does not follow", () => {
  hold(0, 2);
  hold(10, 12);
  feed.seek(RATE);
  const asked = /** @type {number[]} */ ([]);
  const notYet = (/** @type {number} */ index) => {
    asked.push(index / RATE);
    return index < 10 * RATE;
  };
  assert.deepEqual(sent(1, notYet), [[1, 2]]);
  assert.deepEqual(asked, [1, 10]);
  const [piece] = feed.take(2 * RATE, due);
  assert.deepEqual([piece.index, piece.flags], [10 * RATE, Flag.GAP]);
});

test("live, nothing waits for another leg", () => {
  hold(0, 2);
  feed.arrived(0);
  sent(0);
  hold(10, 12);
  assert.deepEqual(sent(0, () => false), [[10, 11], [11, 12]]);
});

test("a leg of which nothing is held yet begins with what arrives", () => {
  feed.seek(null);
  assert.deepEqual(sent(0), []);
  hold(7, 8);
  feed.arrived(7 * RATE);
  assert.deepEqual(sent(7, () => false), []);
  assert.deepEqual(sent(7), [[7, 8]]);
});
