"""The checks that the tests of the jitter buffer rely on find buffers that are wrong."""

from __future__ import annotations

import pytest

from monitor.audio import g711
from monitor.audio.rtp.jitter import JitterBuffer
from monitor.audio.rtp.packet import RtpPacket
from monitor.audio.rtp.timeline import Piece
from monitor.wire.frame import Flag
from tests.support.jitter import hear_everything
from tests.support.network import (
    Sender,
    check,
    listen,
    loss_pattern,
)


class Clockless:
    """A buffer that waits for 4 packets, as many buffers do.

    It stays late by these 4, and after a loss it plays nothing until all 16 places are taken;
    then it throws packets away.
    """

    def __init__(self) -> None:
        self._packets: dict[int, RtpPacket] = {}
        self._next: int | None = None

    def push(self, packet: RtpPacket, now: float) -> None:
        self._packets[packet.sequence_number] = packet
        self._next = packet.sequence_number if self._next is None else self._next
        while len(self._packets) > 16:
            self._packets.pop(self._next, None)
            self._next = (self._next + 1) & 0xFFFF

    def pop(self, now: float) -> list[Piece]:
        pieces = []
        while self._next in self._packets and len(self._packets) > 4:
            packet = self._packets.pop(self._next)
            self._next = (self._next + 1) & 0xFFFF
            pcm = g711.decode("PCMU", packet.payload)
            pieces.append(Piece(pcm, len(packet.payload), Flag.NONE, 0))
        return pieces


class Tampered(JitterBuffer):
    """A buffer whose 30th piece lacks a sample."""

    pieces = 0

    def pop(self, now: float) -> list[Piece]:
        out = []
        for piece in super().pop(now):
            self.pieces += 1
            if self.pieces == 30:
                piece = piece._replace(pcm=piece.pcm[2:], samples=piece.samples - 1)
            out.append(piece)
        return out


def test_a_clockless_buffer_fails_the_check_after_one_loss() -> None:
    arrivals = loss_pattern(Sender().stream(100), [False] * 50 + [True] + [False] * 49)
    with pytest.raises(AssertionError, match="other audio at sample 8000"):
        check(listen(Clockless(), arrivals))


def test_a_clockless_buffer_stays_late() -> None:
    sender = Sender()
    with pytest.raises(AssertionError):
        hear_everything(sender.stream(100), sender, Clockless())


def test_a_buffer_that_drops_one_sample_fails_the_check() -> None:
    sender = Sender()
    with pytest.raises(AssertionError, match="other audio at sample"):
        hear_everything(sender.stream(100), sender, Tampered())
