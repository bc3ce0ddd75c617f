"""Requests that no browser sends: each is answered or its connection closed, and never one more
request than was sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from django.contrib.auth.models import User

from tests.support.servers import Server
from tests.support.talk import hearing, more, open_tap, speaking

HEAD = "Host: 127.0.0.1\r\n"
WAIT = 0.5  # seconds for a server that waits for more, and so has nothing to answer
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
#: A second request, which stands where a body is read by one server and not by another.
HIDDEN = "GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def post(headers: str, body: str = HIDDEN) -> bytes:
    return f"POST /tap/x/status HTTP/1.1\r\n{HEAD}{headers}\r\n{body}".encode("latin1")


def get(path: str = "/login", headers: str = "", version: str = "HTTP/1.1") -> bytes:
    return f"GET {path} {version}\r\n{HEAD}{headers}\r\n".encode("latin1")


#: What hides a second request. Both servers read the one body that they see, or refuse.
SMUGGLED = {
    "both lengths": post(
        f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n"
    ).replace(HIDDEN.encode(), b"0\r\n\r\n" + HIDDEN.encode()),
    "chunked before a length": post(
        f"Transfer-Encoding: chunked\r\nContent-Length: {len(HIDDEN) + 5}\r\n", "0\r\n\r\n" + HIDDEN
    ),
    "two lengths": post(f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n"),
    "a list of lengths": post(f"Content-Length: 0, {len(HIDDEN)}\r\n"),
    "a length with a sign": post(f"Content-Length: +{len(HIDDEN)}\r\n"),
    "a length below zero": post("Content-Length: -1\r\n"),
    "a length in hex": post("Content-Length: 0x0\r\n"),
    "a length with an underscore": post("Content-Length: 1_0\r\n"),
    "a space before the colon": post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + HIDDEN),
    "a strange encoding": post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + HIDDEN),
    "a vertical tab": post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n" + HIDDEN),
    "a bare line feed": post(f"X: y\nContent-Length: {len(HIDDEN)}\r\n"),
    "a chunk size with a sign": post("Transfer-Encoding: chunked\r\n", "+0\r\n\r\n" + HIDDEN),
    "a chunk size in words": post("Transfer-Encoding: chunked\r\n", "zero\r\n\r\n" + HIDDEN),
    "a chunk size of 64 bits": post("Transfer-Encoding: chunked\r\n", "1" * 17 + "\r\n" + HIDDEN),
}
#: uvicorn reads these in chunks, as RFC 9112 section 6.3 allows, but does not close after them. A
#: proxy in front of it (README, "uvicorn") passes no such request on.
READ_IN_CHUNKS = ("both lengths", "chunked before a length")
MALFORMED = {
    "no version": b"GET /login\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version 9.9": get(version="HTTP/9.9"),
    "a method of 10 kB": b"A" * 10_000 + get(),
    "a path of 70 kB": get("/" + "a" * 70_000),
    "a header of 70 kB": get(headers=f"X: {'a' * 70_000}\r\n"),
    "5000 headers": get(headers="".join(f"X-{number}: y\r\n" for number in range(5000))),
    "a header without a colon": get(headers="nothing here\r\n"),
    "a header without a name": get(headers=": value\r\n"),
    "a NUL in a header": get(headers="X: a\x00b\r\n"),
    "a header beyond ASCII": get(headers="X-\xe9: \xff\r\n"),
    "a path beyond ASCII": get("/\xff\xfe"),
    "a path with a NUL": get("/%00"),
    "a path that is half escaped": get("/%"),
    "a path with dots": get("/static/../../../../etc/passwd"),
    "a path with escaped dots": get("/static/..%2f..%2f..%2fetc%2fpasswd"),
    "a whole URL": get("http://evil.example/login"),
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a proxy's request": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "two hosts": b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET /login HTTP/1.1\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + bytes(500),
    "binary": bytes(range(256)) * 8,
    "a WebSocket on a page": get(headers=UPGRADE),
    "a page on a WebSocket": get("/console"),
    "a page on a tap": get("/tap/x"),
    "a POST that upgrades": get("/console", UPGRADE).replace(b"GET", b"POST", 1),
    "an upgrade to something else": get(headers="Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    "two keys": get("/console", UPGRADE + "Sec-WebSocket-Key: x\r\n"),
    "a key that is none": get("/console", UPGRADE.replace("dGhlIHNh", "\x80\x81")),
}


def answer(server: Server, request: bytes) -> bytes:
    """Send a request, and return all that comes back before the server closes or waits."""
    heard = b""
    # A server may close before it has read everything, or wait for more.
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as peer,
        contextlib.suppress(ConnectionError, TimeoutError),
    ):
        peer.sendall(request)
        while more := peer.recv(65_536):
            heard += more
    return heard


def is_fine(heard: bytes) -> bool:
    """Return whether nothing was answered, or once, and not that something of ours failed."""
    statuses = [line.split(b" ")[1] for line in heard.split(b"\r\n") if line.startswith(b"HTTP/1")]
    return len(statuses) <= 1 and not any(status.startswith(b"5") for status in statuses)


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_request_within_a_request_is_not_answered(each_server: Server, name: str) -> None:
    if each_server.kind == "uvicorn" and name in READ_IN_CHUNKS:
        return
    before = len(each_server.said())
    assert is_fine(answer(each_server, SMUGGLED[name]))
    assert "/smuggled" not in each_server.said()[before:]
    assert "Traceback" not in each_server.said()


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_fails_alone(each_server: Server, name: str) -> None:
    heard = answer(each_server, MALFORMED[name])
    assert is_fine(heard)
    assert b"root:" not in heard
    assert "Traceback" not in each_server.said()
    assert each_server.answers()


async def test_a_listener_hears_on_meanwhile(each_server: Server, alice: User) -> None:
    opened = await open_tap()

    def ask() -> None:
        for request in (*SMUGGLED.values(), *MALFORMED.values()):
            answer(each_server, request)

    async with speaking(each_server, opened), hearing(each_server, alice, opened) as [ear]:
        await asyncio.to_thread(ask)
        await more([ear], 10)
    assert ear.holes == []
