"""RtpPort: one leased UDP port, whose datagrams become the packets of an RTP tap."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from monitor.audio.rtp.packet import RtpPacket, is_rtcp
from monitor.audio.rtp.sender_pin import Address
from monitor.ingest.rtp_tap import RtpTap
from monitor.wire.close import Closed

RTCP_TYPES = range(64, 96)  # payload types that RTCP on RTP's port looks like: RFC 5761
MAX_DATAGRAM = 2048  # bytes; 120 ms are 972. asyncio would ask for 256 KiB each time


class RtpPort(asyncio.DatagramProtocol):
    """Reads the datagrams of one port, and gives its tap the RTP packets among them."""

    def __init__(self, tap: RtpTap) -> None:
        self.tap = tap
        self.transport: asyncio.DatagramTransport | None = None
        self._unbound = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.transport.max_size = MAX_DATAGRAM  # type: ignore[attr-defined]  # the loop's own

    def connection_lost(self, exc: Exception | None) -> None:
        self._unbound.set()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        tap = self.tap
        try:
            packet = RtpPacket.parse(data)
        except ValueError as error:
            if not is_rtcp(data):
                tap.count_malformed(error)
            return
        if packet.payload_type in RTCP_TYPES and is_rtcp(data):
            return
        now = time.monotonic()
        if tap.over:
            tap.hear_late(addr, packet, now)
            return
        try:
            if addr == tap.pin.source or tap.admits(addr, packet, now):
                tap.take(packet, now)
        except Exception:
            tap.fail()

    async def leave(self, closed: Closed) -> None:
        """Give the port and the tap's media up."""
        if self.transport:
            self.transport.abort()
            await self._unbound.wait()  # the port may be another tap's in a moment
        await self.tap.media.leave(closed)
