"""Clients for tests: a sender for a tap, an ear for a listener, and waiting."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import websockets
from channels.db import database_sync_to_async

from monitor import taps
from monitor.audio import frame

PATIENCE = 10.0  # seconds that a test waits for what must come

Connection = websockets.ClientConnection


def payload(number: int, size: int = 160) -> bytes:
    """Encoded audio that differs from packet to packet."""
    return bytes((number * 31 + index * 7) % 256 for index in range(size))


async def open_tap(call_id: str = "call-1", **options: Any) -> taps.OpenedTap:
    return await database_sync_to_async(taps.open_tap)(call_id, **options)


async def eventually(look: Callable[[], Awaitable[Any]], within: float = PATIENCE) -> Any:
    """Ask until the answer is true."""
    until = time.monotonic() + within
    while True:
        answer = await look()
        if answer:
            return answer
        assert time.monotonic() < until, "it never came"
        await asyncio.sleep(0.02)


async def message(connection: Connection) -> Any:
    """The next message: a dict for text, bytes for audio."""
    async with asyncio.timeout(PATIENCE):
        received = await connection.recv()
    return received if isinstance(received, bytes) else json.loads(received)


async def message_of(connection: Connection, kind: str) -> dict[str, Any]:
    """The next JSON message of a type; others are passed over."""
    while True:
        received = await message(connection)
        if not isinstance(received, bytes) and received["type"] == kind:
            return received


async def closing(connection: Connection) -> tuple[int, str]:
    """Wait for the other side's close: (code, reason)."""
    async with asyncio.timeout(PATIENCE):
        await connection.wait_closed()
    return connection.close_code or 0, connection.close_reason or ""


async def refusal(connecting: websockets.connect) -> int:
    """The HTTP status of a handshake that must fail."""
    try:
        async with asyncio.timeout(PATIENCE), connecting:
            pass
    except websockets.InvalidStatus as error:
        return error.response.status_code
    raise AssertionError("the handshake succeeded")


class Ear:
    """Collects a listener's Frames until it has enough, acking as a page does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.frames: list[bytes] = []
        self.texts: list[dict[str, Any]] = []

    async def take(self, samples: int) -> bytes:
        """The s16le bytes of at least so many samples."""
        while sum(frame.sample_count(one) for one in self.frames) < samples:
            await self._one()
        return b"".join(frame.samples(one) for one in self.frames)

    async def to_end(self) -> dict[str, Any]:
        """Everything up to the message that ends the tap."""
        while not self.texts or self.texts[-1]["type"] != "end":
            await self._one()
        return self.texts[-1]

    async def _one(self) -> None:
        received = await message(self.connection)
        if isinstance(received, bytes):
            self.frames.append(received)
            position = frame.unpack_header(received).position
            await self.connection.send(json.dumps({"type": "ack", "position": position}))
        else:
            self.texts.append(received)

    @property
    def positions(self) -> list[int]:
        return [frame.unpack_header(one).position for one in self.frames]
