"""Handshakes, made by hand."""

from __future__ import annotations

import contextlib
import socket

from tests.support.servers import Server
from tests.support.waiting import PATIENCE


def connected(server: Server, data: bytes = b"") -> socket.socket:
    """Open a connection, and send these bytes on it."""
    one = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    one.sendall(data)
    return one


def answer(peer: socket.socket) -> bytes:
    """Return all bytes until the server closes, or raise TimeoutError if it does not."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        while more := peer.recv(4096):
            heard += more
    return heard
