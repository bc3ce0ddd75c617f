"""The WebSocket routes."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import path

from monitor.ingest.tap_socket import TapSocket
from monitor.runtime import Runtime
from monitor.web.sockets import paths
from monitor.web.sockets.console import ConsoleSocket
from monitor.web.sockets.listen import ListenSocket
from monitor.web.sockets.origin import SameOriginOnly


async def not_found(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake of an unknown path with HTTP 403. Without this route, the router
    would log a traceback."""
    await receive()
    await send({"type": "websocket.close"})


def websocket_router(runtime: Runtime) -> URLRouter:
    """Return the router of all sockets. Only those of pages must come from our own Origin:
    SignalWire sends none."""

    # The Runtime makes its Intake and Floor when it starts, and that is after the routes are made.
    async def tap(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await TapSocket(runtime.intake)(scope, receive, send)

    async def listen(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await ListenSocket(runtime.floor)(scope, receive, send)

    async def console(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await ConsoleSocket(runtime.floor)(scope, receive, send)

    routes: dict[str, Any] = {
        "tap/<str:token>": tap,
        paths.LISTEN_ROUTE: SameOriginOnly(listen),
        paths.CONSOLE_ROUTE: SameOriginOnly(console),
        "<path:anything>": not_found,
        "": not_found,
    }
    return URLRouter([path(route, app) for route, app in routes.items()])
