"""A jitter buffer plays on when timestamps or sequence numbers leap."""

from __future__ import annotations

import pytest

from monitor.audio import g711
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.jitter import assert_adds_up, hear_everything
from tests.support.network import (
    RATE,
    Arrival,
    Sender,
    listen,
)


def test_a_pause_that_the_timestamps_do_not_show_loses_nothing() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.wait(5)
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = listen(buffer, [*before, *after], after=0)
    assert buffer.figures.played == 100
    assert buffer.figures.late == 0
    gaps = [one for one in heard if one.piece.flags & Flag.GAP]
    assert [(one.at, one.piece.skipped) for one in gaps] == [(after[0].at, 0)]
    assert gaps[0].piece.pcm == g711.decode("PCMU", after[0].packet.payload)


@pytest.mark.parametrize("jump", [3600 * RATE, -3600 * RATE, 5 * RATE, -5 * RATE, 1 << 31])
def test_a_timestamp_that_jumps_is_a_gap_and_no_hour_of_silence(jump: int) -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.timestamp = (sender.timestamp + jump) & 0xFFFFFFFF
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = listen(buffer, [*before, *after], after=0)
    assert buffer.figures.played == 100
    assert [one.at for one in heard if one.piece.flags & Flag.GAP] == [after[0].at]
    assert buffer.figures.skipped == 0
    assert sum(one.piece.samples for one in heard) == 100 * 160


def test_packets_held_when_a_timestamp_jumps_are_played() -> None:
    sender = Sender()
    arrivals = sender.stream(20)
    sender.timestamp = (sender.timestamp + 90 * RATE) & 0xFFFFFFFF
    arrivals += sender.stream(20)
    del arrivals[18]
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=0)
    assert buffer.figures.played == 39
    assert [one.piece.flags for one in heard[18:20]] == [Flag.CONCEALED, Flag.NONE]


def test_a_packet_with_a_wild_timestamp_costs_no_other_packet() -> None:
    sender = Sender()
    arrivals = sender.stream(50)
    wild = arrivals[25].packet._replace(timestamp=123456789)
    arrivals[25] = Arrival(arrivals[25].at, wild)
    buffer = JitterBuffer()
    listen(buffer, arrivals, after=0)
    assert buffer.figures.played == 50


def test_a_wild_timestamp_out_of_order_is_not_played() -> None:
    sender = Sender()
    arrivals = sender.stream(50)
    wild = arrivals[25].packet._replace(timestamp=arrivals[25].packet.timestamp + 90 * RATE)
    arrivals[25], arrivals[26] = (
        Arrival(arrivals[25].at, arrivals[26].packet),
        Arrival(arrivals[26].at, wild),
    )
    buffer = JitterBuffer()
    listen(buffer, arrivals, after=0)
    assert (buffer.figures.played, buffer.figures.late) == (49, 1)
    assert_adds_up(buffer)


def test_a_sequence_that_leaps_is_followed_from_its_second_packet() -> None:
    sender = Sender()
    arrivals = sender.stream(10)
    sender.sequence_number = (sender.sequence_number + 30000) & 0xFFFF
    arrivals += sender.stream(10)
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=0)
    figures = buffer.figures
    assert (figures.stray, figures.played, figures.restarts, figures.lost) == (1, 19, 1, 0)
    assert [one.at for one in heard if one.piece.flags & Flag.GAP] == [arrivals[11].at]


def test_a_single_sequence_number_that_leaps_is_a_stray() -> None:
    sender = Sender()
    arrivals = sender.stream(20)
    stray = arrivals[5].packet._replace(sequence_number=30000)
    arrivals.insert(10, Arrival(arrivals[9].at, stray))
    buffer = JitterBuffer()
    hear_everything(arrivals, sender, buffer)
    assert buffer.figures.stray == 1
