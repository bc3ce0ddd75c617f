"""Listeners that fall behind: Frames are skipped for them until they have caught up."""

from __future__ import annotations

import time

import pytest

from monitor.fanout.audience import TapAudience
from monitor.fanout.lag import STEP
from monitor.limits import Limits
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame
from monitor.wire.fast_path import Outbox
from tests.support.audience import Listener

LIMITS = Limits()
CHUNK = 480  # samples, 60 ms


class Call:
    """The audience of a tap that speaks, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.audience = TapAudience(Outbox(), AudioCounts(), LIMITS)
        self.now = 0.0
        self._position = 0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def speak(self, seconds: float, *acknowledge: Listener) -> None:
        for _ in range(round(seconds / 0.06)):
            self.now += 0.06
            data = frame.pack(frame.Leg.BOTH, frame.Flag.NONE, self._position, 0, bytes(2 * CHUNK))
            self._position += CHUNK
            self.audience.on_frame(data)
            for one in acknowledge:
                one.acknowledge(self.now)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    return Call(monkeypatch)


def enter(call: Call, fast: bool = True) -> Listener:
    one = Listener()
    one.slow = not fast
    one.subscriber.join(call.audience)
    one.open_fast_path()
    return one


@pytest.mark.parametrize("fast", [True, False])
async def test_frames_are_skipped_for_a_listener_5_s_behind(call: Call, fast: bool) -> None:
    good, bad = enter(call), enter(call, fast)
    call.speak(9, good)
    assert (len(good.heard), good.subscriber.skipped) == (150, 0)
    assert LIMITS.degraded <= len(bad.heard) * 0.06 < LIMITS.degraded + STEP + 0.06
    assert bad.subscriber.skipped == 150 - len(bad.heard)


@pytest.mark.parametrize("fast", [True, False])
async def test_a_listener_that_caught_up_is_sent_frames_again(call: Call, fast: bool) -> None:
    """It acknowledges only the position at which its last Frame begins."""
    one = enter(call, fast)
    call.speak(7)
    assert one.subscriber.skipped
    one.acknowledge(call.now)
    before = len(one.heard)
    call.speak(STEP + 0.06, one)
    assert len(one.heard) > before
    skipped = one.subscriber.skipped
    call.speak(60, one)
    assert one.subscriber.skipped == skipped


async def test_a_degraded_listener_cannot_open_the_fast_path(call: Call) -> None:
    one = enter(call)
    call.speak(7)
    before = len(one.heard)
    one.open_fast_path()
    call.speak(0.3)
    assert len(one.heard) == before


async def test_a_frame_whose_write_closes_the_fast_path_is_sent_once(call: Call) -> None:
    """The server may find a client slow during a write."""
    one = enter(call)
    put = one.direct.append

    def slow(data: bytes) -> None:
        put(data)
        one.subscriber.close_fast_path()

    one.subscriber.close_fast_path()
    one.subscriber.open_fast_path(lambda close: slow)
    call.speak(0.12)
    assert (len(one.direct), len(one.queued)) == (1, 1)
