"""The drain: what a worker does between SIGTERM and its stop, if it is given time for it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from tests.support.people import supervisors
from tests.support.servers import Server
from tests.support.stopping import BOTH, EXIT_WITHIN, RESTART, stopped
from tests.support.talk import Connection, closing, message_of, open_tap, payload, refusal
from tests.support.waiting import until

SECONDS = 2.0  # of each drain
ROOM = 0.3  # seconds that are less than lie between the first and the last page


def asked(server: Server, path: str) -> tuple[int, dict[str, Any], str | None]:
    """Return the status, the body and the Connection header of a probe's answer."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    with contextlib.closing(client):
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers["Connection"]


@contextlib.asynccontextmanager
async def draining(kind: str, seconds: float) -> AsyncIterator[tuple[Server, asyncio.Task[float]]]:
    """A server that is told to stop, and drains."""
    with Server(kind, DRAIN_SECONDS=f"{seconds:.0f}") as server:
        stop = asyncio.create_task(stopped(server))
        await until(lambda: asked(server, "/readyz")[0] == 503)
        yield server, stop
        await stop


@BOTH
async def test_a_draining_worker_is_well_but_not_ready(transactional_db: Any, kind: str) -> None:
    async with draining(kind, SECONDS) as (server, _):
        told = {"ok": False, "worker": "about to stop"}
        assert asked(server, "/readyz") == (503, told, "close")
        assert asked(server, "/healthz") == (200, {"ok": True}, "close")


@BOTH
async def test_a_draining_worker_refuses_handshakes_as_a_proxy_tries_the_next(
    transactional_db: Any, kind: str, alice: User
) -> None:
    opened = await open_tap()
    async with draining(kind, SECONDS) as (server, _):
        assert await refusal(server.tap(opened.uri)) == 503
        assert await refusal(server.listen(opened.tap.pk, alice)) == 503
        assert await refusal(server.console(alice)) == 503


async def end_of(connection: Connection) -> float:
    """Return when a socket is told that the server restarts."""
    assert await closing(connection) == RESTART
    return time.monotonic()


@BOTH
async def test_pages_leave_one_after_the_other_and_the_tap_last(
    transactional_db: Any, kind: str
) -> None:
    [cookie] = await database_sync_to_async(supervisors)(1)
    opened = await open_tap()
    with Server(kind, DRAIN_SECONDS=f"{SECONDS:.0f}") as server:
        async with server.tap(opened.uri) as sender, AsyncExitStack() as stack:
            await sender.send(payload(1))
            paths = [f"/listen/{opened.tap.pk}"] * 3 + ["/console"]
            pages = [
                await stack.enter_async_context(server.with_cookie(path, cookie)) for path in paths
            ]
            for page, kind_of in zip(pages, ["hello"] * 3 + ["snapshot"], strict=True):
                await message_of(page, kind_of)
            ends = [asyncio.create_task(end_of(one)) for one in (*pages, sender)]
            began = time.monotonic()
            await stopped(server)
            *left, tap_left = [await one for one in ends]
    assert min(left) > began + SECONDS / 2 - ROOM
    assert max(left) - min(left) > ROOM
    assert tap_left > max(left)


@BOTH
async def test_who_is_impatient_sends_the_signal_again(transactional_db: Any, kind: str) -> None:
    async with draining(kind, 600) as (server, stop):
        began = time.monotonic()
        server.process.terminate()
        await stop
    assert time.monotonic() - began < EXIT_WITHIN
