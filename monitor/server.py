"""Daphne, as Earshot runs it.

    python -m monitor.server --port 8000 agents.asgi:application

Daphne's own command line, with eight differences: a close frame carries its
reason (Daphne sends the code alone), a message that is too big is answered
with one (autobahn drops the connection), whole messages pass autobahn by, the
access log shows no tokens, forwarded addresses are left to the application
(TRUSTED_PROXIES), clients cannot take the last file descriptors, a stop waits
for the sockets to be told, and the application learns of it (lifespan), which
Daphne never says.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import weakref
from typing import Any, TextIO
from urllib.parse import unquote

import daphne.server  # first: it installs Twisted's asyncio reactor
from daphne.access import AccessLogGenerator
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from twisted.internet import defer

from . import direct
from .backpressure import Pace
from .body_limit import limit_for
from .client_address import find_client
from .daphne_socket import Socket
from .descriptors import DescriptorLimit, next_descriptor
from .live.close import RESTART
from .redaction import redact

logger = logging.getLogger(__name__)

MAX_MESSAGE = 128 * 1024  # bytes; consumers refuse over 64 KiB and write down why
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
        self._descriptors = DescriptorLimit.of_process()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        _keep_reserve(port.factory, self._descriptors)
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
            protocol.fail(message.get("code", 1000), message.get("reason") or "")
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


def _keep_reserve(factory: Any, limit: DescriptorLimit) -> None:
    """Have Twisted close a new connection at once where only reserved descriptors are left."""
    build = factory.buildProtocol

    def build_protocol(address: Any) -> Any:
        # The connection has its descriptor already; the next one tells what is left after it.
        return build(address) if limit.admits(next_descriptor(), "new connections") else None

    factory.buildProtocol = build_protocol


def _limit(request: Any) -> None:
    """Drop what is over a body's limit: Daphne would take all of it into memory first.

    One byte more than the limit is kept, by which the application sees that it is too
    large. The client then has its answer when it has sent everything.
    """
    take, taken = type(request).handleContentChunk, 0
    request = weakref.proxy(request)  # or it would hold itself

    def handle(data: bytes) -> None:
        nonlocal taken
        path = request.channel._path.partition(b"?")[0]  # request.path is not set yet
        room = limit_for(unquote(path.decode("latin1"))) + 1 - taken
        taken += len(data)
        if room > 0:
            take(request, data[:room])

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
