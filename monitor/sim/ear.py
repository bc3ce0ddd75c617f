"""A headless supervisor: signs in like a browser, hears taps, watches the live list."""

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

from ..audio import frame

ACK_EVERY = 1.0  # seconds
TIMEOUT = 10.0  # seconds
_CSRF = re.compile(r"name=[\"']csrfmiddlewaretoken[\"'] value=[\"'](\w+)[\"']")

Json = dict[str, Any]


class SignInFailed(Exception):
    """The service did not let us in; the text says what it answered."""


class Frame(NamedTuple):
    """A piece of audio as it was heard; ``pcm`` is s16le at the hello's rate."""

    header: frame.FrameHeader
    pcm: bytes


class Supervisor:
    """A signed-in user. ``base_url`` is the service's, and the Origin of the sockets."""

    def __init__(self, base_url: str, cookie: str) -> None:
        self._base_url = base_url
        self._cookie = cookie

    @classmethod
    async def sign_in(cls, base_url: str, username: str, password: str) -> Self:
        """Fill in the login form. Raises SignInFailed, and what aiohttp raises."""
        base_url = base_url.rstrip("/")
        url = f"{base_url}/login"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        # The jar is not used: it keeps no cookies for addresses like 127.0.0.1.
        async with aiohttp.ClientSession(
            timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as http:
            async with http.get(url) as response:
                found = _CSRF.search(await response.text())
                cookies = _cookies(response)
            if found is None:
                raise SignInFailed(f"GET {url} answered {response.status}, and no login form")
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
        """An ear on one tap, to be entered."""
        return Ear(self._socket(f"/listen/{tap_id}"))

    def console(self) -> Console:
        """The live list, to be entered."""
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
    """An open socket while entered. Iterating over it ends with a close of code 1000 or
    1001, and raises websockets.ConnectionClosedError at any other."""

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
        """Send a message of the protocol."""
        await self.socket.send(json.dumps(message))


class Console(_Socket):
    """The live list: a snapshot, then changes and levels."""

    async def __aiter__(self) -> AsyncIterator[Json]:
        async for message in self.socket:
            yield json.loads(message)


class Ear(_Socket):
    """One tap. Plays nothing, and so acknowledges what it hears at once."""

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
        """Say that everything up to ``position`` was heard."""
        await self.send({"type": "ack", "position": position})

    async def backfill(self, seconds: float) -> None:
        """Ask for the last seconds again."""
        await self.send({"type": "backfill", "seconds": seconds})


def _cookies(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: morsel.value for name, morsel in response.cookies.items()}


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _origin(url: str) -> Any:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
