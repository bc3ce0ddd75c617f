"""Handshakes that are none, or not whole yet, and a stop that comes meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from tests.support.handshakes import answer, connected
from tests.support.servers import Server
from tests.support.stopping import BOTH, EXIT_WITHIN, RESTART, stopped
from tests.support.talk import closing, open_tap, payload

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


def handshake(more: str = "", path: str = "/x") -> bytes:
    """A right request for a WebSocket, with more headers."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{UPGRADE}{more}\r\n".encode()


MALFORMED = {
    "a body": handshake("Content-Length: 5\r\n") + b"hello",
    "a body in chunks": handshake("Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    "129 headers": handshake("".join(f"X-{number}: 1\r\n" for number in range(129))),
    "a header of 9000 bytes": handshake(f"X: {'y' * 9000}\r\n"),
    "a path of 9000 bytes": handshake(path="/" + "y" * 9000),
    "no key": handshake().replace(b"Sec-WebSocket-Key", b"X-Key"),
    "version 12": handshake().replace(b"Version: 13", b"Version: 12"),
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_handshake_is_refused_and_its_connection_closed(
    each_server: Server, request_: bytes
) -> None:
    with connected(each_server, request_) as peer:
        heard = await asyncio.to_thread(answer, peer)
    status = heard.split(b" ")[1][:3]
    assert status in (b"400", b"403", b"414", b"426", b"431")
    assert "Traceback" not in each_server.said()


OPEN = {
    "nothing": b"",
    "half a request": b"GET / HTTP/1.1\r\nHost: 127.0.",
    "half a body": b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhe",
    "half a handshake": handshake()[:-4],
    "a handshake with half a body": handshake("Content-Length: 5\r\n") + b"he",
    "a handshake with a body to come": handshake("Content-Length: 5\r\n"),
}


@BOTH
async def test_a_stop_ends_every_connection_in_every_state(
    transactional_db: Any, kind: str
) -> None:
    opened = await open_tap()
    with Server(kind) as stopping, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(connected(stopping, data)) for data in OPEN.values()]
        async with stopping.tap(opened.uri) as sender:
            await sender.send(payload(1))
            await (await sender.ping())
            took = await stopped(stopping)
            assert await closing(sender) == RESTART
        for peer in peers:
            await asyncio.to_thread(answer, peer)
    assert took < EXIT_WITHIN
