"""A jitter buffer takes a sender's silence and its key presses for no loss."""

from __future__ import annotations

import pytest

from monitor.audio.rtp.arrivals import START_DELAY
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.wire.frame import Flag
from tests.support.jitter import assert_adds_up
from tests.support.network import (
    RATE,
    TICK,
    Sender,
    check,
    concealed,
    duplicate_pattern,
    listen,
    loss_pattern,
    until,
)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("seconds", [0.1, 1, 10, 60])
def test_silence_that_is_not_sent_is_played_and_is_no_loss(told: bool, seconds: float) -> None:
    """With DTX the timestamp advances while the sequence number does not."""
    sender = Sender()
    arrivals = sender.stream(10)
    if told:
        arrivals.append(sender.tell(13, b"\x40"))
    sender.rest(round(seconds * RATE))
    arrivals += sender.stream(10)
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    assert sum(one.piece.samples for one in heard) == sender.position
    check([one for one in heard if one.piece.pcm != bytes(len(one.piece.pcm))])
    assert buffer.figures.lost == 0
    assert buffer.figures.played == 20
    assert buffer.figures.comfort_noise == told
    assert not any(one.piece.flags & Flag.GAP for one in heard)
    if told:
        assert not concealed(heard)
    assert_adds_up(buffer)


def test_a_key_press_is_not_played_and_loses_no_audio() -> None:
    """In RFC 4733 the packets of an event share one timestamp, and are numbered with the audio."""
    sender = Sender()
    arrivals = sender.stream(10)
    for _ in range(5):
        event = sender.tell(101)
        arrivals.append(event)
        sender.wait(0.02)
    sender.wait(-0.1)
    sender.rest(800)
    arrivals += sender.stream(10)
    arrivals = duplicate_pattern(arrivals, [1])
    buffer = JitterBuffer()
    heard = until(listen(buffer, arrivals), sender.position)
    assert not concealed(heard)
    assert sum(one.piece.samples for one in heard) == sender.position
    figures = buffer.figures
    assert (figures.events, figures.played, figures.duplicate) == (5, 20, 25)
    assert_adds_up(buffer)


def test_an_announced_silence_is_played_after_40_ms() -> None:
    sender = Sender()
    arrivals = [*sender.stream(50), sender.tell(13)]
    heard = listen(JitterBuffer(), arrivals, after=0.5)
    silence = [one for one in heard if one.position >= sender.position]
    assert all(one.piece.flags == Flag.NONE for one in silence)
    behind = [one.at - 1000 - (one.position + one.piece.samples) / RATE for one in silence]
    assert max(behind) <= START_DELAY + TICK + 1e-3
    assert min(behind) > 0  # never ahead of what the sender may still say


def test_a_loss_after_a_silence_is_concealed() -> None:
    sender = Sender()
    arrivals = [*sender.stream(5), sender.tell(13)]
    sender.rest(1600)
    arrivals += loss_pattern(sender.stream(5), [False, False, True, False, False])
    heard = until(listen(JitterBuffer(), arrivals), sender.position)
    assert len(concealed(heard)) == 160
