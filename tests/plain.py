"""An ASGI application for tests of a server alone: it logs what it is told."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

logger = logging.getLogger("told")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def told() -> Any:
        message = await receive()
        logger.warning("%s %s", scope.get("path", "/"), message["type"])
        return message["type"]

    await {"http": _http, "websocket": _websocket, "lifespan": _lifespan}[scope["type"]](
        scope, told, send
    )


async def _http(scope: dict[str, Any], told: Any, send: Any) -> None:
    """Answers with the root path; /slow in half a second, /never never."""
    await told()
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["path"] == "/never":
        await asyncio.Event().wait()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"root {scope['root_path']!r}".encode()})


async def _websocket(scope: dict[str, Any], told: Any, send: Any) -> None:
    """Closes at once, and listens on."""
    await told()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4000})
    while True:
        await told()


async def _lifespan(scope: dict[str, Any], told: Any, send: Any) -> None:
    kind = ""
    while kind != "lifespan.shutdown":
        kind = await told()
        await send({"type": f"{kind}.complete"})
