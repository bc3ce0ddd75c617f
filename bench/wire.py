"""The load generator's sockets: WebSocket by hand, as cheap as Python lets it be.

Frames are masked, as a client's must be, with the key 0: the payload goes out
as it is. Frames that come are cut by their headers and looked at no further
than the mark that each 20 ms begins with.
"""

from __future__ import annotations

import asyncio
import base64
import math
import os
import struct
import time
from typing import cast

from .gauge import BIN, BINS, SILENT, Meter
from .marks import KEPT, LAST, PCM_MARK, Voice
from .plan import FRAME, PCM_FRAME

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
ABNORMAL = 1006  # RFC 6455 section 7.1.5: the connection went without a close frame
_BEFORE = b"\x82\xfe" + struct.pack(">H", FRAME) + bytes(4)  # FIN, binary, mask key 0
_POSITION = struct.Struct("<I")


def handshake(port: int, path: str, cookie: str = "") -> bytes:
    """The request that opens a socket, as a page of this origin sends it."""
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


def small(opcode: int, payload: bytes) -> bytes:
    """A frame of up to 125 bytes."""
    return bytes((0x80 | opcode, 0x80 | len(payload))) + bytes(4) + payload


class Socket(asyncio.Protocol):
    """One connection; ``opened`` is done when the handshake is."""

    def __init__(self, request: bytes, meter: Meter) -> None:
        self._request = request
        self._buffer = b""
        self._upgraded = False
        self.meter = meter
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
            self.meter.codes[self._code] += 1

    def leave(self) -> None:
        """Close as a client does that goes away."""
        self.leaving = True
        if not self.transport.is_closing():  # the server may have hung up
            self.transport.write(small(CLOSE, struct.pack(">H", 1000)))

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
        """Where the frames begin, or -1 for not yet. A refusal fails ``opened``."""
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
        self.opened.set_result(None)

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        """Take a whole message, which is ``data[begin:end]``."""
        if opcode == PING:
            self.transport.write(small(PONG, data[begin:end]))
        elif opcode == CLOSE and not self.leaving:
            if end - begin >= 2:
                self._code = data[begin] << 8 | data[begin + 1]
            self.transport.close()


class TapSocket(Socket):
    """Sends what a voice says."""

    def __init__(self, request: bytes, meter: Meter, number: int) -> None:
        super().__init__(request, meter)
        self.voice = Voice(number)

    def send_frame(self, now: float) -> None:
        if self.gone:
            return
        self.transport.write(_BEFORE + self.voice.say(now))
        self.meter.frames_in += 1


class EarSocket(Socket):
    """Hears one tap, and checks every 20 ms of it."""

    def __init__(
        self, request: bytes, meter: Meter, voice: Voice, header: int, greeting: bool
    ) -> None:
        super().__init__(request, meter)
        self.voice = voice
        self._header = header
        self._greeting = greeting
        self._missing: set[int] = set()
        self.next = -1  # the frame that comes next; -1 before the first
        self._since = voice.sent
        self.first_at = 0.0  # monotonic seconds; 0 before the first frame
        self.heard_at = math.inf  # monotonic seconds: the last message

    def upgraded(self) -> None:
        if not self._greeting:
            super().upgraded()

    @property
    def outstanding(self) -> int:
        """Frames that were sent and have not come."""
        return self.voice.sent - (self.next if self.next >= 0 else self._since)

    def ack(self) -> None:
        """Say that all that came was played."""
        if self.next >= 0 and not self.gone:
            said = b'{"type":"ack","position":%d}' % (self.next * FRAME)
            self.transport.write(small(TEXT, said))

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if opcode != BINARY:
            if opcode == TEXT and not self.opened.done():
                self.opened.set_result(None)
            super().message(opcode, data, begin, end, now)
            return
        meter, voice = self.meter, self.voice
        gap = now - self.heard_at
        self.heard_at = now
        if gap > meter.silence:
            meter.silence = gap
        if gap > SILENT:
            meter.resumed_at = now
        at = begin + self._header
        first = True
        while at < end:
            frame = self.next
            if frame < 0 or data[at : at + PCM_MARK] != voice.marks[frame & LAST]:
                frame = self._unexpected(data[at : at + PCM_MARK], now)
            if frame >= 0:
                known = voice.sent - frame <= KEPT
                late = int((now - voice.sent_at[frame & LAST]) / BIN) if known else BINS
                meter.bins[late if late < BINS else BINS] += 1
                meter.units_out += 1
                self.next = max(self.next, frame + 1)
                if first and self._header:
                    (position,) = _POSITION.unpack_from(data, begin + 4)
                    meter.garbled += position != frame * FRAME
            first = False
            at += PCM_FRAME
        meter.bytes_out += end - begin

    def _unexpected(self, mark: bytes, now: float) -> int:
        """Which frame came instead of the next; -1 if it cannot be told."""
        frame = self.voice.frame_of(mark)
        if frame < 0:
            self.meter.garbled += 1
        elif self.next < 0:
            self.first_at = now
        elif frame > self.next:
            self.meter.lost += frame - self.next
            self._missing.update(range(self.next, frame))
        elif frame in self._missing:
            self._missing.discard(frame)
            self.meter.lost -= 1
            self.meter.disordered += 1
        else:
            self.meter.doubled += 1
        return frame


class DeafSocket(EarSocket):
    """A listener that is let in and then never reads."""

    def message(self, opcode: int, data: bytes, begin: int, end: int, now: float) -> None:
        if not self.opened.done():
            self.opened.set_result(None)
            self.transport.pause_reading()
