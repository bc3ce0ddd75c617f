"""An ASGI application for tests of a server alone: it logs what it is told.

No garbage is collected here: /kept tells what of connections would wait for that.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.web import http

from monitor.wire import fast_path, websocket_frames

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")  # for the server's own
logger = logging.getLogger("told")
LONG = 1024 * 1024  # bytes; a client may send 128 KiB
gc.disable()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def told() -> Any:
        message = await receive()
        logger.warning("%s %s", scope.get("path", "/"), message["type"])
        return message["type"]

    await {"http": _http, "websocket": _websocket, "lifespan": _lifespan}[scope["type"]](
        scope, told, send
    )


async def _http(scope: dict[str, Any], told: Any, send: Any) -> None:
    """Answers with the root path, /client with the client's address, /kept with the
    connections in memory; /slow in half a second, /never never."""
    await told()
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["path"] == "/never":
        await asyncio.Event().wait()
    body = f"root {scope['root_path']!r}"
    if scope["path"] == "/kept":
        body = str(_connections())
    if scope["path"] == "/client":
        body = scope["client"][0]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})


async def _websocket(scope: dict[str, Any], told: Any, send: Any) -> None:
    """Closes at once; /behind listens on, whatever comes, /fast uses the fast path, /stop closes
    when it is cancelled, and /long sends a text of LONG bytes first."""
    await told()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/fast":
        await _fast(fast_path.take(scope), told, send)
        return
    if scope["path"] == "/stop":
        await _until_stopped(told, send)
        return
    if scope["path"] == "/long":
        await send({"type": "websocket.send", "text": "l" * LONG})
    await send({"type": "websocket.close", "code": 4000})
    while await told() != "websocket.disconnect" or scope["path"] == "/behind":
        pass


async def _until_stopped(told: Any, send: Any) -> None:
    try:
        await told()
    except asyncio.CancelledError:
        await send({"type": "websocket.close", "code": 1012})


async def _fast(socket: Any, told: Any, send: Any) -> None:
    """Says 1 to 4 by four ways, and 5 to a client that has closed."""
    write = socket.open_fast_path(lambda: None)
    outbox = fast_path.Outbox()
    with outbox:
        outbox.write((write,), websocket_frames.text(b"2"))
        outbox.write((write,), websocket_frames.binary(b"3"))
        socket.sendMessage(b"1", False)  # past the outbox, so it comes first
    await send({"type": "websocket.send", "bytes": b"4"})
    while await told() != "websocket.disconnect":
        pass
    write(websocket_frames.binary(b"5"))
    logger.warning(
        "/fast has ended, and may %s", "go on" if socket.open_fast_path(print) else "not"
    )


def _connections() -> int:
    """Return how many requests and sockets exist, this one included."""
    return sum(isinstance(one, http.Request | WebSocketProtocol) for one in gc.get_objects())


async def _lifespan(scope: dict[str, Any], told: Any, send: Any) -> None:
    kind = ""
    while kind != "lifespan.shutdown":
        kind = await told()
        await send({"type": f"{kind}.complete"})
