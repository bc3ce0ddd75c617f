"""An RTP tap without a socket, and its sender."""

from __future__ import annotations

import uuid
from unittest.mock import Mock, patch

from django.utils import timezone

from monitor.audio import g711
from monitor.audio.rtp.packet import RtpPacket
from monitor.ingest.rtp_port import RtpPort
from monitor.ingest.rtp_tap import RtpTap
from monitor.ingest.stream import PacketStream
from monitor.limits import Limits
from monitor.services.media import TapMedia
from monitor.services.rtp_ports import Lease
from monitor.telemetry.metrics import AudioCounts
from tests.support.streams import Clock, Recorder

LIMITS = Limits()


SAMPLES = 160  # of a packet, 20 ms


FIRST, OTHER = ("192.0.2.1", 5004), ("192.0.2.9", 5004)


class Talk:
    """A tap whose media is open, and a sender's packets to it."""

    def __init__(self, clock: Clock, lease: Lease, limits: Limits = LIMITS) -> None:
        self.clock = clock
        self.writer = Recorder()
        self.intake = Mock(limits=limits)
        self.tap = RtpTap(self.intake, lease)
        self.port = RtpPort(self.tap)
        self.stream = PacketStream(uuid.uuid4(), "both", self.writer, AudioCounts(), limits)
        self.tap.media.stream = self.stream
        opened = TapMedia(lease.tap_id, "both", "PCMU", timezone.now(), None, again=False)
        self.tap._record.opened(opened)
        self.notes: list[str] = []
        patch.object(self.tap._record, "note", self.notes.append).start()  # goes with the object
        self._numbers = {FIRST: 0, OTHER: 40_000}

    def say(
        self,
        address: tuple[str, int],
        audio: bytes,
        packets: int = 1,
        *,
        payload_type: int = 0,
        samples: int = SAMPLES,
    ) -> None:
        """Send packets in real time."""
        for _ in range(packets):
            self.clock.now += samples / g711.SAMPLE_RATE
            number = self._numbers.setdefault(address, 0)
            self._numbers[address] += 1
            packet = RtpPacket(payload_type, number, number * samples, 1, audio * samples)
            self.port.datagram_received(packet.serialize(), address)

    def heard(self) -> bytes:
        """Return everything that a listener would hear, as s16le."""
        self.stream.flush()
        return self.writer.pcm

    def figure(self, name: str) -> float:
        return self.tap.figures()[name]


def lease(source: tuple[str, int] | None = None) -> Lease:
    addr, port = source or (None, None)
    return Lease(1, 20_000, uuid.uuid4(), "tapping", addr, port, None)


def pcm(*parts: tuple[bytes, int]) -> bytes:
    return b"".join(g711.decode("PCMU", audio * SAMPLES * packets) for audio, packets in parts)
