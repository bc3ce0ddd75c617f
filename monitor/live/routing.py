"""The WebSocket routes."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import path

from .auth import PageSocket
from .console import ConsoleConsumer
from .ingest import TapConsumer
from .listen import ListenConsumer
from .runtime import Runtime


async def not_found(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse a handshake for a path that is none: HTTP 403, and no traceback."""
    await receive()
    await send({"type": "websocket.close"})


def websocket_router(runtime: Runtime) -> URLRouter:
    """Where each socket goes. Only pages have an Origin to be checked."""
    routes: dict[str, Any] = {
        "tap/<str:token>": TapConsumer.as_asgi(runtime=runtime),
        "listen/<uuid:tap_id>": PageSocket(ListenConsumer.as_asgi(runtime=runtime)),
        "console": PageSocket(ConsoleConsumer.as_asgi(runtime=runtime)),
        "<path:anything>": not_found,
        "": not_found,
    }
    return URLRouter([path(route, app) for route, app in routes.items()])
