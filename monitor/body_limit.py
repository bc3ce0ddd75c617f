"""How large a request's body may be, whichever application and server take it.

Nobody is signed in yet when a body comes, and most applications keep all of it in
memory or on disk before they look at anything.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from .client_address import App, Scope

MIB = 1024 * 1024
AGENTS = 10 * MIB  # bytes: a call's transcript comes with its summary
STATUS = 64 * 1024  # a tap's status has under 1 kB
OTHERS = 3 * MIB  # Django takes forms up to 2.5 MiB
STATUS_PATH = re.compile(r"/tap/[^/]+/status")
MAX_DIGITS = 15  # of a Content-Length; more are too many bytes for anything


def limit_for(path: str) -> int:
    """Return how many bytes a body that is posted to this path may have."""
    if path.startswith("/agents/"):
        return AGENTS
    return STATUS if STATUS_PATH.fullmatch(path) else OTHERS


class BodyLimit:
    """ASGI middleware that answers 413 to a body that is too large.

    One that says so in its Content-Length is refused before any of it is taken;
    one of unknown length is counted, and cut off as if its client had left.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = CountedBody(limit_for(scope["path"]), receive, send)
        if declared_length(scope) > body.limit:
            await body.refuse()
            return
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.refused:  # or it is about the client that seems to have left
                raise


class CountedBody:
    """The two ends of one request, as its application sees them."""

    def __init__(self, limit: int, receive: Any, send: Any) -> None:
        self.limit = limit
        self.refused = False
        self._taken = 0
        self._answered = False
        self._receive = receive
        self._send = send

    async def receive(self) -> dict[str, Any]:
        """Hand on what comes, until it is too much."""
        message: dict[str, Any] = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken <= self.limit:
            return message
        if not self._answered:
            await self.refuse()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Hand on the answer, unless the body was refused meanwhile."""
        if not self.refused:
            self._answered = True
            await self._send(message)

    async def refuse(self) -> None:
        """Answer 413, once."""
        self.refused = self._answered = True
        text = f"The body of this request may have up to {self.limit} bytes.\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
        ]
        status = int(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": text})


def declared_length(scope: Scope) -> int:
    """Return the Content-Length, 0 where there is none."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if not value.isdigit():
        return 0
    return int(value[: MAX_DIGITS + 1])
