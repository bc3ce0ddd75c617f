"""Takes WebSocket frames apart and builds them, quickly where a frame is a whole message.

Nearly everything that Earshot's sockets carry is a message in one frame: 20 ms of G.711 in,
60 ms of samples out, one acknowledgement per second. Both servers parse and build such a
frame in Python, step by step, in 15 to 30 µs; here it takes 1 µs. All other frames are left
to the server's own parser.
"""

from __future__ import annotations

import contextlib
import struct
from typing import Protocol


def apply_mask(data: bytes, mask: bytes) -> bytes:
    """Return the data of a frame with its mask applied, or taken off (RFC 6455 section 5.3)."""
    repeated = mask * (len(data) // 4) + mask[: len(data) % 4]
    return (int.from_bytes(data) ^ int.from_bytes(repeated)).to_bytes(len(data))


with contextlib.suppress(ImportError):  # undocumented, compiled, and ten times as fast
    from websockets.speedups import apply_mask

TURN = 64  # messages that one socket may hand over by the fast path in a turn of the event loop
COSTLY = 8  # messages that any other frame counts as: ten sockets that flood take 0.1 ms of a turn

TEXT = 0x81  # FIN, no extension, opcode 1: a whole text message
BINARY = 0x82  # the same with opcode 2: a whole binary message
PING = 0x89  # FIN, no extension, opcode 9
PONG = 0x8A  # the same with opcode 10
CLOSE = 0x88  # the same with opcode 8
RESERVED = 0x70  # in the first byte: three bits for extensions, one of them for compression
FIN = 0x80  # in the first byte
OPCODE = 0x0F  # in the first byte
CONTROL = 0x08  # in the first byte: a ping, pong or close, which may come between fragments
MASKED = 0x80  # in the second byte
LONG = 126  # in the second byte: 16 bits of length follow; after 127 it is 64 bits
LONGEST = 0xFFFF  # bytes of payload whose length fits into 16 bits
CONTROL_LONGEST = 125  # bytes of payload in a ping, pong or close
PROTOCOL_ERROR = 1002  # the close codes for frames that are wrong
INVALID_DATA = 1007
TOO_BIG = 1009
#: Close codes that a close frame may carry (RFC 6455 section 7.4, and IANA's registry).
CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})

_short = struct.Struct(">BB")
_medium = struct.Struct(">BBH")
_long = struct.Struct(">BBQ")


class FrameSink(Protocol):
    """Takes a client's frames in their order. Each method returns what its frame counts as."""

    def on_message(self, first: int, payload: bytes) -> int:
        """Take a whole message: one frame, TEXT or BINARY, unmasked."""

    def on_ping(self, payload: bytes) -> int:
        """Take a ping."""

    def on_frame(self, frame: bytes) -> int:
        """Take any other frame as it came: a fragment, a pong, a close, or a wrong one."""

    def on_violation(self, code: int, reason: str) -> None:
        """Close the connection, because nothing that follows can be read."""


class FrameSplitter:
    """Cuts a client's byte stream into frames, at most TURN of them at a time.

    40 000 empty pings fit into one read. If all were handled at once, every other socket of
    the process would wait until they are done, up to seconds.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit  # bytes of payload in one frame
        self._data = b""
        self._start = 0  # where the data begins that was not handed over yet
        self._fragmented = False  # between the first and the last frame of one message
        self._discards = False

    def keep(self, data: bytes) -> None:
        """Add bytes, to be handed over by a later ``feed``."""
        if not self._discards:
            self._data, self._start = self._data[self._start :] + data, 0

    def discard(self) -> None:
        """Drop what waits, and everything that comes."""
        self._discards = True
        self._data, self._start = b"", 0

    def feed(self, data: bytes, sink: FrameSink) -> bool:
        """Add bytes, and hand over frames until this turn's budget is used up.

        Return True if it is used up. The rest then waits for a call in a later turn of the loop.
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
        if not self._discards:  # which the sink may have asked for meanwhile
            self._data, self._start = (data, start) if start < size else (b"", 0)
        return left <= 0

    def _other(self, data: bytes, start: int, payload: int, end: int, sink: FrameSink) -> int:
        """Hand over a frame that is not a whole message."""
        first = data[start]
        masked = data[start + 1] & MASKED
        if first == PING and masked and end - payload <= CONTROL_LONGEST:
            return sink.on_ping(unmasked(data, payload, end))
        if not first & CONTROL:
            self._fragmented = not first & FIN
        return sink.on_frame(data[start:end])


def extent(data: bytes, start: int) -> tuple[int, int]:
    """Return where the payload of the frame at ``start`` begins, and where the frame ends.

    The result is (0, 0) while the frame's head is incomplete.
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
    """Return whether a client's whole message begins here. The frame's head must be complete."""
    return TEXT <= data[start] <= BINARY and data[start + 1] >= MASKED


def is_utf8(payload: bytes) -> bool:
    """Return whether these bytes may be a text message (RFC 6455 section 8.1)."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def unmasked(data: bytes, payload: int, end: int) -> bytes:
    """Return the payload of a masked frame; the four bytes of its mask come before it."""
    return apply_mask(data[payload:end], data[payload - 4 : payload])


def close_violation(frame: bytes) -> tuple[int, str] | None:
    """Return the close code and the reason that answer a wrong close frame of a client.

    It is one frame of up to 125 bytes, whose payload is empty, or a code that may be followed by a
    text (RFC 6455 section 5.5.1). autobahn would answer another one without a close frame.
    """
    if frame[0] != CLOSE or frame[1] & ~MASKED > CONTROL_LONGEST:
        return PROTOCOL_ERROR, "close frame in parts, with an extension, or too long"
    payload = unmasked(frame, *extent(frame, 0))
    if len(payload) == 1:
        return PROTOCOL_ERROR, "close frame too short"
    if not is_utf8(payload[2:]):
        return INVALID_DATA, "the reason of a close frame is not UTF-8"
    if payload and (code := int.from_bytes(payload[:2])) not in CLOSE_CODES:
        return PROTOCOL_ERROR, f"invalid status code: {code}"
    return None


def binary(payload: bytes) -> bytes:
    """Return the frame of a whole binary message as a server sends it, which is not masked."""
    return _head(BINARY, len(payload)) + payload


def text(payload: bytes) -> bytes:
    """Return the same for a text message, which is encoded already."""
    return _head(TEXT, len(payload)) + payload


def pong(payload: bytes) -> bytes:
    """Return the frame that answers a ping with this payload."""
    return _head(PONG, len(payload)) + payload


def is_data(first: int) -> bool:
    """Return whether this is the first byte of a message in one frame, compressed or not."""
    return first & ~RESERVED in (TEXT, BINARY)


def _head(first: int, size: int) -> bytes:
    if size < LONG:
        return _short.pack(first, size)
    if size <= LONGEST:
        return _medium.pack(first, LONG, size)
    return _long.pack(first, LONG + 1, size)
