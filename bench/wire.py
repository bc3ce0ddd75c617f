"""The load generator's sockets: a WebSocket client as cheap as Python allows.

Frames are masked, as a client's must be, but with the key 0, which leaves the payload as it
is. Frames that arrive are split by their headers, and only the tag of each unit is read.
"""

from __future__ import annotations

import asyncio
import base64
import math
import os
import struct
import time
from collections.abc import Sequence
from typing import cast

from bench.instruments import BIN, BINS, SILENT, Tally
from bench.plan import PCM_UNIT, UNIT
from bench.voice import KEPT, LAST, PCM_TAG, Voice
from bench.words.stamp import told_at

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ABNORMAL = 1006  # RFC 6455, section 7.1.5: the connection was lost without a close frame
_BEFORE = b"\x82\xfe" + struct.pack(">H", UNIT) + bytes(4)  # FIN, binary, mask key 0
_POSITION = struct.Struct("<I")
_WORDS = b'{"type": "words"'


def handshake(port: int, path: str, cookie: str = "") -> bytes:
    """Return the request that opens a socket, as a page of this origin sends it."""
    host = f"127.0.0.1:{port}"
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    if cookie:
        lines += [f"Cookie: {cookie}", f"Origin: http://{host}"]
    return "\r\n".join([*lines, "", ""]).encode()


def short_frame(opcode: int, payload: bytes) -> bytes:
    """Return a frame with a payload of up to 125 bytes."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


class Socket(asyncio.Protocol):
    """One connection. ``opened`` is done once the handshake is."""

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request = request
        self._buffer = b""
        self._upgraded = False
        self.tally = tally
        self.leaving = False
        self.gone = False
        self._code = ABNORMAL
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed in the handshake"))
        elif not self.leaving:
            self.tally.codes[self._code] += 1

    def leave(self) -> None:
        """Close the socket as a client that leaves does."""
        self.leaving = True
        if not self.transport.is_closing():  # the server may have closed it
            self.transport.write(short_frame(CLOSE, struct.pack(">H", 1000)))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self._buffer:
            data = self._buffer + data
        at = 0 if self._upgraded else self._upgrade(data)
        if at < 0:
            self._buffer = data
            return
        size = len(data)
        while size - at >= 2:
            length = data[at + 1]
            begin = at + 2
            if length == 126:
                begin = at + 4
                length = data[at + 2] << 8 | data[at + 3] if size >= begin else size
            elif length == 127:
                begin = at + 10
                length = int.from_bytes(data[at + 2 : begin], "big") if size >= begin else size
            if size < begin + length:
                break
            self.message(data[at] & 15, data, begin, begin + length, now)
            at = begin + length
        self._buffer = data[at:] if at < size else b""

    def _upgrade(self, data: bytes) -> int:
        """Return where the frames begin, or -1 if the answer is not complete.

        A refusal fails ``opened``.
        """
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return -1
        if not data.startswith(b"HTTP/1.1 101"):
            status = data.partition(b"\r\n")[0].decode("latin1")
            if not self.opened.done():
                self.opened.set_exception(ConnectionError(status))
            return len(data)
        self._upgraded = True
        self.upgraded()
        return end + 4

    def upgraded(self) -> None:
        """Note that the handshake is done."""
        self.opened.set_result(None)

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        """Handle a whole message, which is ``data[begin:end]``."""
        if opcode == PING:
            self.transport.write(short_frame(PONG, data[begin:end]))
        elif opcode == CLOSE and not self.leaving:
            if end - begin >= 2:
                self._code = data[begin] << 8 | data[begin + 1]
            self.transport.close()


class TapSocket(Socket):
    """Sends the units of a voice."""

    def __init__(self, request: bytes, tally: Tally, number: int) -> None:
        super().__init__(request, tally)
        self.voice = Voice(number)

    def send_unit(self, now: float) -> None:
        if self.gone:
            return
        self.transport.write(_BEFORE + self.voice.next_unit(now))
        self.tally.units_in += 1


class ConsoleSocket(Socket):
    """Receives the live list, and counts each line that is told in it with its delay."""

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if opcode != TEXT:
            super().message(opcode, data, begin, end, now)
        elif data.startswith(_WORDS, begin):
            at = told_at(data, begin, end)
            if at is not None:
                self.tally.heard(time.time() - at)


class ListenerSocket(Socket):
    """Receives one tap, and checks every unit of it."""

    def __init__(
        self, request: bytes, tally: Tally, voice: Voice, header: int, greeting: bool
    ) -> None:
        super().__init__(request, tally)
        self.voice = voice
        self._header = header
        self._greeting = greeting
        self._missing: set[int] = set()
        self.next = -1  # the number of the next unit; -1 before the first
        self._since = voice.sent
        self.first_at = 0.0  # monotonic seconds; 0 before the first unit
        self.heard_at = math.inf  # monotonic seconds: when the last message came

    def upgraded(self) -> None:
        if not self._greeting:
            super().upgraded()

    @property
    def outstanding(self) -> int:
        """How many units were sent and have not arrived."""
        return self.voice.sent - (self.next if self.next >= 0 else self._since)

    def ack(self) -> None:
        """Acknowledge all that has arrived as played."""
        if self.next >= 0 and not self.gone:
            said = b'{"type":"ack","position":%d}' % (self.next * UNIT)
            self.transport.write(short_frame(TEXT, said))

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if opcode != BINARY:
            if opcode == TEXT and not self.opened.done():
                self.opened.set_result(None)
            super().message(opcode, data, begin, end, now)
            return
        tally, voice = self.tally, self.voice
        gap = now - self.heard_at
        self.heard_at = now
        if gap > tally.silence:
            tally.silence = gap
        if gap > SILENT:
            tally.resumed_at = now
        at = begin + self._header
        first = True
        while at < end:
            unit = self.next
            if unit < 0 or data[at : at + PCM_TAG] != voice.tags[unit & LAST]:
                unit = self._unexpected(data[at : at + PCM_TAG], now)
            if unit >= 0:
                known = voice.sent - unit <= KEPT
                late = int((now - voice.sent_at[unit & LAST]) / BIN) if known else BINS
                tally.bins[late if late < BINS else BINS] += 1
                tally.units_out += 1
                self.next = max(self.next, unit + 1)
                if first and self._header:
                    (position,) = _POSITION.unpack_from(data, begin + 4)
                    tally.garbled += position != unit * UNIT
            first = False
            at += PCM_UNIT
        tally.bytes_out += end - begin

    def _unexpected(self, tag: bytes, now: float) -> int:
        """Return which unit came instead of the next, or -1 if its tag cannot be read."""
        unit = self.voice.unit_of(tag)
        if unit < 0:
            self.tally.garbled += 1
        elif self.next < 0:
            self.first_at = now
        elif unit > self.next:
            self.tally.lost += unit - self.next
            self._missing.update(range(self.next, unit))
        elif unit in self._missing:
            self._missing.discard(unit)
            self.tally.lost -= 1
            self.tally.disordered += 1
        else:
            self.tally.doubled += 1
        return unit


class NonReadingSocket(ListenerSocket):
    """A listener that is admitted and then never reads."""

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
            self.transport.pause_reading()


async def open_sockets(sockets: Sequence[Socket], port: int) -> None:
    """Connect sockets to a port of this machine, and return once all handshakes are done."""
    loop = asyncio.get_running_loop()
    for socket in sockets:
        await loop.create_connection(
            lambda socket=socket: socket,  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*(socket.opened for socket in sockets))
