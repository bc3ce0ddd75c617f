"""WebSocket frames by their first bytes: the short way for whole messages.

Nearly everything that Earshot's sockets carry is a message in one frame: 20 ms of
G.711 in, 60 ms of samples out, an acknowledgement each second. Both servers parse
and build such a frame in Python, step by step, for 15 to 30 µs; here it takes one.
What is anything else stays with the server's own parser.
"""

from __future__ import annotations

import struct

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which websockets has no compiled wheel
    from websockets.utils import apply_mask

TEXT = 0x81  # FIN, no extension, opcode 1: a whole text message
BINARY = 0x82  # the same with opcode 2: a whole binary message
FIN = 0x80  # in the first byte
CONTROL = 0x08  # in the first byte: ping, pong or close, which may come amid a message
MASKED = 0x80  # in the second byte
LONG = 126  # in the second byte: 16 bits of length follow; one more: 64 bits
LONGEST = 0xFFFF  # bytes that have their length in 16 bits

_short = struct.Struct(">BB")
_medium = struct.Struct(">BBH")
_long = struct.Struct(">BBQ")


def extent(data: bytes, start: int) -> tuple[int, int]:
    """Where the payload of the frame at ``start`` begins, and where the frame ends.

    (0, 0) while its head is not all there.
    """
    if len(data) < start + 2:
        return 0, 0
    second = data[start + 1]
    size = second & 0x7F
    payload = start + 2
    if size >= LONG:
        payload += 2 if size == LONG else 8
        if len(data) < payload:
            return 0, 0
        size = int.from_bytes(data[start + 2 : payload])
    if second & MASKED:
        payload += 4
    return payload, payload + size


def is_whole(data: bytes, start: int) -> bool:
    """Does a whole message of a client begin here? The frame's head must be there."""
    return TEXT <= data[start] <= BINARY and data[start + 1] >= MASKED


def is_utf8(payload: bytes) -> bool:
    """May these bytes be a text message (RFC 6455 section 8.1)?"""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def unmasked(data: bytes, payload: int, end: int) -> bytes:
    """The payload of a masked frame; its four bytes of key lie before it."""
    return apply_mask(data[payload:end], data[payload - 4 : payload])


def binary(payload: bytes) -> bytes:
    """A whole binary message, as a server sends it: not masked."""
    return _head(BINARY, len(payload)) + payload


def text(payload: bytes) -> bytes:
    """The same of text, which is encoded already."""
    return _head(TEXT, len(payload)) + payload


def _head(first: int, size: int) -> bytes:
    if size < LONG:
        return _short.pack(first, size)
    if size <= LONGEST:
        return _medium.pack(first, LONG, size)
    return _long.pack(first, LONG + 1, size)
