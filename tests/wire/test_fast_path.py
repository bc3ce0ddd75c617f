"""The fast path of uvicorn's socket: what closes it, and in which order bytes are written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from monitor.servers.uvicorn_socket import Protocol
from monitor.wire import websocket_frames
from monitor.wire.fast_path import Outbox

REQUEST = b"\r\n".join(
    (
        b"GET /ws/taps/1/ HTTP/1.1",
        b"Host: earshot",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        b"",
        b"",
    )
)


class Transport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.wire: list[bytes] = []
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.wire.append(bytes(data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


class OpenSocket:
    """An open socket that counts how often its fast path was closed."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.closed = 0
        self.protocol = Protocol(Config(app, ws_per_message_deflate=False), ServerState(), {})

    async def open(self, along: bytes = b"") -> None:
        self.protocol.connection_made(self.transport)
        self.protocol.data_received(REQUEST + along)
        await self.protocol.send({"type": "websocket.accept"})
        self.transport.wire.clear()

    def open_fast_path(self) -> Any:
        return self.protocol.open_fast_path(self._on_close)

    def _on_close(self) -> None:
        self.closed += 1

    def said(self, opcode: Opcode, data: bytes, mask: bool = True) -> None:
        self.protocol.data_received(Frame(opcode, data).serialize(mask=mask))


@pytest.fixture
async def socket() -> Any:
    opened = OpenSocket()
    await opened.open()
    yield opened
    if not opened.protocol.disconnected:
        opened.protocol.connection_lost(None)
    for task in tuple(opened.protocol.tasks):
        await task


async def test_an_open_socket_takes_whole_frames(socket: OpenSocket) -> None:
    put = socket.open_fast_path()
    put(websocket_frames.binary(b"audio"))
    assert socket.transport.wire == [websocket_frames.binary(b"audio")]
    assert socket.closed == 0


async def test_a_ping_and_a_message_leave_the_fast_path_open(socket: OpenSocket) -> None:
    socket.open_fast_path()
    socket.said(Opcode.PING, b"1")
    socket.said(Opcode.TEXT, b"{}")
    assert socket.closed == 0


async def test_a_close_frame_of_the_client_closes_it_before_another_write(
    socket: OpenSocket,
) -> None:
    socket.open_fast_path()
    socket.said(Opcode.CLOSE, b"\x03\xe8")
    assert socket.closed == 1
    assert socket.open_fast_path() is None


async def test_a_close_frame_closes_it_after_a_message_that_came_with_the_handshake() -> None:
    """What comes with the handshake goes through uvicorn's parser."""
    opened = OpenSocket()
    await opened.open(Frame(Opcode.TEXT, b"{}").serialize(mask=True))
    opened.open_fast_path()
    opened.said(Opcode.CLOSE, b"\x03\xe8")
    assert opened.closed == 1
    opened.protocol.connection_lost(None)
    await asyncio.gather(*opened.protocol.tasks)


async def test_a_message_that_is_too_big_closes_it(socket: OpenSocket) -> None:
    socket.open_fast_path()
    size = socket.protocol.config.ws_max_size + 1
    socket.protocol.data_received(b"\x82\xff" + size.to_bytes(8) + b"mask" + b"...")
    assert socket.closed == 1


async def test_an_invalid_frame_closes_it(socket: OpenSocket) -> None:
    socket.open_fast_path()
    socket.said(Opcode.TEXT, b"not masked", mask=False)
    assert socket.closed == 1


async def test_a_ping_that_is_not_answered_closes_it(socket: OpenSocket) -> None:
    socket.open_fast_path()
    socket.protocol.keepalive_timeout()
    assert socket.closed == 1


async def test_a_lost_connection_closes_it(socket: OpenSocket) -> None:
    socket.open_fast_path()
    socket.protocol.connection_lost(ConnectionResetError())
    assert socket.closed == 1


async def test_a_slow_client_closes_it_and_may_open_it_again(socket: OpenSocket) -> None:
    socket.open_fast_path()
    socket.protocol.pause_writing()
    assert socket.closed == 1
    assert socket.open_fast_path() is None
    socket.protocol.resume_writing()
    assert socket.open_fast_path() is not None
    socket.protocol.pause_writing()
    assert socket.closed == 2


async def test_a_message_sent_the_asgi_way_follows_what_was_written_directly(
    socket: OpenSocket,
) -> None:
    outbox, write = Outbox(), socket.open_fast_path()
    with outbox:
        outbox.write((write,), websocket_frames.binary(b"first"))
    assert socket.protocol.write(b"second")
    assert socket.transport.wire == [
        websocket_frames.binary(b"first"),
        websocket_frames.binary(b"second"),
    ]
