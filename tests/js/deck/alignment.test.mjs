// The legs of a call are heard together.
import assert from "node:assert/strict";
import { test } from "node:test";

import { playoutDelays } from "../../../static/js/deck/alignment.js";
import { RATE } from "../support/audio-thread.mjs";
import { PlayingPage } from "../support/playing-page.mjs";

test("a leg by itself waits for as long as its own audio must", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 60, onTheWayMs: -4000 }]), [60]);
});

test("the leg that takes longer on the way has the other one wait", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 40, onTheWayMs: 10 }, { targetMs: 40, onTheWayMs: 90 }]), [120, 40]);
});

test("the leg that jitters more has the other one wait", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 40, onTheWayMs: 10 }, { targetMs: 150, onTheWayMs: 10 }]), [150, 150]);
});

test("a leg of which nothing has arrived holds nothing up", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 40, onTheWayMs: 10 }, { targetMs: 100, onTheWayMs: NaN }]), [40, 100]);
});

test("a leg whose audio has stopped holds nothing up, and waits with the others when it is back", () => {
  const [stopped, other] = [{ targetMs: 40, onTheWayMs: 10 }, { targetMs: 1000, onTheWayMs: 10 }];
  assert.deepEqual(playoutDelays([stopped, other], (leg) => leg === other), [1000, 1000]);
  assert.deepEqual(playoutDelays([stopped, other], (leg) => leg === stopped), [40, 1000]);
});

test("a leg by itself waits as long as before while its audio has stopped", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 60, onTheWayMs: 5 }], () => false), [60]);
});

test("no leg waits for more than nine seconds", () => {
  assert.deepEqual(playoutDelays([{ targetMs: 40, onTheWayMs: 0 }, { targetMs: 40, onTheWayMs: 60_000 }]), [9000, 40]);
});

/** One leg whose sender's clock drifts, on its way for some time. */
class Leg extends PlayingPage {
  sent = 0;

  /**
   * @param {number} drift of the sender's clock
   * @param {number} way seconds from the server to the page
   */
  constructor(drift, way) {
    super();
    this.every = 0.06 * (1 + drift);
    this.way = way;
    const arrived = this.arrivals.arrived.bind(this.arrivals);
    this.arrivals.arrived = (from, to, now) => arrived(from, to, now, now - 1000 * way);
  }

  hold() {} // the deck does
  play() {} // 20 minutes are 115 million samples

  /** Let the page's clock go on, and receive what is due. @param {number} seconds */
  until(seconds) {
    while (this.sent * this.every + this.way <= seconds) {
      this.pass(this.sent * this.every + this.way - this.seconds);
      this.receive(0.06);
      this.sent++;
    }
    this.pass(seconds - this.seconds);
  }

  /** When the server received what is played now, in ms. */
  get played() {
    const { ring, left } = this.player;
    return ((ring.written - left) / RATE) * (this.every / 0.06) * 1000;
  }
}

test("legs whose clocks drift apart by 400 ppm are still together after 20 minutes", () => {
  const legs = [new Leg(200e-6, 0.01), new Leg(-200e-6, 0.08)];
  let worst = 0;
  for (let seconds = 0.25; seconds < 1200; seconds += 0.25) {
    for (const leg of legs) leg.until(seconds);
    const delays = playoutDelays(legs.map((leg) => leg.arrivals));
    for (const [n, leg] of legs.entries()) PlayingPage.prototype.hold.call(leg, delays[n]);
    if (seconds > 10) worst = Math.max(worst, Math.abs(legs[0].played - legs[1].played));
  }
  assert.ok(worst < 20, `${worst} ms apart`);
  for (const leg of legs) assert.equal(leg.last.underruns, 0);
});
