"""A sender of RTP for tests, and questions about the tap that receives it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from monitor.audio.rtp.packet import RtpPacket
from monitor.models import Tap
from monitor.services import taps
from monitor.wire import frame
from tests.support.talk import open_tap
from tests.support.taps import frames_of, row
from tests.support.waiting import eventually

PTIME = 0.02  # seconds
SAMPLES = 160  # of a packet
MASK = 0xFFFFFFFF
RTCP = b"\x81\xc9" + b"\x00" * 30  # a receiver report: nothing comes of it


class Sender:
    """An RTP sender on a socket of its own, in real time."""

    def __init__(self, uri: str, *, ssrc: int = 1, first: int = 0) -> None:
        parts = urlsplit(uri)
        assert parts.scheme == "rtp"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((parts.hostname, parts.port))
        self.ssrc, self.number = ssrc, first

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *why: object) -> None:
        self.socket.close()

    def packet(self, audio: bytes, payload_type: int = 0) -> bytes:
        """Return the next packet as a datagram."""
        made = RtpPacket(
            payload_type, self.number & 0xFFFF, self.number * SAMPLES & MASK, self.ssrc, audio
        )
        self.number += 1
        return made.serialize()

    def send(self, datagram: bytes) -> None:
        with contextlib.suppress(ConnectionRefusedError):  # of the datagram before, says UDP
            self.socket.send(datagram)

    async def speak(self, parts: list[bytes], payload_type: int = 0) -> bytes:
        """Send packets 20 ms apart by the clock, and return their audio.

        A sender that paused for 20 ms after each packet would fall behind the clock by all that
        its machine does in between, until audio had to be concealed.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        for number, part in enumerate(parts, start=1):
            self.send(self.packet(part, payload_type))
            await asyncio.sleep(began + number * PTIME - clock())
        return b"".join(parts)


async def bound(uri: str) -> None:
    """Wait until a process receives at a uri, because a datagram is refused until then."""

    async def look() -> bool:
        with Sender(uri) as probe:
            try:
                probe.socket.send(RTCP)
                await asyncio.sleep(0.02)
                probe.socket.send(RTCP)
            except ConnectionRefusedError:
                return False
            return True

    await eventually(look)


async def open_rtp(call_id: str = "call-1", **options: Any) -> taps.OpenedTap:
    opened = await open_tap(call_id, transport="rtp", **options)
    await bound(opened.uri)
    return opened


async def end(tap: Tap) -> None:
    await Tap.objects.filter(pk=tap.pk).aupdate(state="finished", ended_at=timezone.now())


async def counted(tap: Tap, name: str) -> Tap:
    """The row, once the packets of a kind are in it: they are written down each 10 s."""

    async def look() -> Tap | None:
        found = await row(tap)
        return found if found.rtp and found.rtp[name] else None

    found: Tap = await eventually(look, within=15)
    return found


async def has(tap: Tap, samples: int) -> bool:
    return sum(frame.sample_count(one) for one in await frames_of(tap)) >= samples


async def gaps_of(tap: Tap) -> list[bytes]:
    frames = await frames_of(tap)
    return [one for one in frames if frame.unpack_header(one).flags & frame.Flag.GAP]
