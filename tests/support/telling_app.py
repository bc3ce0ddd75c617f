"""The application, made to write all that it is told."""

from __future__ import annotations

import sys
from typing import Any

from agents.asgi import application as earshot


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve, and write all that a client sends to standard error, as a careless line would."""

    async def told() -> Any:
        message = await receive()
        _tell(message.get("body", b""), message.get("text"))
        return message

    _tell(scope.get("path"), scope.get("query_string"), scope.get("headers"))
    await earshot(scope, told, send)


def _tell(*what: object) -> None:
    sys.stderr.write(f"{what}\n")
