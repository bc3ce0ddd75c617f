"""Daphne's WebSocket, made quick for many small messages."""

from __future__ import annotations

import time
from typing import Any

import daphne.server  # noqa: F401  first: it installs Twisted's asyncio reactor
from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp
from twisted.internet.protocol import connectionDone

from monitor.servers.frame_receiver import FrameReceiver
from monitor.wire import fast_path, websocket_frames
from monitor.wire.close import NO_CODE

REGISTERED_LATER = range(1012, 1015)  # IANA's WebSocket Close Code Number Registry


class Socket(FrameReceiver, WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """A WebSocket on which whole messages bypass autobahn, which takes 20 µs to parse a frame
    and 10 to build one. Binary messages may take the fast path."""

    _requested = False  # has the handshake's request come?

    #: autobahn formats the factory's options for a log that nobody reads, 0.5 ms per connection.
    CONFIG_ATTRS = ()

    def connectionMade(self) -> None:  # noqa: N802  Twisted's name
        for name in WebSocketProtocol.CONFIG_ATTRS:
            setattr(self, name, getattr(self.factory, name))
        super().connectionMade()
        self.begin_receiving(self.maxMessagePayloadSize)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self._requested:
            self._requested = True
            super().dataReceived(data)  # the request, which Daphne hands over whole
            return
        self.last_ping = time.time()  # as onMessage does: the client is alive
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
        """Take a close frame that the FrameReceiver has found valid.

        autobahn refuses 1012 to 1014, which were registered after RFC 6455.
        """
        ends = super().onCloseFrame(1000 if code in REGISTERED_LATER else code, reasonRaw)
        self.remoteCloseCode = code
        return bool(ends)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        if hasattr(self, "server"):  # without it the handshake failed before Daphne heard of it
            super().onClose(wasClean, NO_CODE if code is None else code, reason)

    def refuse(self, status: int) -> None:
        """Answer the handshake with this status. Daphne's ``serverReject`` knows 403 alone."""
        deny: Any = ConnectionDeny  # autobahn has no types
        self.handshake_deferred.errback(deny(status, "Refused"))
        del self.handshake_deferred
        self.server.protocol_disconnected(self)

    def sendMessage(self, payload: bytes, isBinary: bool = False) -> None:  # noqa: N802, N803
        """Send a message of any length. Raises Disconnected.

        autobahn holds what is sent to the limit of what may come, and a live list of 300 calls is
        over that.
        """
        if self.state == self.STATE_OPEN:
            framed = websocket_frames.binary if isBinary else websocket_frames.text
            self._put(framed(payload))
        else:
            super().sendMessage(payload, isBinary)

    def write(self, data: bytes) -> bool:
        """Send a binary message past autobahn. False if the socket is not open."""
        if self.state != self.STATE_OPEN:
            return False
        self._put(websocket_frames.binary(data))
        return True

    def open_fast_path(self, close: fast_path.Close) -> fast_path.Write | None:
        """Return ``_put``, or None if the socket is not open.

        ``close`` is never called: Twisted takes any amount, and ``unsent`` tells how much.
        """
        return self._put if self.state == self.STATE_OPEN else None

    def _put(self, data: bytes) -> None:
        """Write at once if nothing else waits to be written.

        Twisted would wait for the event loop: two more system calls and a turn per message.
        """
        if self.state != self.STATE_OPEN:
            return  # the client has closed it: nothing may follow
        transport, sent = self.transport, 0
        plain = isinstance(transport, tcp.Connection)  # and not TLS
        if plain and not transport.dataBuffer and not transport._tempDataBuffer:
            done = transport.writeSomeData(data)
            sent = done if isinstance(done, int) else 0  # lost: the event loop will find out
        if sent < len(data):
            transport.write(data[sent:] if sent else data)

    def unsent(self) -> int:
        """Return how many bytes Twisted keeps, which it does without a limit."""
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
        # What comes until the answer, for up to 1 s, is ignored.
        self.muted = True
        self.application_queue.put_nowait(
            {"type": "websocket.disconnect", "code": code, "reason": reason}
        )
