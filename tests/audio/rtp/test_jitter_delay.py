"""A jitter buffer's delay grows with need and comes back, whatever the sender's clock does."""

from __future__ import annotations

import random

import pytest

from monitor.audio.rtp.arrivals import MAX_DELAY, START_DELAY, Arrivals
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.network import (
    TICK,
    Sender,
    listen,
    reorder_pattern,
)


def test_the_delay_grows_with_jitter_at_once_and_shrinks_afterwards() -> None:
    sender = Sender()
    packets = sender.stream(2000)  # 40 s
    chance = random.Random(1)
    delays = [chance.uniform(0, 0.39) if 500 <= n < 1000 else 0.0 for n in range(2000)]
    arrivals = reorder_pattern(packets, delays)
    buffer = JitterBuffer()
    most, settled = 0.0, 0.0
    for one in arrivals:
        buffer.push(one.packet, one.at)
        buffer.pop(one.at)
        most = max(most, buffer.delay)
        if buffer.delay > START_DELAY:
            settled = one.at
    assert most == MAX_DELAY == 0.4
    assert settled - 1020.4 <= 20  # seconds after the jitter ended
    assert buffer.delay == START_DELAY
    # Nearly all packets were played, because the buffer had adapted after the first few.
    assert buffer.figures.late <= 10


@pytest.mark.parametrize("late_ms", [0, 30])
@pytest.mark.parametrize("packets_per_second", [49.5, 50.0, 50.5])
def test_a_sender_whose_clock_drifts_for_half_an_hour_loses_no_sample(
    packets_per_second: float, late_ms: int
) -> None:
    """Positions count the sender's time, so its clock drops and conceals nothing, and adds no
    delay."""
    sender = Sender(rate=160 * packets_per_second)
    chance = random.Random(2)
    delays = [chance.randint(0, late_ms) / 1000 for _ in range(997)]
    arrivals = reorder_pattern(sender.stream(90_000), delays)
    buffer = JitterBuffer()
    latest = 0.0
    made = 0
    for one in arrivals:
        buffer.push(one.packet, one.at)
        for piece in buffer.pop(one.at):
            made += piece.samples
            assert piece.flags == Flag.NONE
        latest = max(latest, buffer.delay)
    assert made == sender.position
    assert buffer.figures.played == 90_000
    assert latest <= START_DELAY + late_ms / 1000
    assert buffer.held == 0


def test_a_hole_is_filled_on_time_after_an_hour_of_drift() -> None:
    """A drift of 1 % is 36 s an hour. A due time fixed at the beginning would be off by that."""
    for rate in (160 * 49.5, 160 * 50.5):
        sender = Sender(rate=rate)
        buffer = JitterBuffer()
        for one in sender.stream(180_000):
            buffer.push(one.packet, one.at)
            buffer.pop(one.at)
        sender.send()  # lost
        after = sender.stream(10)
        heard = listen(buffer, after, after=0)
        assert [one.piece.flags for one in heard][:2] == [Flag.CONCEALED, Flag.NONE]
        assert heard[0].at - (after[0].at - 0.02) <= START_DELAY + TICK


def test_the_shortest_transit_is_remembered_for_a_second() -> None:
    """One packet in 50 is on time, the others 100 ms late."""
    arrivals = Arrivals()
    arrivals.anchor(0.0)
    for number in range(1000):
        arrivals.take(0.1 if number % 50 else 0.0, 0.02)
        assert 0 <= arrivals.base <= 0.020
        assert arrivals.delay >= 0.1 or number == 0
