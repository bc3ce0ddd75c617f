"""How the sockets of both servers receive frames.

In each turn of the event loop a socket hands over a bounded number of the frames it has
read. It reads no more until all are handed over, so a client that sends many small frames
delays only itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from monitor.wire import fast_path
from monitor.wire.allowance import Allowance
from monitor.wire.websocket_frames import (
    CLOSE,
    COSTLY,
    INVALID_DATA,
    OPCODE,
    TEXT,
    TURN,
    FrameSplitter,
    close_violation,
    is_data,
    is_utf8,
    pong,
)

QUEUED = 16  # messages that may wait for the application; of the longest, 2 MB
LOOK_AGAIN = 0.01  # seconds between two checks whether the application has taken them
#: Pings, pongs, texts and fragments that a client may send at once, and then each second.
#: A page sends one acknowledgement a second, and a library one ping in 20 s.
SMALL_BURST, SMALL_RATE = 1000, 200.0
PONG_ROOM = 64 * 1024  # bytes that may wait to be sent before pings are not answered

POLICY = 1008


class FrameReceiver:
    """The receiving part of a socket. A server's subclass parses, queues and closes."""

    on_binary: fast_path.Handler | None = None
    on_text: fast_path.Handler | None = None

    def begin_receiving(self, limit: int) -> None:
        """Begin to keep what the client sends, until the handshake is accepted.

        ``limit`` is how many bytes of payload a frame may have.
        """
        self._frames = FrameSplitter(limit)
        self._small = Allowance(SMALL_BURST, SMALL_RATE)
        self._ping: bytes | None = None  # the payload of the newest, not answered yet
        self._waits = True  # for the handshake, or for the next turn

    def receive_bytes(self, data: bytes) -> None:
        """Take bytes of the client, and hand over as many frames as one turn allows."""
        if self._waits:
            self._frames.keep(data)
            self.pause_receiving()
            return
        if self._frames.feed(data, self):
            self._wait()
        if self._ping is not None:
            self._answer_ping()

    def next_turn(self) -> None:
        """Hand over more of what waits, and read on once nothing waits."""
        if self._frames.feed(b"", self):
            self._wait()
        else:
            self._waits = False
            self.resume_receiving()
        if self._ping is not None:
            self._answer_ping()

    def end_receiving(self) -> None:
        """Drop what waits, because the connection is gone."""
        self._frames.discard()

    def on_message(self, first: int, payload: bytes) -> int:
        """Give a message to the application, by the fast path if possible."""
        if not self.is_established:
            return COSTLY
        text = first == TEXT
        if text and not self._may_send_small():
            return COSTLY
        take = self.on_text if text else self.on_binary
        if take and not self.queued and take(payload):
            return 1
        if text and not is_utf8(payload):
            self.on_violation(INVALID_DATA, "a text message is not UTF-8")
            return COSTLY
        self.queue_message({"text": payload.decode()} if text else {"bytes": payload})
        return COSTLY if self.queued <= QUEUED else TURN

    def on_ping(self, payload: bytes) -> int:
        """Remember a ping. Only the newest of one turn is answered, as RFC 6455 section 5.5.3
        allows."""
        if self.is_established and self._may_send_small():
            self._ping = payload
        return COSTLY

    def on_frame(self, frame: bytes) -> int:
        """Have the server parse a frame. After our close frame only the client's own counts."""
        first = frame[0]
        if not self.is_established:
            if first == CLOSE:
                self.parse_frame(frame)
            return COSTLY
        if first & OPCODE == CLOSE & OPCODE and (violation := close_violation(frame)):
            self.on_violation(*violation)
            return COSTLY
        if is_data(first) or first == CLOSE or self._may_send_small():
            self.parse_frame(frame)
        return COSTLY

    def on_violation(self, code: int, reason: str) -> None:
        """Close the socket because of what the client sent, and read no more of its frames."""
        if self.is_established:
            self.fail(code, reason)
        self._frames.discard()

    @property
    def is_established(self) -> bool:
        """Return whether the handshake is done and neither side has sent a close frame."""
        raise NotImplementedError

    @property
    def queued(self) -> int:
        """Return how many messages wait for the application."""
        raise NotImplementedError

    def unsent(self) -> int:
        """Return how many bytes wait in this process because the kernel takes no more."""
        raise NotImplementedError

    def pause_receiving(self) -> None:
        """Stop reading from the kernel. Reading may be paused already."""
        raise NotImplementedError

    def resume_receiving(self) -> None:
        """Read on."""
        raise NotImplementedError

    def queue_message(self, content: dict[str, Any]) -> None:
        """Put a message into the application's queue."""
        raise NotImplementedError

    def parse_frame(self, frame: bytes) -> None:
        """Have the server's own parser take a whole frame."""
        raise NotImplementedError

    def send_frame(self, frame: bytes) -> None:
        """Send a whole frame."""
        raise NotImplementedError

    def fail(self, code: int, reason: str) -> None:
        """Send a close frame, tell the application, and ignore what still comes."""
        raise NotImplementedError

    def _wait(self) -> None:
        """Leave the rest for a later turn, when the application has room for it."""
        if not self._waits:
            self._waits = True
            self.pause_receiving()
        loop = asyncio.get_running_loop()
        if self.is_established and self.queued > QUEUED:
            loop.call_later(LOOK_AGAIN, self.next_turn)
        else:
            loop.call_soon(self.next_turn)

    def _may_send_small(self) -> bool:
        """Count a small message. If it is one too many, close the socket and return False."""
        if self._small.spend():
            return True
        self.on_violation(POLICY, "too many small messages")
        return False

    def _answer_ping(self) -> None:
        """Answer the newest ping, or leave it for a later turn if the client does not read."""
        ping = self._ping
        if not self.is_established:
            self._ping = None
        elif ping is not None and self.unsent() <= PONG_ROOM:
            self._ping = None
            self.send_frame(pong(ping))
