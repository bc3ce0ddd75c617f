"""What monitor.servers.daphne does for whatever application it serves."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import socket
import time
from collections.abc import Iterator

import pytest
import websockets
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from monitor.wire import websocket_frames
from tests.support.servers import Server
from tests.support.stopping import EXIT_WITHIN
from tests.support.waiting import PATIENCE, block_until

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def _plain() -> Iterator[Server]:
    with Server(app="tests.support.plain:application") as server:
        yield server


@pytest.fixture
def plain(_plain: Server) -> Server:
    return _plain


def asked(server: Server, path: str, **headers: str) -> http.client.HTTPConnection:
    """A connection on which something is asked for, and the answer not read yet."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    client.request("GET", path, headers=headers)
    return client


def kept_alive(server: Server) -> http.client.HTTPConnection:
    """A connection that was answered and stays open, as a proxy's do."""
    client = asked(server, "/")
    client.getresponse().read()
    return client


def refuses(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stop_waits_for_requests_but_not_for_ever_and_takes_no_new_ones() -> None:
    with Server(app="tests.support.plain:application") as server:
        slow, never = asked(server, "/slow"), asked(server, "/never")
        one, other = kept_alive(server), kept_alive(server)
        block_until(lambda: "/slow http.request" in server.said())
        block_until(lambda: "/never http.request" in server.said())
        began = time.monotonic()
        server.process.terminate()
        block_until(lambda: refuses(server))
        one.request("GET", "/")
        assert one.getresponse().status == 503
        with (
            pytest.raises(websockets.InvalidStatus, match="503"),
            connect(f"{server.ws_url}/socket", sock=other.sock),
        ):
            pass
        assert slow.getresponse().status == 200
        assert server.stop() == 0
        took = time.monotonic() - began
        with pytest.raises(OSError, match=r"closed connection|reset"):
            never.getresponse()
        for client in (slow, never, one, other):
            client.close()
    assert took < EXIT_WITHIN
    assert "lifespan.shutdown" in server.said()


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_pages_that_come_at_once_find_room_before_the_server_takes_any(kind: str) -> None:
    """As when it has just been started again. For a page that finds no room, the system tries again
    only after a second."""
    with Server(kind, "tests.support.plain:application") as server, contextlib.ExitStack() as pages:
        server.process.send_signal(signal.SIGSTOP)
        for _ in range(200):
            address = ("127.0.0.1", server.port)
            pages.enter_context(socket.create_connection(address, timeout=0.9))
        server.process.send_signal(signal.SIGCONT)


def upgrade(peer: socket.socket, path: bytes) -> None:
    """Ask for a WebSocket, to see its bytes."""
    peer.sendall(
        b"GET %b HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n" % path
    )


def test_a_message_longer_than_a_client_may_send_is_sent(plain: Server) -> None:
    with connect(f"{plain.ws_url}/long", max_size=None) as page:
        assert page.recv(PATIENCE) == "l" * MIB


def test_what_is_written_together_comes_after_what_was_written_meanwhile(plain: Server) -> None:
    with connect(f"{plain.ws_url}/fast") as page:
        assert [page.recv(PATIENCE) for _ in range(4)] == ["1", "2", b"3", b"4"]


def test_nothing_flows_behind_a_close(plain: Server) -> None:
    with socket.create_connection(("127.0.0.1", plain.port), timeout=PATIENCE) as peer:
        upgrade(peer, b"/fast")
        heard = b""
        while not heard.endswith(websocket_frames.binary(b"4")):
            heard += peer.recv(4096)
        close = Frame(Opcode.CLOSE, b"\x03\xe8")
        peer.sendall(close.serialize(mask=True))
        block_until(lambda: "/fast has ended, and may not" in plain.said())
        heard = b""
        with contextlib.suppress(ConnectionResetError):  # how autobahn drops what is closed
            while more := peer.recv(4096):
                heard += more
    assert heard == close.serialize(mask=False)


def test_what_comes_behind_our_close_frame_is_not_queued(plain: Server) -> None:
    with socket.create_connection(("127.0.0.1", plain.port), timeout=PATIENCE) as peer:
        upgrade(peer, b"/behind")
        heard = b""
        while b"\r\n\r\n\x88" not in heard:  # the close frame
            heard += peer.recv(4096)
        peer.sendall(Frame(Opcode.BINARY, b"audio").serialize(mask=True) * 100)
        peer.sendall(Frame(Opcode.CLOSE, b"\x0f\xa0").serialize(mask=True))
        with contextlib.suppress(ConnectionResetError):  # how autobahn drops what is closed
            while peer.recv(4096):
                pass
    told = re.findall(r"/behind (\S+)", plain.said())
    told = [one for one in told if one.startswith("websocket.")]
    assert told == ["websocket.connect", "websocket.disconnect"]


def test_a_connection_that_is_gone_does_not_wait_for_the_collector(plain: Server) -> None:
    """Daphne looks for those that are gone once a second."""

    def kept() -> int:
        client = asked(plain, "/kept")
        with client.getresponse() as answer:
            found = int(answer.read())
        client.close()
        return found

    for _ in range(20):
        kept_alive(plain).close()
        with contextlib.suppress(websockets.ConnectionClosed), connect(f"{plain.ws_url}/") as page:
            page.recv(PATIENCE)
    block_until(lambda: kept() <= 3)  # the one that asks, and the last that did


def test_a_root_path_of_a_clients_own_is_passed_over(plain: Server) -> None:
    client = asked(plain, "/", **{"Daphne-Root-Path": "/elsewhere"})
    assert client.getresponse().read() == b"root ''"
    client.close()
