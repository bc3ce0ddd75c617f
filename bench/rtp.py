"""The load generator's RTP: a tap that sends packets to a leased port (RFC 3550)."""

from __future__ import annotations

import asyncio
import struct
from typing import cast
from urllib.parse import urlsplit

from .gauge import Meter
from .marks import Voice
from .plan import FRAME

SCHEME = "rtp://"
_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80  # no padding, no extension, no CSRC
_PCMU = 0  # payload type, RFC 3551


class Packets:
    """A voice in packets: numbers and timestamps begin anywhere, and wrap."""

    def __init__(self, voice: Voice, ssrc: int, first: int = 0) -> None:
        self._voice = voice
        self._ssrc = ssrc
        self._first = first

    def packet(self, now: float) -> bytes:
        """The next packet as a datagram."""
        number = self._first + self._voice.sent
        header = _HEADER.pack(
            _VERSION_2, _PCMU, number & 0xFFFF, number * FRAME & 0xFFFFFFFF, self._ssrc
        )
        return header + self._voice.say(now)


class RtpTap(asyncio.DatagramProtocol):
    """One tap's sender. RTP has no handshake and no farewell."""

    def __init__(self, meter: Meter, number: int) -> None:
        self.voice = Voice(number)
        self._packets = Packets(self.voice, ssrc=number + 1, first=997 * number)
        self._meter = meter
        self.leaving = False

    async def open(self, uri: str) -> None:
        parts = urlsplit(uri)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(
            lambda: self, remote_addr=(str(parts.hostname), int(parts.port or 0))
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        self._meter.refused += 1

    def send_frame(self, now: float) -> None:
        self.transport.sendto(self._packets.packet(now))
        self._meter.frames_in += 1

    def leave(self) -> None:
        self.leaving = True
