"""Listeners who misbehave must not disturb the others."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async

from monitor.models import ListenSession
from monitor.wire import frame
from tests.support.people import supervisors
from tests.support.servers import Server, memory
from tests.support.talk import Connection, Ear, message_of, open_tap, speaking
from tests.support.waiting import eventually

GOOD = 49
FRAMES = (5 + 1) / 0.06 + 1  # of 5 s, of the second in which that is noticed, and the one under way


async def never_reads(page: Connection) -> None:
    """This listener asks for more than it will read."""
    await page.send('{"type":"backfill","seconds":30}')
    page.transport.pause_reading()


async def acks_by_the_clock(page: Connection) -> None:
    """This listener reads nothing, and claims to have heard what was said a second ago.

    Had it claimed the newest sample, a busy machine's late sender would give it away at once.
    """
    hello = await message_of(page, "hello")
    page.transport.pause_reading()
    began = time.monotonic()
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            heard = max(0.0, time.monotonic() - began - 1)
            position = hello["position"] + int(heard * 8000)
            await page.send(json.dumps({"type": "ack", "position": position}))
            await asyncio.sleep(0.5)


async def acks_the_future(page: Connection) -> None:
    """This listener claims to have heard half a second that has not been sent yet."""
    async for received in page:
        if isinstance(received, bytes):
            position = frame.unpack_header(received).position + 4000
            await page.send(json.dumps({"type": "ack", "position": position}))


async def stops_acking(page: Connection) -> None:
    """This listener reads everything, and never acknowledges anything."""
    async for _ in page:
        pass


BAD: list[Callable[[Connection], Coroutine[Any, Any, None]]] = [
    never_reads,
    acks_by_the_clock,
    acks_the_future,
    stops_acking,
]


TOO_SLOW = ListenSession.objects.filter(end_reason="more than 10 s behind")


def small_socket(server: Server) -> socket.socket:
    """Connect with a receive buffer that holds only a few Frames."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", server.port))
    return one


@contextlib.asynccontextmanager
async def misbehaving(
    server: Server, path: str, sessions: list[str]
) -> AsyncIterator[list[Connection]]:
    """Start one listener for each way to misbehave, which it does until it is closed."""
    pages: list[Connection] = []
    tasks: list[asyncio.Task[None]] = []
    try:
        for session, misbehave in zip(sessions, BAD, strict=True):
            page = await server.with_cookie(path, session, sock=small_socket(server))
            pages.append(page)
            tasks.append(asyncio.create_task(misbehave(page)))
        yield pages
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for page in pages:
            page.transport.abort()


async def assert_ended_as_too_slow(count: int) -> None:
    """So many listeners were closed about 10 s behind, and sent nothing after the first five."""
    ended = [one async for one in TOO_SLOW.all()]
    assert len(ended) == count
    for one in ended:
        assert one.ended_at
        assert one.frames <= FRAMES
        assert one.dropped > 50  # five seconds were not sent any more
        assert 10 <= (one.ended_at - one.started_at).total_seconds() <= 12.5


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_bad_listeners_cost_the_good_ones_nothing_and_are_closed(
    transactional_db: Any, kind: str
) -> None:
    """The listener that acknowledges by the clock is found out only when the kernel's buffer is
    full, after minutes. Until then it costs nobody anything (see test_lag)."""
    opened = await open_tap()
    path = f"/listen/{opened.tap.pk}"
    sessions = await database_sync_to_async(supervisors)(11)
    with Server(kind) as server:
        async with (
            speaking(server, opened),
            misbehaving(server, path, sessions[: len(BAD)]) as bad,
        ):
            # All at once: the first to join must not wait for the last without acknowledging.
            joining = (server.with_cookie(path, sessions[4 + n % 7]) for n in range(GOOD))
            pages = await asyncio.gather(*joining)
            ears = [Ear(page) for page in pages]
            await asyncio.gather(*(ear.seconds(0.5) for ear in ears))
            before = memory(server.process.pid)
            await asyncio.gather(*(ear.seconds(12) for ear in ears))
            grown = memory(server.process.pid) - before
            # At once, too: they no longer acknowledge, and must not be found 10 s behind.
            await asyncio.gather(*(page.close() for page in pages))
            await eventually(lambda: closed(3))
    assert [ear.holes for ear in ears] == [[]] * GOOD
    assert grown < 5 * 1024 * 1024
    assert [page.close_code for page in bad[2:]] == [4408, 4408]
    await assert_ended_as_too_slow(3)


async def closed(count: int) -> bool:
    return await TOO_SLOW.acount() >= count
