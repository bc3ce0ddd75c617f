"""What both servers' sockets do with the frames of a client.

A socket hands over what it has read in turns of the event loop, a bounded number of
frames in each, and is not read meanwhile. A client that sends many small frames delays
itself, and nobody else.
"""

from __future__ import annotations

import asyncio
from typing import Any

from . import direct, rfc6455
from .allowance import Allowance

QUEUED = 16  # messages that may wait for the application; of the longest, 2 MB
LOOK_AGAIN = 0.01  # seconds between two looks whether the application has taken them
#: Pings, pongs, texts and fragments that a client may send at once, and then each second.
#: A page sends one acknowledgement a second, and a library one ping in 20 s.
SMALL_BURST, SMALL_RATE = 1000, 200.0
PONG_ROOM = 64 * 1024  # bytes that may wait to be sent before pings are not answered

INVALID_DATA = 1007
POLICY = 1008


class FrameReceiver:
    """The part of a socket that receives. A server says how it parses, queues and closes."""

    take: direct.Take | None = None
    take_text: direct.Take | None = None

    def begin_receiving(self, limit: int) -> None:
        """Begin to keep what comes. It is handed over once the handshake is accepted.

        ``limit``: bytes of payload that a frame may have.
        """
        self._frames = rfc6455.FrameSplitter(limit)
        self._small = Allowance(SMALL_BURST, SMALL_RATE)
        self._ping: bytes | None = None  # the payload of the newest, not answered yet
        self._waits = True  # for the handshake, or for the next turn

    def receive_bytes(self, data: bytes) -> None:
        """Hand over the frames that one turn allows."""
        if self._waits:
            self._frames.keep(data)
            self.pause_receiving()
            return
        if self._frames.feed(data, self):
            self._wait()
        if self._ping is not None:
            self._answer_ping()

    def next_turn(self) -> None:
        """Hand over more of what waits; read on if that is all."""
        if self._frames.feed(b"", self):
            self._wait()
        else:
            self._waits = False
            self.resume_receiving()
        if self._ping is not None:
            self._answer_ping()

    def end_receiving(self) -> None:
        """Drop what waits: the connection is gone."""
        self._frames.discard()

    def on_message(self, first: int, payload: bytes) -> int:
        """Give a message to the application, the direct way if it may go there."""
        if not self.is_established:
            return rfc6455.COSTLY
        text = first == rfc6455.TEXT
        if text and not self._may_send_small():
            return rfc6455.COSTLY
        take = self.take_text if text else self.take
        if take and not self.queued and take(payload):
            return 1
        if text and not rfc6455.is_utf8(payload):
            self.on_violation(INVALID_DATA, "a text message is not UTF-8")
            return rfc6455.COSTLY
        self.queue_message({"text": payload.decode()} if text else {"bytes": payload})
        return rfc6455.COSTLY if self.queued <= QUEUED else rfc6455.TURN

    def on_ping(self, payload: bytes) -> int:
        """Note a ping. Of those that come in one turn the newest is answered, which is
        enough (RFC 6455 section 5.5.3)."""
        if self.is_established and self._may_send_small():
            self._ping = payload
        return rfc6455.COSTLY

    def on_frame(self, frame: bytes) -> int:
        """Have the server parse a frame. After a close frame of ours only the answer counts."""
        first = frame[0]
        if not self.is_established:
            if first == rfc6455.CLOSE:
                self.parse_frame(frame)
            return rfc6455.COSTLY
        if first == rfc6455.CLOSE and (violation := rfc6455.close_violation(frame)):
            self.on_violation(*violation)
            return rfc6455.COSTLY
        if rfc6455.is_data(first) or first == rfc6455.CLOSE or self._may_send_small():
            self.parse_frame(frame)
        return rfc6455.COSTLY

    def on_violation(self, code: int, reason: str) -> None:
        """Close the socket for what the client sent, and read no frame of it any more."""
        if self.is_established:
            self.fail(code, reason)
        self._frames.discard()

    @property
    def is_established(self) -> bool:
        """Is the handshake done, and did no side send a close frame?"""
        raise NotImplementedError

    @property
    def queued(self) -> int:
        """Messages that wait for the application."""
        raise NotImplementedError

    def unsent(self) -> int:
        """Bytes that wait here, for the kernel takes no more of them."""
        raise NotImplementedError

    def pause_receiving(self) -> None:
        """Read no more from the kernel. It may be paused already."""
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
        """Send a close frame, tell the application, and pass over what still comes."""
        raise NotImplementedError

    def _wait(self) -> None:
        """Leave the rest for a later turn, in which the application has room for it."""
        if not self._waits:
            self._waits = True
            self.pause_receiving()
        loop = asyncio.get_running_loop()
        if self.is_established and self.queued > QUEUED:
            loop.call_later(LOOK_AGAIN, self.next_turn)
        else:
            loop.call_soon(self.next_turn)

    def _may_send_small(self) -> bool:
        """Count a small message; False, and the socket is closed, if it is one too many."""
        if self._small.spend():
            return True
        self.on_violation(POLICY, "too many small messages")
        return False

    def _answer_ping(self) -> None:
        """Answer the newest ping, now or, if the client does not read, in a later turn."""
        ping = self._ping
        if not self.is_established:
            self._ping = None
        elif ping is not None and self.unsent() <= PONG_ROOM:
            self._ping = None
            self.send_frame(rfc6455.pong(ping))
