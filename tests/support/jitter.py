"""What the tests of the jitter buffer share."""

from __future__ import annotations

from hypothesis import settings

from monitor.audio.rtp.jitter import MAX_HELD, JitterBuffer
from tests.support.network import (
    Arrival,
    Buffer,
    Heard,
    Sender,
    check,
    concealed,
    listen,
    until,
)

PROPERTY = settings(derandomize=True, deadline=None, max_examples=100)

#: 10 to 120 ms, as SignalWire's ptime may be.
LENGTHS = [80 * n for n in range(1, 13)]


def assert_adds_up(buffer: JitterBuffer) -> None:
    """Every packet is counted exactly once."""
    f = buffer.figures
    kinds = f.comfort_noise + f.events + f.unknown + f.empty
    assert f.received == f.played + f.late + f.duplicate + kinds + buffer.held
    assert buffer.held <= MAX_HELD


def hear_everything(
    arrivals: list[Arrival], sender: Sender, buffer: Buffer | None = None
) -> list[Heard]:
    """Play all that a sender sent, of which nothing may be concealed."""
    heard = until(listen(buffer or JitterBuffer(), arrivals), sender.position)
    check(heard)
    assert not concealed(heard)
    assert sum(one.piece.samples for one in heard) == sender.position
    return heard
