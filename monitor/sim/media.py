"""Sends the audio of simulated calls, over a WebSocket or as RTP."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from monitor.audio.g711 import SAMPLE_RATE, Codec
from monitor.audio.rtp.packet import RtpPacket
from monitor.sim.platform import TapOrder

Send = Callable[[bytes], Awaitable[None]]

OPENINGS: dict[Codec, str] = {
    "PCMU": '{"content-type":"audio/mulaw;rate=8000"}',
    "PCMA": '{"content-type":"audio/alaw;rate=8000"}',
}
PAYLOAD_TYPES: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}  # RFC 3551 section 6


@contextlib.asynccontextmanager
async def opened(order: TapOrder) -> AsyncIterator[Send]:
    """Open the media of a tap, and yield a function that sends G.711 to it. Raises OSError,
    TimeoutError and the errors of websockets."""
    if order.uri.startswith("rtp:"):
        async with _rtp(order) as send:
            yield send
    else:
        async with connect(order.uri, compression=None, proxy=None) as socket:
            await socket.send(OPENINGS[order.codec])
            yield socket.send


@contextlib.asynccontextmanager
async def _rtp(order: TapOrder) -> AsyncIterator[Send]:
    parts = urlsplit(order.uri)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(str(parts.hostname), parts.port or 0)
    )
    # The seed is not the URI: a port that is used again would get the same SSRC and numbers as
    # before, and a mix-up of two calls would go unnoticed.
    sender = RtpSender(order.codec, order.rtp_ptime, random.Random(order.control_id))

    async def send(audio: bytes) -> None:
        for datagram in sender.packets(audio):
            transport.sendto(datagram)

    try:
        yield send
    finally:
        transport.close()


class RtpSender:
    """Packs audio into RTP packets, whose numbers begin at random (RFC 3550 section 5.1)."""

    def __init__(self, codec: Codec, ptime: int, chance: random.Random) -> None:
        self._payload_type = PAYLOAD_TYPES[codec]
        self._size = ptime * SAMPLE_RATE // 1000  # bytes, one per sample
        self._audio = b""
        self._ssrc = chance.getrandbits(32)
        self._number = chance.getrandbits(16)
        self._timestamp = chance.getrandbits(32)

    def packets(self, audio: bytes) -> list[bytes]:
        """Return the datagrams that this audio fills; the rest of it waits for more."""
        self._audio += audio
        made = []
        while len(self._audio) >= self._size:
            payload, self._audio = self._audio[: self._size], self._audio[self._size :]
            packet = RtpPacket(
                self._payload_type, self._number, self._timestamp, self._ssrc, payload
            )
            made.append(packet.serialize())
            self._number = (self._number + 1) & 0xFFFF
            self._timestamp = (self._timestamp + self._size) & 0xFFFFFFFF
        return made
