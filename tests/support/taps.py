"""A tap's row, timeline and ring, as tests read them."""

from __future__ import annotations

from typing import Any

import websockets

from monitor.models import Tap, TapEvent
from monitor.wire import frame
from tests.support.bus import ring_reader
from tests.support.talk import payload
from tests.support.waiting import eventually

MULAW = '{"content-type":"audio/mulaw;rate=8000"}'


async def row(tap: Tap) -> Tap:
    return await Tap.objects.select_related("call").aget(pk=tap.pk)


async def closed_row(tap: Tap) -> Tap:
    """Wait until the tap's media is closed, and return its row."""

    async def look() -> Tap | None:
        found = await row(tap)
        return found if found.media_closed_at else None

    found: Tap = await eventually(look)
    return found


def packet_figures(tap: Tap) -> dict[str, Any]:
    """Return the packet figures of a row, which the first packets over RTP bring."""
    figures: dict[str, Any] | None = tap.rtp
    assert figures is not None
    return figures


async def reasons(tap: Tap) -> list[str]:
    return [event.reason async for event in TapEvent.objects.filter(tap=tap)]


async def send(connection: websockets.ClientConnection, count: int, first: int = 0) -> bytes:
    sent = [payload(number) for number in range(first, first + count)]
    for one in sent:
        await connection.send(one)
    return b"".join(sent)


async def frames_of(tap: Tap) -> list[bytes]:
    """Return the Frames of a tap that Redis holds."""
    async with ring_reader() as ring:
        return await ring.last_seconds(tap.pk, 60)


async def ring_of(tap: Tap, size: int) -> bytes:
    """Wait until the ring holds this many bytes, and return it as s16le."""

    async def look() -> bytes | None:
        pcm = b"".join(frame.samples(one) for one in await frames_of(tap))
        return pcm if len(pcm) >= size else None

    pcm: bytes = await eventually(look)
    return pcm


async def assert_ring(tap: Tap, expected: bytes) -> None:
    assert await ring_of(tap, len(expected)) == expected
