"""A jitter buffer plays what is not lost at once and in order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio import g711
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.audio.rtp.packet import PAYLOAD_TYPES, Kind, RtpPacket
from tests.support.jitter import LENGTHS, PROPERTY, assert_adds_up, hear_everything
from tests.support.network import (
    RATE,
    Arrival,
    Sender,
    duplicate_pattern,
    reorder_pattern,
)


def test_audio_in_order_is_played_the_moment_it_arrives() -> None:
    sender = Sender()
    arrivals = sender.stream(100)
    heard = hear_everything(arrivals, sender)
    assert [one.at for one in heard] == [one.at for one in arrivals]


def test_mu_law_and_a_law_are_both_played() -> None:
    buffer = JitterBuffer()
    buffer.push(RtpPacket(0, 1, 0, 1, b"\x10" * 160), 0.0)
    buffer.push(RtpPacket(8, 2, 160, 1, b"\x10" * 160), 0.02)
    assert [one.pcm for one in buffer.pop(0.02)] == [
        g711.decode("PCMU", b"\x10" * 160),
        g711.decode("PCMA", b"\x10" * 160),
    ]


def test_nothing_is_played_before_the_first_packet() -> None:
    assert JitterBuffer().pop(1e9) == []
    assert JitterBuffer().figures.lost == 0


@PROPERTY
@given(
    st.sampled_from(LENGTHS),
    st.lists(st.integers(0, 39), min_size=1, max_size=40),
    st.lists(st.integers(0, 2), min_size=1, max_size=10),
)
def test_jitter_reordering_and_duplicates_within_the_delay_change_nothing(
    samples: int, delays: list[int], copies: list[int]
) -> None:
    """The buffer waits for 39 ms from the start, which includes copies that come 14 ms later."""
    sender = Sender()
    packets = sender.stream(60, samples)
    late = [one / 1000 for one in itertools.islice(itertools.cycle(delays), len(packets) - 1)]
    arrivals = duplicate_pattern(reorder_pattern(packets, [0, *late]), copies)
    buffer = JitterBuffer()
    hear_everything(arrivals, sender, buffer)
    assert_adds_up(buffer)
    assert buffer.figures.played == 60
    assert buffer.figures.duplicate == len(arrivals) - 60
    assert buffer.figures.lost == 60 - len(arrivals)


@PROPERTY
@given(st.lists(st.sampled_from(LENGTHS), min_size=2, max_size=60))
def test_the_length_of_packets_may_change_at_any_time(lengths: list[int]) -> None:
    sender = Sender()
    hear_everything([sender.send(samples) for samples in lengths], sender)


def test_a_stall_shorter_than_the_patience_costs_no_audio() -> None:
    sender = Sender()
    arrivals = sender.stream(200)
    stalled = [
        Arrival(max(one.at, 1002.190) if one.at > 1002 else one.at, one.packet) for one in arrivals
    ]
    hear_everything(stalled, sender)


@pytest.mark.parametrize("samples", LENGTHS)
def test_a_packet_that_the_next_one_overtakes_is_played(samples: int) -> None:
    """This holds for packets of any length, although one of 120 ms comes 135 ms late."""
    sender = Sender()
    arrivals = sender.stream(40, samples)
    step = samples / RATE
    delays = [step + 0.015 if number == 20 else 0.0 for number in range(40)]
    hear_everything(reorder_pattern(arrivals, delays), sender)


def test_unknown_and_empty_packets_take_a_sequence_number_but_no_time() -> None:
    sender = Sender()
    arrivals = []
    for _ in range(20):
        arrivals += [sender.send(), sender.tell(99), sender.tell(0, b"")]
    buffer = JitterBuffer()
    hear_everything(reorder_pattern(arrivals, [0, 0.03, 0.01, 0.02, 0]), sender, buffer)
    assert (buffer.figures.unknown, buffer.figures.empty) == (20, 20)
    assert_adds_up(buffer)


def test_a_dynamic_payload_type_can_be_given_a_meaning() -> None:
    buffer = JitterBuffer({**PAYLOAD_TYPES, 96: Kind.PCMU, 97: Kind.EVENT})
    sender = Sender()
    hear_everything([sender.send(payload_type=96), sender.tell(97), sender.send()], sender, buffer)
    assert buffer.figures.events == 1
