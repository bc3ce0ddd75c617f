"""uvicorn's WebSocket protocol, made quick for many small messages.

    uvicorn --ws monitor.uvicorn:Protocol --loop uvloop monitor.asgi:application

uvicorn stops reading a socket after every message until the application has
taken it, two system calls each, and takes frames apart step by step. Here a
socket is read on until QUEUED messages wait, and whole messages go straight to
the application, binary ones the direct way; all others, the handshake, the pings
and the closing stay uvicorn's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from . import direct, rfc6455

QUEUED = 16  # messages that may wait for the application; of MAX_MESSAGE, 1 MB
LAST_BYTES = 1.0  # seconds that a peer has to take what a close leaves to be sent


class Inbox:
    """What ``asyncio.Queue`` does for one reader, at a third of its cost."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._items: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiting = self._loop.create_future()
            await self._waiting
        return self._items.popleft()

    def qsize(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        return not self._items


class Protocol(WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue: Any = Inbox(self.loop)
        self._short = False  # may messages go the short way?
        self._rest = b""  # of a frame that is not all there
        self._amid = False  # a message of several frames
        self.take: direct.Take | None = None
        self.take_text: direct.Take | None = None
        self._hold: Callable[[], None] | None = None  # to be called by what ends a flow
        self._task: asyncio.Task[None] | None = None  # the application

    async def run_asgi(self) -> None:
        cast("dict[str, Any]", self.scope["extensions"])[direct.EXTENSION] = self
        self._task = asyncio.current_task()
        try:
            await super().run_asgi()
        finally:
            self._abort_soon()

    def shutdown(self) -> None:
        """End the application as Daphne does, by cancelling it: it closes the socket
        itself, with a reason, when it has let go of what it holds."""
        if self._open and self._task and not self._task.done():
            self.stop_keepalive()
            self._task.cancel()
            return
        if not self.transport.is_closing():
            super().shutdown()
        self._abort_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._hold_on()
        self._abort_soon()

    def data_received(self, data: bytes) -> None:
        self._read(data)
        if self._hold and not self._open:
            self._hold_on()  # nothing may come behind the close frame that answered this

    def _read(self, data: bytes) -> None:
        """Give whole messages to the application, every other frame whole to uvicorn."""
        if not self._short:
            begins = not self.handshake_initiated
            super().data_received(data)
            # What came along with the request is amid uvicorn's parser: so is all that follows.
            self._short = begins and self.handshake_initiated and data.endswith(b"\r\n\r\n")
            return
        if self._rest:
            data, self._rest = self._rest + data, b""
        start, size, limit = 0, len(data), self.config.ws_max_size
        while start < size:
            payload, end = rfc6455.extent(data, start)
            if end - payload > limit:
                self._short = False
                super().data_received(data[start:])  # refuses it, and reads no more
                return
            if not payload or end > size:
                self._rest = data[start:]
                return
            short = rfc6455.is_whole(data, start) and not self._amid and self._open
            if not short or not self._message(data[start], rfc6455.unmasked(data, payload, end)):
                self._hand_over(data[start:end])
            start = end

    def write(self, data: bytes) -> bool:
        """Send a binary message the short way, if socket and client allow it."""
        if not self._may_write:
            return False
        direct.outbox.write((self.transport.write,), rfc6455.binary(data))
        return True

    def flow(self, hold: Callable[[], None]) -> direct.Put | None:
        """The transport itself: nothing of this object is touched for a Frame."""
        if not self._may_write:
            return None
        self._hold = hold
        return self.transport.write

    def pause_writing(self) -> None:
        super().pause_writing()
        self._hold_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._hold_on()
        super().connection_lost(exc)

    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    async def send(self, message: Any) -> None:
        data = message.get("bytes")
        if data is None:
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.write(data):
            await super().send(message)  # says what is wrong with that, if anything is

    def _hold_on(self) -> None:
        """Have nothing more written past this object."""
        hold, self._hold = self._hold, None
        if hold:
            hold()

    @property
    def _may_write(self) -> bool:
        return self.writable.is_set() and self._open

    @property
    def _open(self) -> bool:
        return self.conn.state is State.OPEN and self.handshake_complete and not self.close_sent

    def _abort_soon(self) -> None:
        """A closed transport waits until all is sent: for a peer that does not read, or has
        vanished, up to 15 minutes, in which a server that stops would wait with it."""
        self.loop.call_later(LAST_BYTES, self.transport.abort)

    def _hand_over(self, frame: bytes) -> None:
        """Let uvicorn have a whole frame."""
        if not frame[0] & rfc6455.CONTROL:
            self._amid = not frame[0] & rfc6455.FIN
        super().data_received(frame)

    def _message(self, first: int, payload: bytes) -> bool:
        """Give a message to the application. False for one that uvicorn must refuse."""
        text = first == rfc6455.TEXT
        take = self.take_text if text else self.take
        if take and self.queue.empty() and take(payload):
            return True
        if text and not rfc6455.is_utf8(payload):
            return False
        self._queue({"text": payload.decode()} if text else {"bytes": payload})
        return True

    def _queue(self, content: dict[str, Any]) -> None:
        self.queue.put_nowait({"type": "websocket.receive", **content})
        if self.queue.qsize() > QUEUED and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()
