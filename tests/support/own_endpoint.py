"""An agent's own endpoint: a server that keeps what is posted to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from aiohttp import web

LOGIN = "own:s3cret"


class Got(NamedTuple):
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


class OwnEndpoint:
    """Answers with ``statuses`` in turn, the last of them for ever. ``free`` not set: it hangs."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.statuses = [200]
        self.answer = b"{}"
        self.free = asyncio.Event()
        self.free.set()
        self.base = ""

    @property
    def url(self) -> str:
        """An address of it, with a login and an escape."""
        return f"http://{LOGIN}@{self.base}/own%2Fpath?key=a%26b"

    @property
    def bodies(self) -> list[bytes]:
        return [one.body for one in self.got]

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.got.append(Got(request.raw_path, dict(request.headers), await request.read()))
        await self.free.wait()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        headers = {"Location": f"http://{self.base}/elsewhere"} if status // 100 == 3 else {}
        return web.Response(status=status, body=self.answer, headers=headers)


@contextlib.asynccontextmanager
async def own_endpoint() -> AsyncIterator[OwnEndpoint]:
    """Serve an endpoint on a port of its own."""
    endpoint = OwnEndpoint()
    runner = web.ServerRunner(web.Server(endpoint.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    endpoint.base = f"{host}:{port}"
    try:
        yield endpoint
    finally:
        endpoint.free.set()
        await runner.cleanup()
