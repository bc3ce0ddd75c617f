"""A jitter buffer keeps listeners live when nothing comes or nobody asks."""

from __future__ import annotations

import pytest

from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.network import (
    RATE,
    TICK,
    Arrival,
    Sender,
    check,
    concealed,
    listen,
    loss_pattern,
    until,
)


def test_an_outage_is_concealed_in_real_time_and_leaves_no_delay() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.stream(250)  # lost: 5 s
    after = sender.stream(50)
    buffer = JitterBuffer()
    heard = until(listen(buffer, [*before, *after]), sender.position)
    check(heard)
    assert concealed(heard) == set(range(50 * 160, 300 * 160))
    for one in heard:
        behind = one.at - 1000 - (one.position + one.piece.samples) / RATE
        assert behind <= 0.200 + 0.020 + TICK + 1e-9  # so a live listener stays live
    assert buffer.figures.lost == 250
    last = heard[-1]
    assert last.at - 1000 == pytest.approx((last.position + last.piece.samples) / RATE)


def test_the_time_after_a_senders_end_is_not_counted_as_concealed() -> None:
    sender = Sender()
    arrivals = loss_pattern(sender.stream(50), [False] * 40 + [True] + [False] * 9)
    buffer = JitterBuffer()
    heard = listen(buffer, arrivals, after=3)
    assert len(concealed(heard)) > 2 * RATE
    assert buffer.figures.concealed == 160  # the packet that was lost


def test_an_outage_is_counted_as_concealed_once_the_sender_goes_on() -> None:
    sender = Sender()
    before = sender.stream(50)
    sender.stream(100)  # lost: 2 s
    buffer = JitterBuffer()
    heard = until(listen(buffer, [*before, *sender.stream(50)]), sender.position)
    assert buffer.figures.concealed == len(concealed(heard)) == 100 * 160


@pytest.mark.parametrize("seconds", [0.25, 1, 3])
def test_packets_that_waited_in_the_socket_while_we_slept_are_played(seconds: float) -> None:
    """A timer may run before the socket is read: the loop reads one datagram per round."""
    sender = Sender()
    arrivals = sender.stream(300)
    wakes = 1001 + seconds
    buffer = JitterBuffer()
    made = 0
    for one in arrivals:
        if 1001 < one.at <= wakes:
            one = Arrival(wakes + 0.0001, one.packet)
            buffer.pop(one.at)
        buffer.push(one.packet, one.at)
        made += sum(piece.samples for piece in buffer.pop(one.at))
    assert buffer.figures.played == 300
    assert buffer.figures.concealed == 0
    assert made == sender.position


@pytest.mark.parametrize("lost", [True, False])
def test_a_silence_in_which_pop_was_not_called_is_skipped_and_counted(lost: bool) -> None:
    """The buffer's owner may stop calling pop once a sender has been silent for long."""
    sender = Sender()
    early = sender.stream(10)
    if lost:
        sender.stream(500)
    else:
        sender.rest(500 * 160)
    late = sender.stream(10)
    buffer = JitterBuffer()
    for one in early:
        buffer.push(one.packet, one.at)
    buffer.pop(early[-1].at)
    pieces = []
    for one in late:
        buffer.push(one.packet, one.at)
        pieces += buffer.pop(one.at)
    pieces += buffer.pop(late[-1].at + 0.1)
    assert pieces[0].flags & Flag.GAP
    total = sum(piece.samples + piece.skipped for piece in pieces)
    assert total == 510 * 160
    assert sum(piece.samples for piece in pieces) < 1.5 * RATE
