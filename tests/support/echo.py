"""An ASGI application for tests of a server's protocol: a socket says what it hears."""

from __future__ import annotations

import contextlib
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")  # for the server's own


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _echo(receive, send)
    elif scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})


async def _echo(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        said = {name: message[name] for name in ("text", "bytes") if message.get(name) is not None}
        with contextlib.suppress(Exception):  # the client has closed, or broke the protocol
            await send({"type": "websocket.send", **said})


async def _live(receive: Any, send: Any) -> None:
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
