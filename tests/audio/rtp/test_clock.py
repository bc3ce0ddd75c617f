"""When a sender's timestamps do not fit its audio, sequence numbers are believed first."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.jitter import PROPERTY
from tests.support.network import (
    RATE,
    Arrival,
    Heard,
    Sender,
    check,
    concealed,
    listen,
    loss_pattern,
    reorder_pattern,
    until,
)

FIRST = 0xFFFFF000  # the first timestamp; it wraps after half a second
FALSE_RATES = [48_000, 16_000, 12_000, 90_000, 4000, 8150, 7850]  # Hz; right is 8000


def stamped(arrivals: list[Arrival], offsets: list[int]) -> list[Arrival]:
    """Return the same packets with timestamps that are off by these ticks, over and over."""
    pairs = zip(arrivals, itertools.cycle(offsets), strict=False)
    return [
        Arrival(at, packet._replace(timestamp=(packet.timestamp + off) & 0xFFFFFFFF))
        for (at, packet), off in pairs
    ]


def clocked(arrivals: list[Arrival], rate: int) -> list[Arrival]:
    """Return the same packets with the timestamps of a clock that counts at another rate."""
    return [
        Arrival(
            at,
            packet._replace(
                timestamp=FIRST + ((packet.timestamp - FIRST) & 0xFFFFFFFF) * rate // RATE
                & 0xFFFFFFFF
            ),
        )
        for at, packet in arrivals
    ]


def gapless(arrivals: list[Arrival], samples: int) -> JitterBuffer:
    """Play exactly what was sent, to the sample."""
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), samples)
    check(heard)
    assert sum(one.piece.samples for one in heard) == samples
    assert not any(one.piece.flags for one in heard)
    assert buffer.figures.played == len(arrivals)
    return buffer


@pytest.mark.parametrize("off", [3, -3, 79, -79])
def test_a_timestamp_that_is_off_by_less_than_half_a_packet_costs_no_sample(off: int) -> None:
    sender = Sender()
    arrivals = sender.stream(50)
    shifted = [*arrivals[:20], *stamped(arrivals[20:], [off])]
    buffer = gapless(shifted, sender.position)
    assert buffer.figures.clock_mismatch == 1


def test_timestamps_that_wobble_by_three_samples_cost_none() -> None:
    sender = Sender()
    buffer = gapless(stamped(sender.stream(300), [0, 3, -3, 2, -1]), sender.position)
    assert buffer.figures.clock_mismatch > 200


@pytest.mark.parametrize("rate", FALSE_RATES)
def test_a_clock_of_another_rate_does_not_change_the_audios_length(rate: int) -> None:
    sender = Sender()
    buffer = gapless(clocked(sender.stream(600), rate), sender.position)  # 12 s
    assert buffer.figures.clock_mismatch == 599


@pytest.mark.parametrize("rate", [48_000, 4000])
def test_a_wrong_clock_is_counted_despite_jitter(rate: int) -> None:
    sender = Sender()
    arrivals = clocked(sender.stream(600), rate)
    gapless(reorder_pattern(arrivals, [0, 0.018, 0.003, 0.011, 0.019]), sender.position)


def test_a_timestamp_that_never_moves_costs_no_sample() -> None:
    sender = Sender()
    gapless(clocked(sender.stream(600), 0), sender.position)


def test_a_true_clock_is_no_mismatch() -> None:
    sender = Sender()
    arrivals = [sender.send(samples) for samples in (160, 80, 240, 160, 960, 160)]
    assert gapless(arrivals, sender.position).figures.clock_mismatch == 0


@PROPERTY
@given(
    st.sampled_from([80, 160, 320, 960]),
    st.sampled_from([RATE, *FALSE_RATES]),
    st.lists(st.integers(-19, 19), min_size=1, max_size=20),
    st.lists(st.integers(0, 2), min_size=1, max_size=20),
)
def test_without_loss_no_sample_is_added_or_lost(
    samples: int, rate: int, wobble: list[int], delays: list[int]
) -> None:
    """This holds for any clock, with wobbling timestamps and 2 ms of jitter.

    A timestamp more than a second ahead is a jump. It loses nothing either, but listeners are
    told of a gap.
    """
    assume(samples * (rate / RATE - 1) < RATE)
    sender = Sender()
    arrivals = clocked(sender.stream(60, samples), rate)
    late = [0.0, *(one / 1000 for one in itertools.islice(itertools.cycle(delays), 59))]
    gapless(reorder_pattern(stamped(arrivals, [0, *wobble]), late), sender.position)


@PROPERTY
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10))
def test_wobbling_packets_that_change_places_cost_no_sample(wobble: list[int]) -> None:
    sender = Sender()
    swapped = reorder_pattern(stamped(sender.stream(60), [0, *wobble]), [0, 0, 0.025, 0, 0])
    gapless(swapped, sender.position)


@pytest.mark.parametrize("rate", FALSE_RATES)
def test_a_loss_costs_its_own_time_whatever_the_clock(rate: int) -> None:
    sender = Sender()
    arrivals = loss_pattern(clocked(sender.stream(100), rate), [False] * 50 + [True] * 2)
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    check(heard)
    assert concealed(heard) == set(range(50 * 160, 52 * 160))
    assert buffer.figures.played == 98


def test_a_loss_with_a_timestamp_that_never_moves_costs_its_own_time() -> None:
    sender = Sender()
    arrivals = loss_pattern(clocked(sender.stream(100), 0), [False] * 50 + [True] + [False] * 49)
    buffer = JitterBuffer()
    check(until(listen(buffer, arrivals), sender.position))
    assert buffer.figures.played == 99


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("rate", [8000, 48_000])
@pytest.mark.parametrize("seconds", [0.04, 0.1, 1])
def test_a_silence_keeps_its_length_whatever_the_clock(
    seconds: float, rate: int, marker: bool
) -> None:
    """With DTX the timestamp advances, while no audio is sent and no sequence number is used."""
    sender = Sender()
    arrivals = sender.stream(50)
    sender.rest(round(seconds * RATE))
    first, *after = sender.stream(50)
    arrivals += [Arrival(first.at, first.packet._replace(marker=marker)), *after]
    buffer = JitterBuffer()
    heard = until(listen(buffer, clocked(arrivals, rate)), sender.position)
    assert sum(one.piece.samples for one in heard) == sender.position
    said = [one for one in heard if any(one.piece.pcm)]
    check([one for one in said if not one.piece.flags & Flag.CONCEALED])
    assert buffer.figures.played == 100
    assert buffer.figures.clock_mismatch == (98 if rate != RATE else 0)


def test_a_sender_that_corrects_its_clock_is_followed() -> None:
    sender = Sender()
    wrong = clocked(sender.stream(100), 48_000)
    right = sender.stream(100)
    step = (wrong[-1].packet.timestamp + 960 - right[0].packet.timestamp) & 0xFFFFFFFF
    arrivals = [*wrong, *stamped(right, [step])]
    buffer = gapless(arrivals, sender.position)
    assert 99 < buffer.figures.clock_mismatch < 120
    after = [*arrivals, *loss_pattern(stamped(sender.stream(50), [step]), [True] + [False] * 49)]
    buffer = JitterBuffer()
    assert_lost_only_at(until(listen(buffer, after), sender.position), 200 * 160)


def assert_lost_only_at(heard: list[Heard], position: int) -> None:
    check(heard)
    assert concealed(heard) == set(range(position, position + 160))
