"""How large the body of a request may be, for any application on any server.

A body arrives before anybody has signed in, and most applications keep all of it in memory
or on disk before they look at anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from monitor.wire.client_address import App, Scope

MIB = 1024 * 1024
DEFAULT = 3 * MIB  # bytes; Django takes forms up to 2.5 MiB
MAX_DIGITS = 15  # of a Content-Length; more are too many bytes for anything


@dataclass(frozen=True, slots=True)
class PathLimit:
    """The limit for every path that the pattern matches as a whole."""

    pattern: re.Pattern[str]
    limit: int  # bytes


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The limits of one application: those of certain paths, and DEFAULT for all others."""

    paths: tuple[PathLimit, ...] = ()

    def limit_for(self, path: str) -> int:
        """Return how many bytes a body that is posted to this path may have."""
        found = (one.limit for one in self.paths if one.pattern.fullmatch(path))
        return next(found, DEFAULT)


class BodyLimit:
    """ASGI middleware that answers 413 to a body that is too large.

    If the Content-Length already says so, the body is refused before any of it is taken. A
    body of unknown length is counted, and cut off as if its client had left.
    """

    def __init__(self, app: App, limits: BodyLimits) -> None:
        self._app = app
        self.limits = limits  # which a server may enforce before it calls the application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = CountedBody(self.limits.limit_for(scope["path"]), receive, send)
        if declared_length(scope) > body.limit:
            await body.refuse()
            return
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.refused:  # else the error is about the client that seems to have left
                raise


class CountedBody:
    """The ``receive`` and ``send`` of one request, as its application is given them."""

    def __init__(self, limit: int, receive: Any, send: Any) -> None:
        self.limit = limit
        self.refused = False
        self._taken = 0
        self._answered = False
        self._receive = receive
        self._send = send

    async def receive(self) -> dict[str, Any]:
        """Pass messages on to the application until the body is over the limit."""
        message: dict[str, Any] = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken <= self.limit:
            return message
        if not self._answered:
            await self.refuse()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Pass the application's answer on, unless the body was refused meanwhile."""
        if not self.refused:
            self._answered = True
            await self._send(message)

    async def refuse(self) -> None:
        """Answer 413. No other answer is sent after that."""
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
    """Return the Content-Length, or 0 if there is none."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if not value.isdigit():
        return 0
    return int(value[: MAX_DIGITS + 1])
