"""The origin of a socket: only our own pages may open one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import parse_cookie

from monitor.services import listens
from monitor.wire.client_address import UNKNOWN, is_loopback

App = Callable[..., Awaitable[Any]]


def origin_of(value: str) -> tuple[str, str, int] | None:
    """Return (scheme, host, port) of an Origin header, or None if it is not a valid origin."""
    if not all("!" <= character <= "~" for character in value):
        return None  # urlsplit would strip spaces and control characters
    try:
        parts = urlsplit(value)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname
    except (ValueError, KeyError):
        return None
    extra = parts.path or parts.query or parts.fragment or parts.username is not None
    return None if extra or not host else (parts.scheme, host, port)


def same_origin(scope: dict[str, Any]) -> bool:
    """Tell whether the handshake comes from one of our pages.

    It must have exactly one Origin header, whose scheme, host and port are those of PUBLIC_URL
    or of another of ALLOWED_ORIGINS. All loopback addresses are the same host, because a
    browser on the server's machine may call it 127.0.0.1 or localhost.
    """
    given = [value for name, value in scope["headers"] if name == b"origin"]
    if len(given) != 1:
        return False
    origin = origin_of(given[0].decode("latin1"))
    allowed = {origin_of(value) for value in settings.ALLOWED_ORIGINS}
    if origin is None:
        return False
    if origin in allowed:
        return True
    return any(
        one is not None
        and is_loopback(one[1])
        and is_loopback(origin[1])
        and (one[0], one[2]) == (origin[0], origin[2])
        for one in allowed
    )


class SameOriginOnly:
    """Admits only sockets of our own pages."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: App, send: App) -> None:
        if same_origin(scope):
            await self._app(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})  # before accept: HTTP 403


def session_key_of(scope: dict[str, Any]) -> str:
    """Return the key of the session that a socket's cookie names, or an empty string."""
    cookie = dict(scope["headers"]).get(b"cookie", b"").decode("latin1")
    return parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME, "")


def client_of(scope: dict[str, Any]) -> listens.Client:
    """Return the address and the browser that a socket comes from."""
    headers = dict(scope["headers"])
    address = str((scope["client"] or [UNKNOWN])[0])
    return listens.Client(address, headers.get(b"user-agent", b"").decode("latin1"))
