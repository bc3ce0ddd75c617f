"""What the end of a Daphne worker needs, whether our server runs or Daphne's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from monitor.wire.client_address import App
from monitor.wire.close import RESTART

STOP_WITHIN = 3.5  # seconds that sockets have to close, and requests to be answered
SHUTDOWN_WITHIN = 1.0  # seconds that the application has to shut down


async def turn_away(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send a client to another worker. Those that come to a worker which stops do so on
    connections that were open already, as a proxy's are."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send(RESTART.message)
    else:
        headers = [(b"connection", b"close"), (b"retry-after", b"0")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


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
