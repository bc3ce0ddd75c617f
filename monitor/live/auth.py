"""Who may open a socket from a page: Origin, session, permission."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from django.conf import settings

from .. import listens
from ..client_address import UNKNOWN, is_loopback

App = Callable[..., Awaitable[Any]]


def origin_of(value: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of an Origin header; None for anything but a plain origin."""
    if not all("!" <= character <= "~" for character in value):
        return None  # urlsplit would take spaces and control characters out
    try:
        parts = urlsplit(value)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        host = parts.hostname
    except (ValueError, KeyError):
        return None
    extra = parts.path or parts.query or parts.fragment or parts.username is not None
    return None if extra or not host else (parts.scheme, host, port)


def same_origin(scope: dict[str, Any]) -> bool:
    """Does the handshake come from a page of ours?

    Exactly one Origin header, with scheme, host and port of PUBLIC_URL, of
    ALLOWED_ORIGINS or, while PUBLIC_URL is plain http on this machine, of any
    loopback address: a browser on the machine may name it 127.0.0.1 or localhost.
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


class PageSocket:
    """Lets in only sockets of our own pages, with their session's user in the scope."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: App, send: App) -> None:
        if not same_origin(scope):
            await receive()
            await send({"type": "websocket.close"})  # before accept: HTTP 403
            return

        async def app(scope: dict[str, Any], receive: App, session_send: App) -> None:
            # The server's own send: the session's looks for changes at every frame.
            await self._app(scope, receive, send)

        await AuthMiddlewareStack(app)(scope, receive, send)


def client_of(scope: dict[str, Any]) -> listens.Client:
    """Where a page's socket comes from."""
    headers = dict(scope["headers"])
    address = str((scope["client"] or [UNKNOWN])[0])
    return listens.Client(address, headers.get(b"user-agent", b"").decode("latin1"))
