"""Daphne, as Earshot runs it.

    python -m monitor.server --port 8000 agents.asgi:application

Daphne's own command line, with seven differences: a close frame carries its
reason (Daphne sends the code alone), a message that is too big is answered
with one (autobahn drops the connection), whole messages pass autobahn by, the
access log shows no tokens, forwarded addresses are left to the application
(TRUSTED_PROXIES), a stop waits for the sockets to be told, and the application
learns of it (lifespan), which Daphne never says.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any, TextIO

import daphne.server  # first: it installs Twisted's asyncio reactor
from daphne.access import AccessLogGenerator
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings
from twisted.internet import defer, tcp

from . import direct, rfc6455
from .backpressure import Pace
from .client_address import find_client
from .live.close import RESTART
from .redaction import redact

logger = logging.getLogger(__name__)

MAX_MESSAGE = 128 * 1024  # bytes; consumers refuse over 64 KiB and write down why
MAX_BODY = 10 * 1024 * 1024  # bytes; the agents' SDK takes as much
STOP_WITHIN = 3.5  # seconds that sockets have to say goodbye
SHUTDOWN_WITHIN = 1.0  # seconds that the application has to shut down
DAPHNE_PROXY_HEADERS = tuple(
    f"proxy_forwarded_{part}_header" for part in ("address", "port", "proto")
)
PROXY_HEADERS = (
    "--proxy-headers is not used: Daphne believes whatever address a client sends. "
    "Set TRUSTED_PROXIES to the networks of the proxies in front of this server"
)


class _Redacted:
    """A stream for Daphne's access log."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        self._stream.write(redact(line))


class Socket(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """A WebSocket on which whole messages go the short way, and binary ones the direct way.

    autobahn takes 20 µs to take a frame apart and 10 to build one.
    """

    take: direct.Take | None = None
    take_text: direct.Take | None = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's name
        start, size = 0, len(data)
        while start < size and self._between_messages():
            payload, end = rfc6455.extent(data, start)
            whole = payload and end <= size and end - payload <= self.maxMessagePayloadSize
            if not whole or not rfc6455.is_whole(data, start):
                break
            if not self._hand_over(data[start], rfc6455.unmasked(data, payload, end)):
                break
            start = end
        if start < size:
            super().dataReceived(data[start:] if start else data)

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

    def _hand_over(self, first: int, payload: bytes) -> bool:
        """Give a message to the application. False for one that autobahn must refuse."""
        text = first == rfc6455.TEXT
        take = self.take_text if text else self.take
        if take and self.application_queue.empty() and take(payload):
            self.last_ping = time.time()  # as onMessage does: a sign of life
            return True
        if text and not rfc6455.is_utf8(payload):
            return False
        self.onMessage(payload, not text)
        return True

    def _between_messages(self) -> bool:
        """Is autobahn open, amid nothing, and without a ping that waits for its answer?"""
        return (
            self.state == self.STATE_OPEN
            and not self.data
            and self.current_frame is None
            and not self.inside_message
            and not self.autoPingTimeoutCall
        )


WebSocketFactory.protocol = Socket


class Server(daphne.server.Server):  # type: ignore[misc]  # daphne has no types
    """Daphne's server with reasons, redaction and an orderly end."""

    application: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if isinstance(kwargs.get("action_logger"), AccessLogGenerator):
            kwargs["action_logger"].stream = _Redacted(kwargs["action_logger"].stream)
        if kwargs.get("proxy_forwarded_address_header"):
            logger.warning(PROXY_HEADERS)
        kwargs.update(dict.fromkeys(DAPHNE_PROXY_HEADERS))
        super().__init__(*args, **kwargs)
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def protocol_connected(self, protocol: Any) -> None:
        if isinstance(protocol, WebRequest):
            _limit(protocol)
        else:
            protocol.failByDrop = False
            # Its result is the socket itself: a circle would wait for the collector.
            protocol.is_closed.addCallback(lambda _: None)
        super().protocol_connected(protocol)

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        if isinstance(protocol, WebRequest) and getattr(protocol, "channel", None):
            # It has become a WebSocket. Nobody asks its channel any more, but each holds the other.
            protocol.channel.requests.clear()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """With the direct way, without the ``Daphne-Root-Path`` that any client may send."""
        if "root_path" in scope:
            scope["root_path"] = self.root_path
        # Daphne's access log then names the client, and not the proxy.
        protocol.client_addr = find_client(scope, settings.TRUSTED_PROXIES)
        if scope["type"] == "websocket":
            scope["extensions"] = {direct.EXTENSION: protocol}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Close with any code and its reason: Daphne drops the reason, and autobahn's
        ``sendClose`` takes no code of RFC 6455 but 1000."""
        data = message.get("bytes")
        if data and protocol in self.connections:
            if not protocol.write(data):
                protocol.sendMessage(data, True)
        elif message["type"] == "websocket.close" and protocol.state == protocol.STATE_OPEN:
            code, reason = message.get("code", 1000), (message.get("reason") or "").encode()
            protocol.sendCloseFrame(code=code, reasonUtf8=reason)
            # What still comes until the answer, for up to 1 s, is nobody's.
            protocol.muted = True
            protocol.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        elif message["type"] == "http.response.body":
            await self._send_body(protocol, message)
        else:
            await super().handle_reply(protocol, message)

    async def _send_body(self, request: Any, message: dict[str, Any]) -> None:
        """Send a part of a response; returns when the client is ready for the next."""
        details = self.connections.get(request)
        if details is None or "disconnected" in details:
            return
        pace: Pace | None = details.get("pace")
        if message.get("more_body"):
            pace = pace or details.setdefault("pace", Pace(request))
            await super().handle_reply(request, message)
            await pace.wait()
        else:
            if pace:
                pace.finish()
            await super().handle_reply(request, message)

    def kill_all_applications(self) -> Any:
        """Cancel every application and wait until each has said goodbye.

        Daphne's own trips over a connection whose application has ended, and
        listens on meanwhile: whoever connects again at once would come back here.
        """
        for port in self._ports:
            port.stopListening()
        served, self.application = self.application, _restarting
        running = []
        for protocol, details in self.connections.items():
            application = details.get("application_instance")
            if application is None:
                continue
            running.append(application)
            if not isinstance(protocol, WebRequest):
                application.cancel()  # a request ends by itself; cancelled, its thread never would
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end(running, served)))

    async def _end(self, running: list[asyncio.Future[Any]], served: Any) -> None:
        until = time.monotonic() + STOP_WITHIN
        if running:
            await asyncio.wait(running, timeout=STOP_WITHIN)
        if closing := self._closing():
            await asyncio.wait(closing, timeout=until - time.monotonic())
        shutdown = asyncio.ensure_future(_shut_down(served))
        await asyncio.wait([shutdown], timeout=SHUTDOWN_WITHIN)

    def _closing(self) -> list[asyncio.Future[Any]]:
        """The ends of the sockets whose close frame is not answered yet; autobahn waits 1 s."""
        loop = asyncio.get_running_loop()
        return [
            protocol.is_closed.asFuture(loop)
            for protocol in self.connections
            if not isinstance(protocol, WebRequest) and protocol.state == protocol.STATE_CLOSING
        ]


def _limit(request: Any) -> None:
    """Hang up on a body over MAX_BODY: Daphne would take all of it into memory first."""
    take, taken = type(request).handleContentChunk, 0
    request = weakref.proxy(request)  # or it would hold itself

    def handle(data: bytes) -> None:
        nonlocal taken
        taken += len(data)
        if taken > MAX_BODY:
            request.channel.forceAbortClient()
        else:
            take(request, data)

    request.handleContentChunk = handle


async def _restarting(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send away whoever comes on a connection that was open already, as a proxy's are."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send(RESTART.message)
    else:
        headers = [(b"connection", b"close"), (b"retry-after", b"0")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _shut_down(application: Any) -> None:
    """Tell the application to shut down, by the whole of the lifespan protocol."""
    messages = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: dict[str, Any]) -> None:
        pass

    await application({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)


class CommandLine(CommandLineInterface):  # type: ignore[misc]  # daphne has no types
    """Daphne's command line for our server and our limits."""

    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        self.parser.set_defaults(
            websocket_max_message_size=MAX_MESSAGE,
            websocket_max_frame_size=MAX_MESSAGE,
            websocket_timeout=-1,  # a call may last longer than Daphne's day
        )


if __name__ == "__main__":
    CommandLine().run(sys.argv[1:])
    # A request that was cut off leaves its thread waiting for the loop that has
    # stopped; Python would join it for ever.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
