"""A jitter buffer conceals what is lost or late, for just as long as it lasts."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.audio.rtp.arrivals import MAX_DELAY, START_DELAY
from monitor.audio.rtp.jitter import MAX_HELD, PATIENCE, JitterBuffer
from monitor.wire.frame import Flag
from tests.support.jitter import LENGTHS, PROPERTY, assert_adds_up
from tests.support.network import (
    TICK,
    Arrival,
    Sender,
    check,
    concealed,
    duplicate_pattern,
    listen,
    loss_pattern,
    reorder_pattern,
    until,
)


@PROPERTY
@given(st.sampled_from(LENGTHS), st.lists(st.booleans(), min_size=1, max_size=60))
def test_each_lost_packet_is_concealed_for_its_own_length(samples: int, lost: list[bool]) -> None:
    sender = Sender()
    first, *middle, last = sender.stream(62, samples)
    pattern = list(itertools.islice(itertools.cycle(lost), 60))
    arrivals = [first, *loss_pattern(middle, pattern), last]
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    missing = {
        sample
        for number, gone in enumerate(pattern, 1)
        if gone
        for sample in range(number * samples, (number + 1) * samples)
    }
    assert concealed(heard) == missing
    assert buffer.figures.lost == sum(pattern)
    assert buffer.figures.played == len(arrivals)
    assert_adds_up(buffer)


def test_one_lost_packet_delays_the_others_by_40_ms_at_most() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(100), [False] * 50 + [True] + [False] * 49)
    heard = until(listen(JitterBuffer(), arrivals), sender.position)
    out = {one.position: one.at for one in heard}
    waits = [out[number * 160] - (1000.02 + number * 0.02) for number in range(100)]
    assert max(waits) <= START_DELAY + TICK
    assert max(waits[55:]) < 1e-6  # and back to nothing


@st.composite
def networks(draw: st.DrawFn) -> tuple[Sender, list[Arrival]]:
    """Draw a network that loses, reorders and copies packets, with jitter up to 380 ms."""
    sender = Sender(
        sequence_number=draw(st.integers(0, 0xFFFF)), timestamp=draw(st.integers(0, 0xFFFFFFFF))
    )
    packets = sender.stream(80, draw(st.sampled_from(LENGTHS)))
    spread = draw(st.sampled_from([0, 20, 60, 150, 380]))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    loss = draw(st.sampled_from([0, 0.02, 0.3]))
    arrivals = reorder_pattern(
        packets, [0] + [chance.uniform(0, spread) / 1000 for _ in packets[1:]]
    )
    arrivals[1:] = loss_pattern(arrivals[1:], [chance.random() < loss for _ in arrivals])
    return sender, duplicate_pattern(arrivals, [int(chance.random() < 0.1) for _ in arrivals])


@PROPERTY
@given(networks())
def test_all_audio_is_in_its_place_or_concealed_on_any_network(
    network: tuple[Sender, list[Arrival]],
) -> None:
    sender, arrivals = network
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals)
    check(until(heard, sender.position))
    assert_adds_up(buffer)
    # No packet waits longer than the largest delay, and each is played once at most.
    came: dict[int, float] = {}
    for one in arrivals:
        came.setdefault((one.packet.timestamp - arrivals[0].packet.timestamp) & 0xFFFFFFFF, one.at)
    played = [one for one in heard if not one.piece.flags & Flag.CONCEALED]
    assert buffer.figures.played == len(played)
    size = len(arrivals[0].packet.payload)
    for at, position, _ in played:
        assert at - came[position // size * size] <= MAX_DELAY + TICK + 1e-9
    numbers = {one.packet.sequence_number for one in arrivals}
    assert buffer.figures.duplicate == len(arrivals) - len(numbers)
    assert buffer.figures.played + buffer.figures.late == len(numbers)


def test_a_late_packet_is_counted_and_never_played() -> None:
    sender = Sender()
    packets = sender.stream(50)
    late = Arrival(packets[20].at + 0.2, packets[20].packet)
    arrivals = sorted([*packets[:20], *packets[21:], late, late], key=lambda one: one.at)
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    assert concealed(heard) == set(range(20 * 160, 21 * 160))
    figures = buffer.figures
    assert (figures.late, figures.duplicate, figures.reordered) == (1, 1, 1)
    assert figures.lost == -1  # as RFC 3550 has it: late and duplicate packets were received
    assert_adds_up(buffer)


def test_the_rest_of_a_partly_late_packet_is_played() -> None:
    """A packet of 120 ms arrives when some of them have been concealed already."""
    sender = Sender()
    *packets, last = sender.stream(3, 960)
    arrivals = [*packets, Arrival(last.at + PATIENCE + 0.055, last.packet)]
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    made_up = concealed(heard)
    assert made_up == set(range(1920, 1920 + len(made_up)))
    assert 320 <= len(made_up) <= 480  # two or three times 20 ms, as the ticks fall
    assert buffer.figures.played == 3


def test_a_packet_overtaken_by_the_first_is_late() -> None:
    sender = Sender()
    first, second, *rest = sender.stream(10)
    buffer = JitterBuffer()
    listen(buffer, [second, Arrival(second.at + 0.001, first.packet), *rest])
    assert buffer.figures.late == 1
    assert buffer.figures.lost == 0
    assert_adds_up(buffer)


def test_a_flood_after_a_loss_does_not_fill_the_memory() -> None:
    sender = Sender()
    arrivals = sender.stream(1000)
    buffer = JitterBuffer()
    for number, one in enumerate(arrivals):
        if number != 10:
            buffer.push(one.packet, 1000.0)
            assert_adds_up(buffer)
    assert buffer.held == 0
    assert buffer.figures.played == 999
    assert buffer.figures.concealed == 160
    sender.send()  # lost
    for _ in range(200):
        buffer.push(sender.tell(99).packet, 1000.0)
    assert len(buffer._sequence.came) <= MAX_HELD
