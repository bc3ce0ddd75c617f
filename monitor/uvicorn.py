"""uvicorn's WebSocket protocol, made quick for many small messages, and its HTTP protocol.

    uvicorn --http monitor.uvicorn:HttpProtocol --ws monitor.uvicorn:Protocol --loop uvloop \
        monitor.asgi:application

uvicorn stops reading a socket after every message until the application has
taken it, two system calls each, and takes frames apart step by step. Here a
FrameReceiver reads on until some messages wait, and gives whole messages straight to
the application, binary ones the direct way; the handshake, the closing and whatever is
rare stay uvicorn's. Every connection begins with the HTTP protocol, which keeps clients from
taking the last file descriptors.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidMessage
from websockets.protocol import State

from . import direct, rfc6455
from .descriptors import DescriptorLimit
from .frame_receiver import INVALID_DATA, FrameReceiver

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


class HttpProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # chosen at run time
    """One connection, until it becomes a WebSocket."""

    _descriptors = DescriptorLimit.of_process()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        descriptor = transport.get_extra_info("socket").fileno()
        if not self._descriptors.admits(descriptor, "new connections"):
            self.transport.abort()


class Protocol(FrameReceiver, WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue: Any = Inbox(self.loop)
        self._hold: Callable[[], None] | None = None  # to be called by what ends a flow
        self._task: asyncio.Task[None] | None = None  # the application
        self.begin_receiving(self.config.ws_max_size)

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
        if self.is_established and self._task and not self._task.done():
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
        if self.handshake_initiated:
            self.receive_bytes(data)
        else:
            super().data_received(data)  # the request, which uvicorn hands over whole
            if self.conn.handshake_exc:
                self._refuse()
        if self._hold and not self.is_established:
            self._hold_on()  # nothing may come behind the close frame that answered this

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
        self.end_receiving()
        super().connection_lost(exc)

    def unsent(self) -> int:
        return self.transport.get_write_buffer_size()

    async def send(self, message: Any) -> None:
        data = message.get("bytes")
        if data is None:
            await super().send(message)
            if message["type"] == "websocket.accept":
                self.next_turn()
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
        return self.writable.is_set() and self.is_established

    @property
    def is_established(self) -> bool:
        return self.conn.state is State.OPEN and self.handshake_complete and not self.close_sent

    def _abort_soon(self) -> None:
        """A closed transport waits until all is sent: for a peer that does not read, or has
        vanished, up to 15 minutes, in which a server that stops would wait with it."""
        self.loop.call_later(LAST_BYTES, self.transport.abort)

    @property
    def queued(self) -> int:
        return int(self.queue.qsize())

    async def receive(self) -> Any:
        return await self.queue.get()

    def pause_receiving(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume_receiving(self) -> None:
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def queue_message(self, content: dict[str, Any]) -> None:
        self.queue.put_nowait({"type": "websocket.receive", **content})

    def parse_frame(self, frame: bytes) -> None:
        super().data_received(frame)

    def send_frame(self, frame: bytes) -> None:
        self.transport.write(frame)

    def fail(self, code: int, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Say what the client did wrong. It may still be sending: a connection that is closed
        with bytes unread is reset, and the close frame is lost with it."""
        sent = self.conn.close_sent
        if sent is None or self.close_sent:
            return  # a close frame was sent before
        self.close_sent = True
        message = {"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason}
        self.queue.put_nowait(message)
        self._say_last()

    def send_receive_event_to_app(self) -> None:
        """Queue a message of several frames."""
        data, self.frames = b"".join(self.frames), []
        text = self.curr_msg_data_type == "text"
        if text and not rfc6455.is_utf8(data):
            self.fail(INVALID_DATA, "a text message is not UTF-8")
        elif self.is_established:
            self.queue_message({"text": data.decode()} if text else {"bytes": data})

    def _refuse(self) -> None:
        """Answer a request that is no handshake. websockets has an answer only for one that is
        too long, and uvicorn sends neither."""
        self.handshake_complete = self.close_sent = True
        error = self.conn.handshake_exc
        if isinstance(error, InvalidMessage):
            why = f"not a WebSocket handshake: {error.__cause__}\n"
            self.transport.write(self.conn.reject(HTTPStatus.BAD_REQUEST, why).serialize())
        self._say_last()

    def _say_last(self) -> None:
        """Send what waits, and our end of the connection. The client has LAST_BYTES to end
        its own."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._abort_soon()
