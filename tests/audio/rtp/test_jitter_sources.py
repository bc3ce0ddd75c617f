"""A jitter buffer plays one source at a time, and takes up the next one when it falls silent."""

from __future__ import annotations

import pytest

from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.jitter import assert_adds_up, hear_everything
from tests.support.network import (
    RATE,
    Heard,
    Sender,
    check,
    listen,
)


def test_a_new_source_is_followed_after_a_gap() -> None:
    buffer = JitterBuffer()
    before = Sender()
    early = before.stream(50)
    after = Sender(ssrc=2, sequence_number=7, timestamp=11, began=before.now + 0.5)
    late = after.stream(50)
    heard = listen(buffer, [*early, *late], after=0)
    gap = next(n for n, one in enumerate(heard) if one.piece.flags & Flag.GAP)
    assert heard[gap].at == late[0].at
    check([Heard(at, position - heard[gap].position, p) for at, position, p in heard[gap:]])
    figures = buffer.figures
    assert (figures.restarts, figures.lost, figures.expected, figures.played) == (1, 0, 100, 100)
    assert_adds_up(buffer)


def test_a_new_source_without_a_pause_is_followed_within_120_ms() -> None:
    buffer = JitterBuffer()
    before = Sender()
    early = before.stream(50)
    late = Sender(ssrc=2, began=before.now).stream(50)
    listen(buffer, [*early, *late], after=0)
    assert buffer.figures.foreign <= 6
    assert buffer.figures.played == 100 - buffer.figures.foreign


@pytest.mark.parametrize("samples", [160, 960])
def test_a_second_source_does_not_disturb_the_first(samples: int) -> None:
    """Only the first is played: it is not documented how SignalWire sends both legs."""
    sender = Sender()
    after = 0.95 * samples / RATE  # nearly alternating
    other = Sender(ssrc=2, timestamp=99, began=1000 + after).stream(100, samples)
    arrivals = sorted([*sender.stream(100, samples), *other], key=lambda one: one.at)
    buffer = JitterBuffer()
    hear_everything(arrivals, sender, buffer)
    assert (buffer.figures.foreign, buffer.figures.restarts) == (100, 0)
    assert buffer.figures.lost == 0


def test_packets_held_when_a_new_source_begins_are_played() -> None:
    before = Sender()
    early = before.stream(50)
    late = Sender(ssrc=2, sequence_number=7, began=before.now + 0.5).stream(10)
    buffer = JitterBuffer()
    for one in [*early[:45], *early[46:]]:
        buffer.push(one.packet, early[44].at)  # all at once, so that packet 45 could still come
    assert buffer.held == 4
    pieces = []
    for one in late:
        buffer.push(one.packet, one.at)
        pieces += buffer.pop(one.at)
    assert buffer.figures.played == 59
    assert buffer.figures.concealed == 160
    assert [piece.flags for piece in pieces if piece.flags] == [Flag.CONCEALED, Flag.GAP]
