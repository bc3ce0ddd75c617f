"""Daphne's server, made into Earshot's; ``monitor.servers.daphne`` starts it.

It is Daphne's own command line with ten differences:

- A close frame carries its reason; Daphne sends the code alone.
- A message that is too big is answered with a close frame; autobahn drops the connection.
- Whole messages bypass autobahn.
- The access log shows no tokens.
- Forwarded addresses are left to the application (TRUSTED_PROXIES).
- Clients cannot take the last file descriptors.
- Many connections may come at the same moment.
- A few of them are accepted in each turn of the event loop.
- A stop waits until the sockets are closed.
- The application is told of the stop (lifespan); Daphne never tells it.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from typing import Any
from urllib.parse import unquote

import daphne.server  # first: it installs Twisted's asyncio reactor
from daphne.access import AccessLogGenerator
from daphne.cli import CommandLineInterface
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from twisted.internet import defer

from monitor.servers import stopping
from monitor.servers.backpressure import Pace
from monitor.servers.daphne import MAX_MESSAGE, PROXY_HEADERS
from monitor.servers.daphne_socket import Socket
from monitor.servers.descriptors import DescriptorLimit
from monitor.telemetry.redaction import RedactedStream
from monitor.wire import fast_path
from monitor.wire.body_limit import BodyLimit, BodyLimits
from monitor.wire.client_address import find_client

logger = logging.getLogger(__name__)

#: Connections that the system keeps until they are taken, as many as with uvicorn. Twisted's 50 are
#: too few when all pages of a floor come back at once: those that found no room tried again after
#: 1, 3, 7, 15 and 31 s.
BACKLOG = 2048
#: Connections that are accepted in a turn of the event loop. The handshake of one takes about 1 ms,
#: and when all pages of a floor come back at once, live audio would wait for all of theirs.
AT_ONCE = 8

DAPHNE_PROXY_HEADERS = (
    "proxy_forwarded_address_header",
    "proxy_forwarded_port_header",
    "proxy_forwarded_proto_header",
)

WebSocketFactory.protocol = Socket


class Server(daphne.server.Server):  # type: ignore[misc]  # daphne has no types
    """Daphne's server with reasons, redaction and an orderly end."""

    application: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if isinstance(kwargs.get("action_logger"), AccessLogGenerator):
            kwargs["action_logger"].stream = RedactedStream(kwargs["action_logger"].stream)
        if kwargs.get("proxy_forwarded_address_header"):
            logger.warning(PROXY_HEADERS)
        kwargs.update(dict.fromkeys(DAPHNE_PROXY_HEADERS))
        kwargs["endpoints"] = [_with_backlog(one) for one in kwargs.get("endpoints") or ()]
        super().__init__(*args, **kwargs)
        application = self.application
        protected = isinstance(application, BodyLimit)
        self._body_limits = application.limits if protected else BodyLimits()
        self._ports: list[Any] = []
        self._descriptors = DescriptorLimit.of_process()

    def listen_success(self, port: Any) -> None:
        if not self._ports:
            _keep_reserve(self.http_factory, self._descriptors)
            self._pace_newcomers()
        self._ports.append(port)
        self._begin_turn()
        super().listen_success(port)

    def _pace_newcomers(self) -> None:
        """Accept AT_ONCE connections at most in a turn of the event loop. Twisted would accept 100,
        and 20 more each time."""
        build = self.http_factory.buildProtocol

        def build_protocol(address: Any) -> Any:
            asyncio.get_running_loop().call_soon(self._begin_turn)
            return build(address)

        self.http_factory.buildProtocol = build_protocol

    def _begin_turn(self) -> None:
        for port in self._ports:
            port.numberAccepts = AT_ONCE

    def protocol_connected(self, protocol: Any) -> None:
        if isinstance(protocol, WebRequest):
            _limit(protocol, self._body_limits)
        else:
            protocol.failByDrop = False
            # Its result is the socket itself: a reference cycle would wait for the collector.
            protocol.is_closed.addCallback(lambda _: None)
        super().protocol_connected(protocol)

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        if isinstance(protocol, WebRequest) and getattr(protocol, "channel", None):
            # It became a WebSocket. Its channel is not used any more, but each refers to the other.
            protocol.channel.requests.clear()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Start the application with the fast path in its scope, and with the operator's root
        path: Daphne believes any client's ``Daphne-Root-Path``."""
        if "root_path" in scope:
            scope["root_path"] = self.root_path
        # Daphne's access log then names the client, and not the proxy.
        protocol.client_addr = find_client(scope, settings.TRUSTED_PROXIES)
        if scope["type"] == "websocket":
            scope["extensions"] = {fast_path.EXTENSION: protocol, stopping.RESPONSE: {}}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a message of the application.

        A close frame is sent with its code and reason, whatever they are: Daphne drops the
        reason, and autobahn's ``sendClose`` takes no code of RFC 6455 but 1000.
        """
        data = message.get("bytes")
        if data and protocol in self.connections:
            if not protocol.write(data):
                protocol.sendMessage(data, True)
        elif message["type"] == "websocket.close" and protocol.state == protocol.STATE_OPEN:
            protocol.fail(message.get("code", 1000), message.get("reason") or "")
        elif message["type"] == f"{stopping.RESPONSE}.start" and protocol in self.connections:
            protocol.refuse(message["status"])
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
        """Cancel every application and wait until each has closed its connection.

        Daphne's own method fails if the application of a connection has ended already. It also
        goes on listening, so that clients which reconnect at once would come back here.
        """
        for port in self._ports:
            port.stopListening()
        served, self.application = self.application, stopping.turn_away
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
        until = time.monotonic() + stopping.STOP_WITHIN
        await stopping.finish(running, until)
        await stopping.finish(self._closing(), until)
        await stopping.shut_down(served)

    def _closing(self) -> list[asyncio.Future[Any]]:
        """Return what ends with the sockets that still wait for the answer to their close
        frame. autobahn waits 1 s for it."""
        loop = asyncio.get_running_loop()
        return [
            protocol.is_closed.asFuture(loop)
            for protocol in self.connections
            if not isinstance(protocol, WebRequest) and protocol.state == protocol.STATE_CLOSING
        ]


def _with_backlog(endpoint: str) -> str:
    """Return Twisted's description of an endpoint that keeps BACKLOG connections waiting, unless it
    says how many."""
    listens = endpoint.startswith(("tcp:", "ssl:", "unix:")) and ":backlog=" not in endpoint
    return f"{endpoint}:backlog={BACKLOG}" if listens else endpoint


def _keep_reserve(factory: Any, limit: DescriptorLimit) -> None:
    """Have Twisted close a new connection at once where only reserved descriptors are left."""
    build = factory.buildProtocol

    def build_protocol(address: Any) -> Any:
        # The connection has its descriptor already; the next one tells what is left after it.
        return build(address) if limit.admits_next("new connections") else None

    factory.buildProtocol = build_protocol


def _limit(request: Any, limits: BodyLimits) -> None:
    """Drop the bytes of a body that are over its limit: Daphne would take all of them into
    memory before it calls the application.

    One byte over the limit is kept, which tells the application that the body is too large.
    The client gets its answer when it has sent everything.
    """
    take, taken = type(request).handleContentChunk, 0
    request = weakref.proxy(request)  # or it would hold itself

    def handle(data: bytes) -> None:
        nonlocal taken
        path = request.channel._path.partition(b"?")[0]  # request.path is not set yet
        room = limits.limit_for(unquote(path.decode("latin1"))) + 1 - taken
        taken += len(data)
        if room > 0:
            take(request, data[:room])

    request.handleContentChunk = handle


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
