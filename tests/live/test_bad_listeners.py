"""Listeners who misbehave, beside others who must not feel it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async

from monitor.audio import frame
from monitor.models import ListenSession
from tests.live.talk import Connection, Ear, eventually, message_of, open_tap, speaking
from tests.live.test_faults import supervisors
from tests.servers import Server, memory

GOOD = 49
FRAMES = 5.6 / 0.06  # of 5 s, and what is noticed only once a second


async def never_reads(page: Connection) -> None:
    """And has asked for more than it will read."""
    await page.send('{"type":"backfill","seconds":30}')
    page.transport.pause_reading()


async def acks_by_the_clock(page: Connection) -> None:
    """Reads nothing, and claims to be at the newest sample."""
    hello = await message_of(page, "hello")
    page.transport.pause_reading()
    began = time.monotonic()
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            position = hello["position"] + int((time.monotonic() - began) * 8000)
            await page.send(json.dumps({"type": "ack", "position": position}))
            await asyncio.sleep(0.5)


async def acks_the_future(page: Connection) -> None:
    """Claims to have heard half a second that was not sent yet."""
    async for received in page:
        if isinstance(received, bytes):
            position = frame.unpack_header(received).position + 4000
            await page.send(json.dumps({"type": "ack", "position": position}))


async def stops_acking(page: Connection) -> None:
    """Reads on, and says nothing from the beginning."""
    async for _ in page:
        pass


BAD: list[Callable[[Connection], Awaitable[None]]] = [
    never_reads,
    acks_by_the_clock,
    acks_the_future,
    stops_acking,
]


TOO_SLOW = ListenSession.objects.filter(end_reason="more than 10 s behind")


def small_socket(server: Server) -> socket.socket:
    """A connection whose kernel takes no more than a few frames."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", server.port))
    return one


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_bad_listeners_cost_the_good_ones_nothing_and_are_closed(
    transactional_db: Any, kind: str
) -> None:
    """Who acks by the clock what was sent in fact is found out only when the kernel's buffer
    is full, in minutes; until then it costs nobody anything (see test_lag)."""
    opened = await open_tap()
    path = f"/listen/{opened.tap.pk}"
    sessions = await database_sync_to_async(supervisors)(11)
    with Server(kind) as server:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(speaking(server, opened))
            bad, misbehaving = [], []
            for session, behave in zip(sessions, BAD, strict=False):
                bad.append(await server.with_cookie(path, session, sock=small_socket(server)))
                stack.callback(bad[-1].transport.abort)
                misbehaving.append(asyncio.create_task(behave(bad[-1])))
            # All at once: who joined first must not wait for the last without a word.
            joining = (server.with_cookie(path, sessions[4 + n % 7]) for n in range(GOOD))
            pages = await asyncio.gather(*joining)
            for page in pages:
                stack.push_async_callback(page.close)
            ears = [Ear(page) for page in pages]
            await asyncio.gather(*(ear.seconds(0.5) for ear in ears))
            before = memory(server.process.pid)
            await asyncio.gather(*(ear.seconds(12) for ear in ears))
            grown = memory(server.process.pid) - before
            await eventually(lambda: closed(3))
            for task in misbehaving:
                task.cancel()
            await asyncio.gather(*misbehaving, return_exceptions=True)
    assert [ear.holes for ear in ears] == [[]] * GOOD
    assert grown < 5 * 1024 * 1024
    assert [page.close_code for page in bad[2:]] == [4408, 4408]
    ended = [one async for one in TOO_SLOW.all()]
    assert len(ended) == 3
    for one in ended:
        assert one.ended_at
        assert one.frames <= FRAMES
        assert one.dropped > 50  # five seconds were not sent any more
        assert 10 <= (one.ended_at - one.started_at).total_seconds() <= 12.5


async def closed(count: int) -> bool:
    return await TOO_SLOW.acount() >= count
