// What a page holds of a call's sound.
import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../../static/js/audio/history.js";
import { Flag } from "../../../static/js/wire/frame.js";
import { seeded } from "../support/sounds.mjs";

const RATE = 8000;
const CHUNK = 480; // 60 ms
const MINUTE = 60 * RATE;
const STARTED = 1_770_000_000_000; // Unix ms
const WRAP = 2 ** 32;

/** The sample that a call has at an index, so that any piece can be checked. @param {number} index */
function sampleAt(index) {
  return (Math.imul(index | 0, 7919) >> 8) & 0x3fff;
}

/**
 * @param {number} index
 * @param {number} count
 */
function samples(index, count) {
  return Int16Array.from({ length: count }, (_, n) => sampleAt(index + n));
}

/**
 * A Frame as the server sends it.
 * @param {number} index
 * @param {{count?: number, flags?: number, ms?: number, pcm?: Int16Array<ArrayBuffer>}} [changes]
 */
function frame(index, { count = CHUNK, flags = 0, ms, pcm } = {}) {
  const received = ms ?? STARTED + ((index + count) * 1000) / RATE;
  return {
    pcm: pcm ?? samples(index, count),
    position: index >>> 0,
    flags,
    receivedAt: BigInt(Math.round(received * 1000)),
  };
}

/**
 * @param {History} history
 * @param {number} from
 * @param {number} to
 */
function fill(history, from, to, chunk = CHUNK) {
  for (let index = from; index < to; index += chunk) {
    history.put(frame(index, { count: Math.min(chunk, to - index) }));
  }
}

/**
 * The edges of columns that are equally wide.
 * @param {number} from
 * @param {number} step
 * @param {number} count
 */
function edges(from, step, count) {
  return Float64Array.from({ length: count + 1 }, (_, n) => from + n * step);
}

/** The ranges that are held, without what the history notes besides. @param {History} history */
function held(history) {
  return history.held.map(({ from, to }) => [from, to]);
}

test("what was put is read back, from any index to the live edge", () => {
  const history = new History();
  fill(history, 0, 20 * RATE);
  assert.deepEqual([history.first, history.end], [0, 20 * RATE]);
  for (const index of [0, 1, 32767, 32768, 100_001, 20 * RATE - 1]) {
    const piece = history.read(index, 70_000);
    assert.ok(piece);
    assert.equal(piece.index, index);
    assert.equal(piece.flags, 0);
    assert.equal(piece.pcm.length, Math.min(70_000, 20 * RATE - index));
    assert.deepEqual(piece.pcm, samples(index, piece.pcm.length));
  }
  assert.equal(history.read(20 * RATE, 100), null);
});

test("a piece is a copy, which may be transferred", () => {
  const history = new History();
  const sent = frame(0);
  history.put(sent);
  structuredClone(sent.pcm, { transfer: [sent.pcm.buffer] });
  const piece = history.read(0, CHUNK);
  assert.ok(piece);
  structuredClone(piece.pcm, { transfer: [piece.pcm.buffer] });
  assert.deepEqual(history.read(0, CHUNK)?.pcm, samples(0, CHUNK));
});

test("nothing is held before the first Frame", () => {
  const history = new History();
  assert.ok(history.isEmpty);
  assert.equal(history.read(0, 100), null);
  assert.equal(history.bytes, 0);
  assert.equal(history.timeOf(0), null);
  assert.equal(history.indexAt(STARTED), null);
});

test("positions wrap, and indices go on", () => {
  const history = new History();
  const start = WRAP - 10 * RATE;
  fill(history, start, WRAP + 10 * RATE);
  assert.deepEqual(held(history), [[start, WRAP + 10 * RATE]]);
  assert.equal(history.indexOf(5), WRAP + 5);
  const piece = history.read(WRAP - 100, 200);
  assert.equal(piece?.position, WRAP - 100);
  assert.deepEqual(piece?.pcm, samples(WRAP - 100, 200));
  assert.equal(history.read(WRAP + 7, 1)?.position, 7);
});

test("audio from before the wrap can be put in front of audio from after it", () => {
  const history = new History();
  fill(history, CHUNK, 10 * CHUNK);
  fill(history, -5 * CHUNK, CHUNK);
  assert.deepEqual(held(history), [[-5 * CHUNK, 10 * CHUNK]]);
  const piece = history.read(-CHUNK, 2 * CHUNK);
  assert.equal(piece?.position, WRAP - CHUNK);
  assert.deepEqual(piece?.pcm, samples(-CHUNK, 2 * CHUNK));
});

test("the server's ring is put in front of live audio, part of which it repeats", () => {
  const history = new History();
  const live = 40 * RATE;
  fill(history, live, live + 2 * RATE);
  fill(history, live - 30 * RATE, live + RATE);
  fill(history, live + 2 * RATE, live + 3 * RATE);
  assert.deepEqual(held(history), [[live - 30 * RATE, live + 3 * RATE]]);
  assert.deepEqual(history.read(live - 100, 200)?.pcm, samples(live - 100, 200));
});

test("a gap is known, is jumped over with a flag, and is closed by what belongs into it", () => {
  const history = new History();
  fill(history, 0, 5000);
  fill(history, 9000, 12_000);
  assert.deepEqual(held(history), [[0, 5000], [9000, 12_000]]);
  assert.equal(history.read(4900, 500)?.pcm.length, 100);
  const after = history.read(5000, 500);
  assert.deepEqual([after?.index, after?.flags], [9000, Flag.GAP]);
  assert.deepEqual(after?.pcm, samples(9000, 500));
  fill(history, 4000, 9500);
  assert.deepEqual(held(history), [[0, 12_000]]);
  assert.deepEqual(history.read(4900, 5000)?.pcm, samples(4900, 5000));
});

test("audio that was lost without being counted leaves a seam, which no piece crosses", () => {
  const history = new History();
  fill(history, 0, 960);
  history.put(frame(960, { flags: Flag.GAP }));
  fill(history, 1440, 2400);
  assert.deepEqual(held(history), [[0, 960], [960, 2400]]);
  assert.equal(history.read(500, 5000)?.pcm.length, 460);
  assert.equal(history.read(960, 5000)?.flags, Flag.GAP);
  assert.equal(history.read(961, 5000)?.flags, 0);
  fill(history, 0, 960); // repeated
  history.put(frame(960, { flags: Flag.GAP }));
  assert.deepEqual(held(history), [[0, 960], [960, 2400]]);
});

test("in whatever order Frames arrive, the same is held", () => {
  const random = seeded(29);
  const order = Array.from({ length: 200 }, (_, n) => n).sort(() => random() - 0.5);
  const history = new History();
  for (const n of order) if (n % 50 !== 0) history.put(frame(n * CHUNK));
  const wanted = [0, 50, 100, 150].map((n) => [(n + 1) * CHUNK, (n + 50) * CHUNK]);
  assert.deepEqual(held(history), wanted);
  for (const [from, to] of wanted) assert.deepEqual(history.read(from, to - from)?.pcm, samples(from, to - from));
});

test("half an hour is kept in 30 MB, and the oldest is dropped", () => {
  const history = new History();
  const chunk = 10 * RATE;
  fill(history, 0, MINUTE, chunk);
  assert.ok(history.bytes < 1.1e6, `${history.bytes} bytes for a minute`);
  fill(history, MINUTE, 32 * MINUTE, chunk);
  assert.ok(history.bytes < 30e6, `${history.bytes} bytes`);
  assert.deepEqual(held(history), [[2 * MINUTE, 32 * MINUTE]]);
  assert.equal(history.read(0, 10)?.index, 2 * MINUTE);
  history.put(frame(0));
  assert.deepEqual(held(history), [[2 * MINUTE, 32 * MINUTE]], "too old to be kept");
});

test("memory stays bounded over hours, jumps and a Frame longer than all that is kept", () => {
  const history = new History({ seconds: 20 });
  let most = 0;
  for (let index = 0; index < 5 * MINUTE; index += CHUNK) {
    history.put(frame(index));
    most = Math.max(most, history.bytes);
  }
  assert.ok(most <= 6 * 70_000, `${most} bytes`);
  history.put(frame(500 * MINUTE));
  assert.deepEqual(held(history), [[500 * MINUTE, 500 * MINUTE + CHUNK]]);
  history.put(frame(501 * MINUTE, { count: 30 * RATE }));
  assert.deepEqual(held(history), [[501 * MINUTE + 10 * RATE, 501 * MINUTE + 30 * RATE]]);
  assert.ok(history.bytes <= 6 * 70_000, `${history.bytes} bytes`);
});

test("an empty Frame changes nothing", () => {
  const history = new History();
  fill(history, 0, 960);
  history.put(frame(960, { count: 0 }));
  assert.deepEqual(held(history), [[0, 960]]);
});

for (const step of [64, 80, 512, 700, 4096, 20_000]) {
  test(`a waveform with ${step} samples in a column shows every peak, a bin off at most`, () => {
    const history = new History();
    const count = 20 * step + 60_000;
    fill(history, 0, count, 777);
    const columns = new Int16Array(40);
    history.peaks(edges(3 * step, step, 20), columns);
    const bin = [64, 512, 4096].findLast((size) => size <= step) ?? 64;
    for (let n = 0; n < 20; n++) {
      const from = (n + 3) * step;
      const inside = samples(from + bin, Math.max(0, step - 2 * bin));
      const around = samples(Math.max(0, from - bin), step + 2 * bin);
      const [low, high] = columns.slice(2 * n, 2 * n + 2);
      assert.ok(low <= Math.min(...inside) && high >= Math.max(...inside), `column ${n} misses a peak`);
      assert.ok(low >= Math.min(...around) && high <= Math.max(...around), `column ${n} shows too much`);
    }
  });
}

test("a loud sample is in exactly one column, wherever the columns begin", () => {
  const history = new History();
  const pcm = new Int16Array(100_000);
  pcm[50_000] = 20_000;
  history.put(frame(0, { pcm, count: pcm.length }));
  for (const step of [64, 100, 513, 4097]) {
    for (const from of [0, 1, 63, 777]) {
      const columns = new Int16Array(2 * Math.ceil(100_000 / step));
      history.peaks(edges(from, step, columns.length / 2), columns);
      const loud = columns.filter((value) => value === 20_000).length;
      assert.equal(loud, 1, `${loud} columns of ${step} from ${from}`);
    }
  }
});

test("where nothing is held a column's low is above its high", () => {
  const history = new History();
  const quiet = new Int16Array(8192);
  history.put(frame(8192, { pcm: quiet, count: 8192 }));
  history.put(frame(24_576, { pcm: quiet, count: 8192 }));
  const columns = new Int16Array(12);
  history.peaks(edges(0, 8192, 6), columns);
  assert.deepEqual([...columns], [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0]);
});

test("a column between equal edges is empty: its time has no audio", () => {
  const history = new History();
  fill(history, 0, 1000);
  const columns = new Int16Array(6);
  history.peaks(Float64Array.from([100, 200, 200, 300]), columns);
  assert.deepEqual([...columns.slice(2, 4)], [1, 0]);
  assert.ok(columns[0] <= columns[1] && columns[4] <= columns[5]);
});

test("peaks are updated with every Frame", () => {
  const history = new History();
  const columns = new Int16Array(2);
  for (const [n, value] of [100, -300, 700].entries()) {
    history.put(frame(n * 10, { pcm: new Int16Array(10).fill(value), count: 10 }));
  }
  history.peaks(edges(0, 64, 1), columns);
  assert.deepEqual([...columns], [-300, 700]);
});

test("a sample tells when it was received, and a time which sample came then", () => {
  const history = new History();
  fill(history, 0, MINUTE);
  for (const index of [CHUNK, 10 * RATE, MINUTE - 5]) {
    const ms = history.timeOf(index) ?? 0;
    assert.ok(Math.abs(ms - STARTED - (index * 1000) / RATE) < 1, `${index}: ${ms}`);
    assert.ok(Math.abs((history.indexAt(ms) ?? 0) - index) <= 8);
  }
  assert.equal(history.indexAt(STARTED - 60_000), null);
});

test("a call on hold brings no audio: times in the pause are the sample after it", () => {
  const history = new History();
  fill(history, 0, 10 * RATE);
  const pause = 120_000;
  for (let index = 10 * RATE; index < 20 * RATE; index += CHUNK) {
    history.put(frame(index, { ms: STARTED + pause + ((index + CHUNK) * 1000) / RATE }));
  }
  assert.equal(history.indexAt(STARTED + 70_000), 10 * RATE + CHUNK);
  const later = history.timeOf(15 * RATE) ?? 0;
  assert.ok(Math.abs(later - (STARTED + pause + 15_000)) < 1);
});

test("what comes after a pause began when the pause was over", () => {
  const history = new History();
  fill(history, 0, 10 * RATE);
  history.put(frame(10 * RATE, { flags: Flag.GAP, ms: STARTED + 70_000 }));
  assert.equal(history.timeOf(10 * RATE), STARTED + 70_000 - 60);
  assert.equal(history.indexAt(STARTED + 30_000), 10 * RATE);
});

test("times go on to be known in what was put in front", () => {
  const history = new History();
  fill(history, 40 * RATE, 50 * RATE);
  fill(history, 10 * RATE, 40 * RATE);
  const ms = history.timeOf(20 * RATE) ?? 0;
  assert.ok(Math.abs(ms - STARTED - 20_000) < 1, `${ms - STARTED}`);
});

test("what was received from a time on becomes silence, and nothing else", () => {
  const history = new History();
  for (let n = 0; n < 10; n++) history.put(frame(n * CHUNK));
  history.silence(STARTED + 5 * 60);
  const piece = history.read(0, 10 * CHUNK);
  assert.deepEqual(piece?.pcm.subarray(0, 5 * CHUNK), samples(0, 5 * CHUNK));
  assert.ok(piece?.pcm.subarray(5 * CHUNK).every((one) => one === 0));
  assert.equal(history.end, 10 * CHUNK);
});

test("a time before all that is held makes silence of everything, and a later one of nothing", () => {
  const history = new History();
  history.silence(STARTED);
  history.put(frame(0));
  history.silence(STARTED + 1000);
  assert.deepEqual(history.read(0, CHUNK)?.pcm, samples(0, CHUNK));
  history.silence(STARTED - 60_000);
  assert.ok(history.read(0, CHUNK)?.pcm.every((one) => one === 0));
});
