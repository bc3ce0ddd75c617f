"""uvicorn's socket as one that Frames flow to: what ends a flow, and what is written by whom."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from monitor import rfc6455
from monitor.direct import outbox
from monitor.uvicorn import Protocol

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


class Transport:
    """One that keeps what is written."""

    def __init__(self) -> None:
        self.wire: list[bytes] = []
        self._closing = False

    def write(self, data: bytes) -> None:
        self.wire.append(data)

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


class Flowing:
    """An open socket whose Frames flow."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.held = 0
        self.protocol = Protocol(Config(app, ws_per_message_deflate=False), ServerState(), {})

    async def open(self, along: bytes = b"") -> None:
        self.protocol.connection_made(self.transport)  # type: ignore[arg-type]
        self.protocol.data_received(REQUEST + along)
        await self.protocol.send({"type": "websocket.accept"})
        self.transport.wire.clear()

    def flow(self) -> Any:
        return self.protocol.flow(self._hold)

    def _hold(self) -> None:
        self.held += 1

    def said(self, opcode: Opcode, data: bytes, mask: bool = True) -> None:
        self.protocol.data_received(Frame(opcode, data).serialize(mask=mask))


@pytest.fixture
async def socket() -> Any:
    flowing = Flowing()
    await flowing.open()
    yield flowing
    if not flowing.protocol.disconnected:
        flowing.protocol.connection_lost(None)
    for task in tuple(flowing.protocol.tasks):
        await task


async def test_an_open_socket_takes_whole_frames(socket: Flowing) -> None:
    put = socket.flow()
    put(rfc6455.binary(b"audio"))
    assert socket.transport.wire == [rfc6455.binary(b"audio")]
    assert socket.held == 0


async def test_a_ping_and_a_message_end_no_flow(socket: Flowing) -> None:
    socket.flow()
    socket.said(Opcode.PING, b"1")
    socket.said(Opcode.TEXT, b"{}")
    assert socket.held == 0


async def test_a_close_of_the_client_ends_it_before_anything_else_is_written(
    socket: Flowing,
) -> None:
    socket.flow()
    socket.said(Opcode.CLOSE, b"\x03\xe8")
    assert socket.held == 1
    assert socket.flow() is None


async def test_so_does_that_of_a_client_who_spoke_with_its_request() -> None:
    """All that it says goes by way of uvicorn's parser."""
    flowing = Flowing()
    await flowing.open(Frame(Opcode.TEXT, b"{}").serialize(mask=True))
    flowing.flow()
    flowing.said(Opcode.CLOSE, b"\x03\xe8")
    assert flowing.held == 1
    flowing.protocol.connection_lost(None)
    await asyncio.gather(*flowing.protocol.tasks)


async def test_a_message_that_is_too_big_ends_it(socket: Flowing) -> None:
    socket.flow()
    size = socket.protocol.config.ws_max_size + 1
    socket.protocol.data_received(b"\x82\xff" + size.to_bytes(8) + b"mask" + b"...")
    assert socket.held == 1


async def test_a_frame_that_is_none_ends_it(socket: Flowing) -> None:
    socket.flow()
    socket.said(Opcode.TEXT, b"not masked", mask=False)
    assert socket.held == 1


async def test_a_ping_that_is_not_answered_ends_it(socket: Flowing) -> None:
    socket.flow()
    socket.protocol.keepalive_timeout()
    assert socket.held == 1


async def test_a_lost_connection_ends_it(socket: Flowing) -> None:
    socket.flow()
    socket.protocol.connection_lost(ConnectionResetError())
    assert socket.held == 1


async def test_a_client_that_is_slow_ends_it_and_may_have_another(socket: Flowing) -> None:
    socket.flow()
    socket.protocol.pause_writing()
    assert socket.held == 1
    assert socket.flow() is None
    socket.protocol.resume_writing()
    assert socket.flow() is not None
    socket.protocol.pause_writing()
    assert socket.held == 2


async def test_what_is_written_otherwise_goes_by_way_of_the_outbox(socket: Flowing) -> None:
    with outbox:
        assert socket.protocol.write(bytes(976))
        assert socket.transport.wire == []
    assert socket.transport.wire == [rfc6455.binary(bytes(976))]
