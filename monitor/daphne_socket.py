"""Daphne's WebSocket, made quick for many small messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import daphne.server  # noqa: F401  first: it installs Twisted's asyncio reactor
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp
from twisted.internet.protocol import connectionDone

from . import direct, rfc6455
from .frame_receiver import FrameReceiver
from .live.close import NO_CODE

REGISTERED_LATER = range(1012, 1015)  # IANA's WebSocket Close Code Number Registry


class Socket(FrameReceiver, WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """A WebSocket on which whole messages go the short way, and binary ones the direct way.

    autobahn takes 20 µs to take a frame apart and 10 to build one.
    """

    _requested = False  # has the handshake's request come?

    def connectionMade(self) -> None:  # noqa: N802  Twisted's name
        super().connectionMade()
        self.begin_receiving(self.maxMessagePayloadSize)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self._requested:
            self._requested = True
            super().dataReceived(data)  # the request, which Daphne hands over whole
            return
        self.last_ping = time.time()  # as onMessage does: a sign of life
        if self.autoPingTimeoutCall:
            self._cancelAutoPingTimeoutCall()
        self.receive_bytes(data)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802
        self.end_receiving()
        super().connectionLost(reason)

    def onOpen(self) -> None:  # noqa: N802
        super().onOpen()
        self.next_turn()

    def onCloseFrame(self, code: int | None, reasonRaw: bytes | None) -> bool | None:  # noqa: N802, N803
        """Take a close frame, which a FrameReceiver has found to be valid. autobahn knows the
        codes of RFC 6455 alone; 1012 to 1014 were registered later."""
        ends = super().onCloseFrame(1000 if code in REGISTERED_LATER else code, reasonRaw)
        self.remoteCloseCode = code
        return bool(ends)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        super().onClose(wasClean, NO_CODE if code is None else code, reason)

    def write(self, data: bytes) -> bool:
        """Send a binary message the short way, if the socket is open."""
        if self.state != self.STATE_OPEN:
            return False
        direct.outbox.write((self._put,), rfc6455.binary(data))
        return True

    def flow(self, hold: Callable[[], None]) -> direct.Put | None:
        """A slow client is not held, for Twisted takes whatever comes, and tells ``unsent``."""
        return self._put if self.state == self.STATE_OPEN else None

    def _put(self, data: bytes) -> None:
        """Write at once where nothing waits before it.

        Twisted leaves it to the loop: two more system calls and a turn for each message.
        """
        if self.state != self.STATE_OPEN:
            return  # the client has closed it, and hears nothing more
        transport, sent = self.transport, 0
        plain = isinstance(transport, tcp.Connection)  # and not TLS
        if plain and not transport.dataBuffer and not transport._tempDataBuffer:
            done = transport.writeSomeData(data)
            sent = done if isinstance(done, int) else 0  # lost: the loop will find it so
        if sent < len(data):
            transport.write(data[sent:] if sent else data)

    def unsent(self) -> int:
        """Bytes that Twisted keeps, without limit and out of sight."""
        transport = self.transport
        if not isinstance(transport, tcp.Connection):
            return 0  # TLS keeps its own
        return len(transport.dataBuffer) - int(transport.offset) + int(transport._tempDataLen)

    @property
    def is_established(self) -> bool:
        return bool(self.state == self.STATE_OPEN)

    @property
    def queued(self) -> int:
        return int(self.application_queue.qsize())

    def pause_receiving(self) -> None:
        self.transport.pauseProducing()

    def resume_receiving(self) -> None:
        self.transport.resumeProducing()

    def queue_message(self, content: dict[str, Any]) -> None:
        self.application_queue.put_nowait({"type": "websocket.receive", **content})

    def parse_frame(self, frame: bytes) -> None:
        super().dataReceived(frame)

    def send_frame(self, frame: bytes) -> None:
        self._put(frame)

    def fail(self, code: int, reason: str) -> None:
        self.sendCloseFrame(code=code, reasonUtf8=reason.encode())
        # What still comes until the answer, for up to 1 s, is nobody's.
        self.muted = True
        self.application_queue.put_nowait(
            {"type": "websocket.disconnect", "code": code, "reason": reason}
        )
