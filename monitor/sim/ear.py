"""Supervisor: signs in like a browser, listens to taps and watches the live list."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from monitor.wire import frame

ACK_EVERY = 1.0  # seconds
TIMEOUT = 10.0  # seconds
_CSRF = re.compile(r"name=[\"']csrfmiddlewaretoken[\"'] value=[\"'](\w+)[\"']")

Json = dict[str, Any]


class SignInFailed(Exception):
    """The service refused the sign-in; the text says what it answered."""


class Frame(NamedTuple):
    """A Frame that was received; ``pcm`` is s16le at the rate of the hello."""

    header: frame.FrameHeader
    pcm: bytes


class Supervisor:
    """A user who is signed in. ``base_url`` is the URL of the service, whose origin the sockets
    send."""

    def __init__(self, base_url: str, cookie: str) -> None:
        self._base_url = base_url
        self._cookie = cookie

    @classmethod
    async def sign_in(cls, base_url: str, username: str, password: str) -> Self:
        """Fill in the login form. Raises SignInFailed and the errors of aiohttp."""
        base_url = base_url.rstrip("/")
        url = f"{base_url}/login"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        # aiohttp's cookie jar keeps no cookies for addresses like 127.0.0.1, so it is not used.
        async with aiohttp.ClientSession(
            timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as http:
            async with http.get(url) as response:
                found = _CSRF.search(await response.text())
                cookies = _cookies(response)
            if found is None:
                raise SignInFailed(f"GET {url} answered {response.status} without a login form")
            form = {"csrfmiddlewaretoken": found[1], "username": username, "password": password}
            headers = {"Cookie": _header(cookies), "Origin": base_url, "Referer": url}
            async with http.post(
                url, data=form, headers=headers, allow_redirects=False
            ) as response:
                if response.status != HTTPStatus.FOUND:
                    raise SignInFailed(f"POST {url} answered {response.status}: not signed in")
                cookies |= _cookies(response)
        return cls(base_url, _header(cookies))

    def listen(self, tap_id: str) -> Ear:
        """Return the socket of a listener, to be entered."""
        return Ear(self._socket(f"/listen/{tap_id}"))

    def console(self) -> Console:
        """Return the socket of the live list, to be entered."""
        return Console(self._socket("/console"))

    def _socket(self, path: str) -> connect:
        return connect(
            self._base_url.replace("http", "ws", 1) + path,
            origin=_origin(self._base_url),
            additional_headers={"Cookie": self._cookie},
            compression=None,
            proxy=None,
        )


class _Socket:
    """A socket that is open while it is entered.

    Iterating over it ends when it is closed with 1000 or 1001. Any other code raises
    websockets.ConnectionClosedError.
    """

    def __init__(self, connecting: connect) -> None:
        self._connecting = connecting
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await self._connecting
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.socket.close()

    async def send(self, message: Json) -> None:
        """Send a message as JSON."""
        await self.socket.send(json.dumps(message))


class Console(_Socket):
    """Receives the live list: a snapshot, then changes and levels."""

    async def __aiter__(self) -> AsyncIterator[Json]:
        async for message in self.socket:
            yield json.loads(message)


class Ear(_Socket):
    """Listens to one tap. It plays nothing, so it acknowledges audio as soon as it arrives."""

    def __init__(self, connecting: connect) -> None:
        super().__init__(connecting)
        self._acked_at = time.monotonic()

    async def __aiter__(self) -> AsyncIterator[Frame | Json]:
        async for message in self.socket:
            if isinstance(message, str):
                yield json.loads(message)
                continue
            header = frame.unpack_header(message)
            if time.monotonic() - self._acked_at >= ACK_EVERY:
                self._acked_at = time.monotonic()
                await self.ack(header.position)
            yield Frame(header, frame.samples(message))

    async def ack(self, position: int) -> None:
        """Acknowledge that everything up to ``position`` was played."""
        await self.send({"type": "ack", "position": position})

    async def backfill(self, seconds: float) -> None:
        """Ask for that many of the last seconds."""
        await self.send({"type": "backfill", "seconds": seconds})


def _cookies(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: morsel.value for name, morsel in response.cookies.items()}


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _origin(url: str) -> Any:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
