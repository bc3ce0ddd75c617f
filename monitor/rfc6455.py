"""WebSocket frames by their first bytes: the short way for whole messages.

Nearly everything that Earshot's sockets carry is a message in one frame: 20 ms of
G.711 in, 60 ms of samples out, an acknowledgement each second. Both servers parse
and build such a frame in Python, step by step, for 15 to 30 µs; here it takes one.
What is anything else stays with the server's own parser.
"""

from __future__ import annotations

import struct
from typing import Protocol

from websockets.exceptions import ProtocolError
from websockets.frames import Close

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which websockets has no compiled wheel
    from websockets.utils import apply_mask

TURN = 64  # messages that one socket may hand over the direct way in a turn of the event loop
COSTLY = 8  # what any other frame counts for: ten sockets that flood take 0.1 ms of a turn

TEXT = 0x81  # FIN, no extension, opcode 1: a whole text message
BINARY = 0x82  # the same with opcode 2: a whole binary message
PING = 0x89  # FIN, no extension, opcode 9
PONG = 0x8A  # the same with opcode 10
CLOSE = 0x88  # the same with opcode 8
RESERVED = 0x70  # in the first byte: three bits for extensions, one of them for compression
FIN = 0x80  # in the first byte
CONTROL = 0x08  # in the first byte: ping, pong or close, which may come amid a message
MASKED = 0x80  # in the second byte
LONG = 126  # in the second byte: 16 bits of length follow; one more: 64 bits
LONGEST = 0xFFFF  # bytes that have their length in 16 bits
CONTROL_LONGEST = 125  # bytes of payload in a ping, pong or close
TOO_BIG = 1009  # the close code for a message over the limit

_short = struct.Struct(">BB")
_medium = struct.Struct(">BBH")
_long = struct.Struct(">BBQ")


class FrameSink(Protocol):
    """Takes a client's frames in their order. A number that is returned is the frame's cost."""

    def on_message(self, first: int, payload: bytes) -> int:
        """Take a whole message: one frame, TEXT or BINARY, unmasked."""

    def on_ping(self, payload: bytes) -> int:
        """Take a ping."""

    def on_frame(self, frame: bytes) -> int:
        """Take any other frame, as it came: a fragment, a pong, a close, or one that is wrong."""

    def on_violation(self, code: int, reason: str) -> None:
        """Close the connection. Nothing that follows can be read."""


class FrameSplitter:
    """Cuts a client's byte stream into frames, at most TURN of them at a time.

    40 000 empty pings fit into one read. Handled at once they would keep every other
    socket of the process waiting for as long as they take, up to seconds.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit  # bytes of payload in one frame
        self._data = b""
        self._start = 0  # what comes before it in the data was handed over
        self._fragmented = False  # between the first and the last frame of one message
        self._discards = False

    def keep(self, data: bytes) -> None:
        """Add bytes, to be handed over by a later ``feed``."""
        if not self._discards:
            self._data, self._start = self._data[self._start :] + data, 0

    def discard(self) -> None:
        """Drop what waits and all that comes."""
        self._discards = True
        self._data, self._start = b"", 0

    def feed(self, data: bytes, sink: FrameSink) -> bool:
        """Add bytes, and hand over frames until this turn's budget is used up.

        True if it is: the rest waits for another call, in a later turn of the loop.
        """
        if self._discards:
            return False
        start = 0
        if self._data:
            if data:
                self.keep(data)
            start, data = self._start, self._data
        left, size = TURN, len(data)
        while start < size and left > 0:
            payload, end = extent(data, start)
            if end - payload > self._limit:
                self.discard()
                sink.on_violation(
                    TOO_BIG, f"a frame of {end - payload} bytes is over {self._limit}"
                )
                return False
            if not payload or end > size:
                break
            if is_whole(data, start) and not self._fragmented:
                left -= sink.on_message(data[start], unmasked(data, payload, end))
            else:
                left -= self._other(data, start, payload, end, sink)
            start = end
        if not self._discards:  # a sink may have said so meanwhile
            self._data, self._start = (data, start) if start < size else (b"", 0)
        return left <= 0

    def _other(self, data: bytes, start: int, payload: int, end: int, sink: FrameSink) -> int:
        """Hand over a frame that is no whole message."""
        first = data[start]
        masked = data[start + 1] & MASKED
        if first == PING and masked and end - payload <= CONTROL_LONGEST:
            return sink.on_ping(unmasked(data, payload, end))
        if not first & CONTROL:
            self._fragmented = not first & FIN
        return sink.on_frame(data[start:end])


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


def close_violation(frame: bytes) -> tuple[int, str] | None:
    """Return the close code and the reason that answer a client's close frame whose payload may
    not be what it is: a code alone or with a text, or nothing (RFC 6455 section 5.5.1)."""
    payload, end = extent(frame, 0)
    try:
        Close.parse(unmasked(frame, payload, end))
    except UnicodeDecodeError:
        return 1007, "the reason of a close frame is not UTF-8"
    except ProtocolError as error:
        return 1002, str(error)
    return None


def binary(payload: bytes) -> bytes:
    """A whole binary message, as a server sends it: not masked."""
    return _head(BINARY, len(payload)) + payload


def text(payload: bytes) -> bytes:
    """The same of text, which is encoded already."""
    return _head(TEXT, len(payload)) + payload


def pong(payload: bytes) -> bytes:
    """The answer to a ping with this payload."""
    return _head(PONG, len(payload)) + payload


def is_data(first: int) -> bool:
    """Is this the first byte of a message in one frame, be it compressed or not?"""
    return first & ~RESERVED in (TEXT, BINARY)


def _head(first: int, size: int) -> bytes:
    if size < LONG:
        return _short.pack(first, size)
    if size <= LONGEST:
        return _medium.pack(first, LONG, size)
    return _long.pack(first, LONG + 1, size)
