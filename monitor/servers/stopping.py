"""What the end of a worker needs, under any server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from monitor.wire.client_address import App
from monitor.wire.close import RESTART

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

STOP_WITHIN = 3.5  # seconds that sockets have to close, and requests to be answered
SHUTDOWN_WITHIN = 1.0  # seconds that the application has to shut down
RESPONSE = "websocket.http.response"  # ASGI's extension for answers that refuse a handshake
CLOSE = (b"connection", b"close")


async def turn_away(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send a client to another worker: a proxy tries the next one after 503. Where the server
    cannot refuse a handshake with that, the client itself comes again after 1012."""
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        if RESPONSE not in (scope.get("extensions") or {}):
            await send({"type": "websocket.accept"})
            await send(RESTART.message)
            return
        kind = RESPONSE
    headers = [CLOSE, (b"retry-after", b"0")]
    await send({"type": f"{kind}.start", "status": 503, "headers": headers})
    await send({"type": f"{kind}.body", "body": b""})


def closing(send: Send) -> Send:
    """Have an answer close its connection. A proxy that kept it would send another request on it
    just when the worker ends."""

    async def send_closing(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        await send(message)

    return send_closing


async def finish(running: Iterable[asyncio.Future[Any]], until: float) -> None:
    """Wait until these have ended, or until this moment of the monotonic clock."""
    if waited := list(running):
        await asyncio.wait(waited, timeout=until - time.monotonic())


async def shut_down(application: App) -> None:
    """Tell the application to shut down, by the whole of the lifespan protocol, and wait for
    it, SHUTDOWN_WITHIN at most. Daphne knows no lifespan."""
    messages = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: dict[str, Any]) -> None:
        pass

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
    await asyncio.wait(
        [asyncio.ensure_future(application(scope, receive, send))], timeout=SHUTDOWN_WITHIN
    )
