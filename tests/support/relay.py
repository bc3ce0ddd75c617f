"""An ASGI application that sends each message on /in to every socket on /out, by either way."""

from __future__ import annotations

import os
from typing import Any

from monitor.wire import fast_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")  # for the server's own
EARS: list[Any] = []


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _websocket(scope, receive, send)
    elif scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def _websocket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    if scope["path"] == "/out":
        EARS.append(send)
    await send({"type": "websocket.accept"})
    fast_path.take(scope)
    while (message := await receive())["type"] == "websocket.receive":
        for ear in EARS:
            await ear({"type": "websocket.send", "bytes": message["bytes"]})
