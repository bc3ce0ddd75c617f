"""The load generator's RTP: a tap that sends packets to a leased port (RFC 3550)."""

from __future__ import annotations

import asyncio
import struct
from typing import cast
from urllib.parse import urlsplit

from bench.instruments import Tally
from bench.plan import UNIT
from bench.voice import Voice

SCHEME = "rtp://"
_HEADER = struct.Struct("!BBHII")
_VERSION_2 = 0x80  # no padding, no extension, no CSRC
_PCMU = 0  # payload type, RFC 3551


class Packets:
    """Packs a voice into packets, whose numbers begin at ``first`` and wrap."""

    def __init__(self, voice: Voice, ssrc: int, first: int = 0) -> None:
        self._voice = voice
        self._ssrc = ssrc
        self._first = first

    def packet(self, now: float) -> bytes:
        """Return the next packet as a datagram."""
        number = self._first + self._voice.sent
        header = _HEADER.pack(
            _VERSION_2, _PCMU, number & 0xFFFF, number * UNIT & 0xFFFFFFFF, self._ssrc
        )
        return header + self._voice.next_unit(now)


class RtpTap(asyncio.DatagramProtocol):
    """One tap's sender. RTP has neither a handshake nor a close frame."""

    def __init__(self, tally: Tally, number: int) -> None:
        self.voice = Voice(number)
        self._packets = Packets(self.voice, ssrc=number + 1, first=997 * number)
        self._tally = tally
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
        self._tally.refused += 1

    def send_unit(self, now: float) -> None:
        self.transport.sendto(self._packets.packet(now))
        self._tally.units_in += 1

    def leave(self) -> None:
        self.leaving = True
