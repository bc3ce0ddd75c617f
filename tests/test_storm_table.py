"""The pages of the storm table: they come again until they have what they came for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bench.storm import pages
from bench.storm.pages import StormPlan, storm
from bench.wire import TEXT

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
SNAPSHOT = bytes((0x80 | TEXT, 2)) + b"{}"


class Door:
    """A server that refuses the first ones who come."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.refusals -= 1
        writer.write(REFUSED if self.refusals >= 0 else UPGRADED + SNAPSHOT)
        await writer.drain()
        writer.close()


async def come(door: Door, within: float) -> dict[str, Any]:
    server = await asyncio.start_server(door.admit, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await storm(StormPlan(port, [], ["a=1", "b=2", "c=3"], within, within))


async def test_who_is_refused_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "STEPS", (0.01,))
    found = await come(Door(refusals=2), within=3)
    assert found["tries"] == 2
    assert found["consoles"]["had"] == 3


async def test_who_never_gets_in_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "STEPS", (0.01,))
    found = await come(Door(refusals=10**6), within=0.3)
    assert found["consoles"] == {"came": 3, "had": 0, "p50": 0.0, "p99": 0.0, "last": 0.0}
