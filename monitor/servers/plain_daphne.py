"""What Daphne's own server gets from Earshot, by documented means alone.

``monitor.servers.daphne`` takes this way where Twisted, autobahn or Daphne lacks a name that
our server uses. What cannot be had without such names is in ``daphne.LOST``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import runpy
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TextIO

import daphne.server  # noqa: F401  first: it installs Twisted's asyncio reactor
from django.utils.module_loading import import_string
from twisted.internet import defer, reactor

from monitor.servers import stopping
from monitor.servers.daphne import MAX_MESSAGE, PROXY_HEADERS
from monitor.servers.descriptors import DescriptorLimit
from monitor.telemetry.redaction import RedactedStream
from monitor.wire.client_address import App

logger = logging.getLogger(__name__)

#: Bytes of a message. autobahn has one limit for what is sent and what comes, and a live list of
#: 500 calls may have 1 MB.
MAX_SENT = 4 * 1024 * 1024
LIMITS = (
    f"--websocket-max-message-size={MAX_SENT}",
    f"--websocket-max-frame-size={MAX_MESSAGE}",
    "--websocket_timeout=-1",  # a call may last longer than Daphne's day
)
REFUSED_CODES = range(1001, 3000)  # by autobahn's ``sendClose``
TO_PRIVATE = 3000  # added to a code that is refused: 1012 becomes 4012


def run(arguments: list[str]) -> None:
    """Run Daphne's documented command with our limits. The application is the last argument."""
    ours, (*options, path) = _parser().parse_known_args(arguments)
    if ours.proxy_headers:
        logger.warning(PROXY_HEADERS)
    application = PlainDaphne(import_string(path.replace(":", ".")), ours.root_path)
    sys.argv = ["daphne", *options, *LIMITS, "__main__:application"]
    # Daphne's access log goes to the standard output. runpy puts the application into __main__.
    with contextlib.redirect_stdout(RedactedStream(_opened(ours.access_log))):
        runpy.run_module("daphne", {"application": application}, "__main__", alter_sys=True)


def _parser() -> argparse.ArgumentParser:
    """Return a parser for those of Daphne's options that must not reach Daphne."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--access-log", default="-")
    parser.add_argument("--root-path", default="")
    parser.add_argument("--proxy-headers", action="store_true")
    parser.add_argument("--proxy-headers-host")
    parser.add_argument("--proxy-headers-port")
    return parser


def _opened(log: str) -> TextIO:
    return sys.stdout if log == "-" else Path(log).open("a", buffering=1)


class PlainDaphne:
    """ASGI middleware between Daphne's own server and the application."""

    def __init__(self, app: App, root_path: str) -> None:
        self._app = app
        self._root_path = root_path
        self._stops = False
        self._descriptors = DescriptorLimit.of_process()
        self._sockets: set[asyncio.Future[Any]] = set()
        self._requests: set[asyncio.Future[Any]] = set()
        reactor.addSystemEventTrigger("before", "shutdown", self._stop)  # type: ignore[arg-type]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["root_path"] = self._root_path  # Daphne believes any client's Daphne-Root-Path
        admitted = self._descriptors.admits_next("new connections")
        app = self._app if admitted else stopping.turn_away
        if scope["type"] == "websocket":
            await self._run(_serve_socket(app, scope, receive, send), self._sockets)
        else:
            await self._run(app(scope, receive, send), self._requests)

    async def _run(self, serving: Awaitable[Any], tasks: set[asyncio.Future[Any]]) -> None:
        """Serve a connection in a task of its own. Daphne cancels everything as soon as it
        stops, but a request ends by itself, and its thread never would if it was cancelled."""
        task = asyncio.ensure_future(serving)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if not self._stops:
                task.cancel()
            raise

    def _stop(self) -> defer.Deferred[None]:
        """Turn away whoever comes, and have Twisted wait until all sockets and requests have
        ended and the application has shut down."""
        served, self._app, self._stops = self._app, stopping.turn_away, True
        for socket in self._sockets:
            socket.cancel()
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end(served)))

    async def _end(self, served: App) -> None:
        until = time.monotonic() + stopping.STOP_WITHIN
        await stopping.finish(self._sockets | self._requests, until)
        await stopping.shut_down(served)


async def _serve_socket(app: App, scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve a WebSocket until it is closed: a server that stops waits for the close frames."""
    gone = False

    async def receive_until_gone() -> Any:
        nonlocal gone
        message = await receive()
        gone = message["type"] == "websocket.disconnect"
        return message

    async def send_allowed(message: dict[str, Any]) -> None:
        await send(allowed(message))

    await app(scope, receive_until_gone, send_allowed)
    while not gone:
        await receive_until_gone()


def allowed(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with a close code that autobahn's ``sendClose`` takes."""
    code = message.get("code", 1000)
    if message["type"] != "websocket.close" or code not in REFUSED_CODES:
        return message
    return {**message, "code": code + TO_PRIVATE}
