"""uvicorn's WebSocket protocol, made quick for many small messages.

uvicorn stops reading a socket after every message until the application has taken it, which
costs two system calls, and parses frames step by step. Here a FrameReceiver reads on until
some messages wait, and gives whole messages straight to the application, binary ones by the
fast path. The handshake, the closing and whatever is rare are left to uvicorn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidMessage
from websockets.protocol import State

from monitor.servers.frame_receiver import FrameReceiver
from monitor.wire import fast_path, websocket_frames

LAST_BYTES = 1.0  # seconds that a client has to take what is still to be sent at the end


class Inbox:
    """Queues messages for one reader, at a third of the cost of ``asyncio.Queue``."""

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


class Protocol(FrameReceiver, WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue: Any = Inbox(self.loop)
        self._close_path: fast_path.Close | None = None  # closes the fast path
        self._task: asyncio.Task[None] | None = None  # the application
        self.begin_receiving(self.config.ws_max_size)

    async def run_asgi(self) -> None:
        cast("dict[str, Any]", self.scope["extensions"])[fast_path.EXTENSION] = self
        self._task = asyncio.current_task()
        try:
            await super().run_asgi()
        finally:
            self._abort_soon()

    def shutdown(self) -> None:
        """Stop by cancelling the application, as Daphne does. The application then releases
        what it holds, and closes the socket itself with a reason."""
        if self.is_established and self._task and not self._task.done():
            self.stop_keepalive()
            self._task.cancel()
            return
        if not self.transport.is_closing():
            super().shutdown()
        self._abort_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._close_fast_path()
        self._abort_soon()

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated:
            self.receive_bytes(data)
        else:
            super().data_received(data)  # the handshake's request, which uvicorn passes on whole
            if self.conn.handshake_exc:
                self._refuse()
        if self._close_path and not self.is_established:
            self._close_fast_path()  # this was answered by a close frame: nothing may follow

    def write(self, data: bytes) -> bool:
        """Send a binary message past websockets. False if the socket is not open or the client
        is slow."""
        if not self._may_write:
            return False
        self.transport.write(websocket_frames.binary(data))
        return True

    def open_fast_path(self, close: fast_path.Close) -> fast_path.Write | None:
        """Return the transport's own ``write``, so that a Frame touches nothing of this object."""
        if not self._may_write:
            return None
        self._close_path = close
        return self.transport.write

    def pause_writing(self) -> None:
        super().pause_writing()
        self._close_fast_path()

    def connection_lost(self, exc: Exception | None) -> None:
        self._close_fast_path()
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
            await super().send(message)  # which raises what is wrong, if anything is

    def _close_fast_path(self) -> None:
        """Tell the consumer to write nothing more past this object."""
        close, self._close_path = self._close_path, None
        if close:
            close()

    @property
    def _may_write(self) -> bool:
        return self.writable.is_set() and self.is_established

    @property
    def is_established(self) -> bool:
        return self.conn.state is State.OPEN and self.handshake_complete and not self.close_sent

    def _abort_soon(self) -> None:
        """Abort the transport LAST_BYTES from now.

        A closed transport waits until everything is sent. For a client that does not read, or
        has vanished, that takes up to 15 minutes, and a server that stops would wait, too.
        """
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
        """Send a close frame that says what the client did wrong, and keep the connection open.

        The client may still be sending. A connection that is closed while bytes are unread is
        reset, and the close frame is lost with it.
        """
        sent = self.conn.close_sent
        if sent is None or self.close_sent:
            return  # a close frame has been sent already
        self.close_sent = True
        message = {"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason}
        self.queue.put_nowait(message)
        self._say_last()

    def send_receive_event_to_app(self) -> None:
        """Queue a message that came in several frames."""
        data, self.frames = b"".join(self.frames), []
        text = self.curr_msg_data_type == "text"
        if text and not websocket_frames.is_utf8(data):
            self.fail(websocket_frames.INVALID_DATA, "a text message is not UTF-8")
        elif self.is_established:
            self.queue_message({"text": data.decode()} if text else {"bytes": data})

    def _refuse(self) -> None:
        """Answer a request that is not a handshake. websockets makes an answer only for one
        that is too long, and uvicorn would not send it."""
        self.handshake_complete = self.close_sent = True
        error = self.conn.handshake_exc
        if isinstance(error, InvalidMessage):
            why = f"not a WebSocket handshake: {error.__cause__}\n"
            self.transport.write(self.conn.reject(HTTPStatus.BAD_REQUEST, why).serialize())
        self._say_last()

    def _say_last(self) -> None:
        """Send what waits, and end our side of the connection. The client has LAST_BYTES to
        end its own."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._abort_soon()
