"""Datagrams of real senders in a file: record them, read them.

The file is, for each datagram: u32 milliseconds since the first, u16 length, the
bytes; big-endian. To record what comes to a port for some seconds:

    python -m tests.support.capture PORT SECONDS FILE
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent.parent / "audio" / "rtp" / "captures"
_HEAD = struct.Struct("!IH")


class Datagram(NamedTuple):
    """What came, and when, in seconds since the first."""

    at: float
    data: bytes


def read(name: str) -> list[Datagram]:
    """The datagrams of a file in captures/."""
    content = (DIRECTORY / f"{name}.rtp").read_bytes()
    found = []
    start = 0
    while start < len(content):
        ms, size = _HEAD.unpack_from(content, start)
        start += _HEAD.size
        found.append(Datagram(ms / 1000, content[start : start + size]))
        start += size
    return found


def record(port: int, seconds: float) -> bytes:
    """What comes to a port, from the first datagram on."""
    content = bytearray()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", port))
        began = 0.0
        while (left := began + seconds - time.monotonic() if began else 60.0) > 0:
            receiver.settimeout(left)
            try:
                data = receiver.recv(65535)
            except TimeoutError:
                break
            now = time.monotonic()
            began = began or now
            content += _HEAD.pack(round((now - began) * 1000), len(data)) + data
    return bytes(content)


if __name__ == "__main__":
    Path(sys.argv[3]).write_bytes(record(int(sys.argv[1]), float(sys.argv[2])))
