"""Clients for tests: a sender for a tap, and an ear for a listener."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from monitor.services import taps
from monitor.wire import frame
from tests.support.servers import Server
from tests.support.waiting import PATIENCE, eventually

CHUNK = settings.CHUNK_MS * 8  # samples

Connection = websockets.ClientConnection


def payload(number: int, size: int = 160) -> bytes:
    """Return encoded audio that differs from packet to packet."""
    return bytes((number * 31 + index * 7) % 256 for index in range(size))


async def open_tap(call_id: str = "call-1", **options: Any) -> taps.OpenedTap:
    opened: taps.OpenedTap = await database_sync_to_async(taps.open_tap)(call_id, **options)
    return opened


async def message(connection: Connection) -> bytes | dict[str, Any]:
    """Return the next message: a dict for text, bytes for audio."""
    async with asyncio.timeout(PATIENCE):
        received = await connection.recv()
    if isinstance(received, bytes):
        return received
    decoded: dict[str, Any] = json.loads(received)
    return decoded


async def json_message(connection: Connection) -> dict[str, Any]:
    """Return the next message, which must be JSON."""
    received = await message(connection)
    assert isinstance(received, dict)
    return received


async def message_of(connection: Connection, kind: str, within: float = PATIENCE) -> dict[str, Any]:
    """Return the next JSON message of a type, and skip all others."""
    async with asyncio.timeout(within):
        while True:
            received = await message(connection)
            if isinstance(received, dict) and received["type"] == kind:
                return received


async def closing(connection: Connection) -> tuple[int, str]:
    """Wait until the other side closes, and return its code and reason."""
    async with asyncio.timeout(PATIENCE):
        await connection.wait_closed()
    return connection.close_code or 0, connection.close_reason or ""


async def refusal(connecting: websockets.connect) -> int:
    """Return the HTTP status of a handshake that must fail."""
    try:
        async with asyncio.timeout(PATIENCE), connecting:
            pass
    except websockets.InvalidStatus as error:
        return error.response.status_code
    raise AssertionError("the handshake succeeded")


class Ear:
    """Collects a listener's Frames, and acknowledges them as a page does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.frames: list[bytes] = []
        self.arrivals: list[float] = []  # of the frames, seconds of a monotonic clock
        self.texts: list[dict[str, Any]] = []
        self._samples = 0

    async def take(self, samples: int) -> bytes:
        """Receive at least this many samples, and return them as s16le bytes."""
        while self._samples < samples:
            await self._one()
        return b"".join(frame.samples(one) for one in self.frames)

    async def seconds(self, more: float) -> None:
        """Receive this many more seconds of audio."""
        wanted = self._samples + int(more * 8000)
        while self._samples < wanted:
            await self._one()

    async def until(self, true: Callable[[], bool]) -> None:
        """Receive until a condition is true."""
        while not true():
            await self._one()

    async def to_end(self) -> dict[str, Any]:
        """Receive up to the message that ends the tap, and return that message."""
        await self.until(lambda: bool(self.texts) and self.texts[-1]["type"] == "end")
        return self.texts[-1]

    async def _one(self) -> None:
        received = await message(self.connection)
        if isinstance(received, bytes):
            self.frames.append(received)
            self.arrivals.append(time.monotonic())
            self._samples += frame.sample_count(received)
            position = frame.unpack_header(received).position
            await self.connection.send(json.dumps({"type": "ack", "position": position}))
        else:
            self.texts.append(received)

    @property
    def positions(self) -> list[int]:
        return [frame.unpack_header(one).position for one in self.frames]

    @property
    def gaps(self) -> list[int]:
        """Return the positions of the Frames that are flagged as following a gap."""
        headers = [frame.unpack_header(one) for one in self.frames]
        return [header.position for header in headers if header.flags & frame.Flag.GAP]

    @property
    def holes(self) -> list[int]:
        """Return the positions of the Frames that do not directly follow the one before."""
        steps = itertools.pairwise(self.positions)
        return [later for earlier, later in steps if later - earlier != CHUNK]


@contextlib.asynccontextmanager
async def speaking(server: Server, *opened: taps.OpenedTap) -> AsyncIterator[list[Connection]]:
    """Speak into each tap in real time while the block runs."""
    senders = [await server.tap(one.uri) for one in opened]
    tasks = [asyncio.create_task(speak(sender)) for sender in senders]
    try:
        yield senders
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(sender.close() for sender in senders))


async def speak(sender: Connection) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in itertools.count():
        await asyncio.sleep(max(0.0, began + number * 0.02 - loop.time()))
        await sender.send(payload(number))


@contextlib.asynccontextmanager
async def hearing(server: Server, user: User, *opened: taps.OpenedTap) -> AsyncIterator[list[Ear]]:
    """Listen to each tap in the background while the block runs, as a page does."""
    async with contextlib.AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(server.listen(one.tap.pk, user)) for one in opened]
        ears = [Ear(page) for page in pages]
        for page in pages:
            await message_of(page, "hello")
        tasks = [asyncio.create_task(ear.until(lambda: False)) for ear in ears]
        try:
            yield ears
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def more(ears: list[Ear], frames: int) -> None:
    """Wait until each listener has received this many more Frames."""
    wanted = [len(ear.frames) + frames for ear in ears]

    async def heard() -> bool:
        return all(len(ear.frames) >= one for ear, one in zip(ears, wanted, strict=True))

    await eventually(heard)


class Proxy:
    """A TCP proxy that can stop forwarding without closing, like a firewall that lost its state."""

    def __init__(self, port: int = 0) -> None:
        self.port = 0
        self.to = port  # on this machine; may be set later
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def hold(self) -> None:
        """Stop forwarding on all connections."""
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        self._writers += [writer, back]
        self._tasks.add(asyncio.create_task(self._forward(reader, back)))
        self._tasks.add(asyncio.create_task(self._return(there, writer)))

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flows.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

    async def _return(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Forward what the other side answers."""
        await self._forward(source, sink)


class LateProxy(Proxy):
    """A proxy behind which all that comes back is late, as over a slow network."""

    delay = 0.0  # seconds

    async def _return(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._tasks.add(asyncio.create_task(self._write(due, sink)))
        while data := await source.read(65536):
            due.put_nowait((loop.time() + self.delay, data))

    async def _write(
        self, due: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                at, data = await due.get()
                await asyncio.sleep(at - loop.time())
                sink.write(data)
                await sink.drain()
