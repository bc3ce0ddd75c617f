"""The orderly end: SIGTERM with live calls, and what is in the rows then."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.db import connection, transaction

from monitor.concurrency import Coalesced, Writes
from monitor.models import ListenSession, Tap
from monitor.services import taps
from tests.support.people import supervisors
from tests.support.rtp_talk import PTIME, Sender, open_rtp
from tests.support.servers import RtpTaps, Server
from tests.support.stopping import BOTH, EXIT_WITHIN, RESTART, stopped
from tests.support.talk import Connection, closing, json_message, message, open_tap, payload
from tests.support.taps import packet_figures, reasons
from tests.support.waiting import PATIENCE, eventually


class Speaker:
    """A tap's sender: speaks in real time until its socket is closed."""

    def __init__(self, opened: taps.OpenedTap, connection: Connection) -> None:
        self.tap, self.uri = opened.tap, opened.uri
        self.connection = connection
        self.sent = self.known = 0  # messages; those that the server has for certain
        self._quiet = False

    async def send(self, size: int = 160) -> None:
        await self.connection.send(payload(self.sent, size))
        self.sent += 1

    async def speak(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while not self._quiet:
                await self.send()
                await asyncio.sleep(0.02)

    async def learn(self, *, quiet: bool = False) -> None:
        """Have all that was sent until now acknowledged; ``quiet``: and send no more."""
        self._quiet = quiet
        sent = self.sent
        await (await self.connection.ping())
        self.known = sent


@contextlib.asynccontextmanager
async def speaking(server: Server, opened: list[taps.OpenedTap]) -> AsyncIterator[list[Speaker]]:
    async with contextlib.AsyncExitStack() as stack:
        speakers = [
            Speaker(one, await stack.enter_async_context(server.tap(one.uri))) for one in opened
        ]
        tasks = [asyncio.create_task(one.speak()) for one in speakers]
        try:
            yield speakers
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def deaf(server: Server, tap: Tap, cookie: str) -> Connection:
    """A listener that takes a frame of the ring's 480 kB, and never reads again.

    Its kernel takes in 4 kB, and the server's, which goes by the segment size, some 50.
    """
    ear = socket.socket()
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ear.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    ear.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ear, ("127.0.0.1", server.port))
    page = await websockets.connect(
        f"{server.ws_url}/listen/{tap.pk}",
        sock=ear,
        additional_headers={"Cookie": cookie},
        origin=websockets.Origin(server.url),
    )
    await message(page)
    await page.send(json.dumps({"type": "backfill", "seconds": 30}))
    while not isinstance(await message(page), bytes):
        pass
    page.transport.pause_reading()
    return page


async def told(page: Connection) -> tuple[int, str]:
    """Read until the other side closes: a client that does not read learns nothing."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for _ in page:
            pass
    return await closing(page)


def all_told(pages: list[Connection]) -> list[asyncio.Task[tuple[int, str]]]:
    return [asyncio.create_task(told(page)) for page in pages]


async def comes_back(speaker: Speaker, server: Server) -> None:
    """A sender that connects again to another worker as soon as it is told to."""
    assert await closing(speaker.connection) == RESTART
    async with server.tap(speaker.uri) as again:
        await again.send(payload(1))
        speaker.sent += 1


async def turned_away(page: Connection, stopping: Server, other: Server, cookie: str) -> None:
    """A page that connects again to the same worker, which must not take it, then to another."""
    assert await told(page) == RESTART
    assert page.request is not None
    path = page.request.path
    with pytest.raises(OSError, match="Connect call failed"):
        await stopping.with_cookie(path, cookie)
    async with other.with_cookie(path, cookie) as again:
        assert (await json_message(again))["type"] == "hello"


@BOTH
async def test_a_server_with_live_calls_ends_in_order(server: Server, kind: str) -> None:
    cookies = await database_sync_to_async(supervisors)(4)
    opened = [await open_tap(f"call-{number}") for number in range(5)]
    with Server(kind) as stopping:
        async with speaking(stopping, opened) as speakers, contextlib.AsyncExitStack() as stack:
            first, quiet = speakers[0], speakers[-1]
            for _ in range(40):
                await first.send(8000)  # 40 s, which nobody hears yet
            await first.learn()
            ear = await deaf(stopping, first.tap, cookies[3])
            paths = [f"/listen/{speakers[number % 5].tap.pk}" for number in range(20)]
            pages = [
                await stack.enter_async_context(stopping.with_cookie(path, cookies[number % 3]))
                for number, path in enumerate(paths)
            ]
            console = await stack.enter_async_context(stopping.with_cookie("/console", cookies[0]))
            for page in (*pages, console):
                await message(page)
            for one in speakers:
                await one.learn(quiet=one is quiet)
            ends = all_told([*pages[1:], console])
            back = asyncio.create_task(comes_back(first, server))
            away = asyncio.create_task(turned_away(pages[0], stopping, server, cookies[0]))
            took = await stopped(stopping)
            heard = {await end for end in ends}
            heard |= {await closing(one.connection) for one in speakers}
            await asyncio.gather(back, away)
            ear.transport.abort()
    assert took < EXIT_WITHIN
    assert "graceful shutdown exceeded" not in stopping.said()  # no socket was waited for
    assert heard == {RESTART}
    await _rows_are_closed()
    for one in speakers:
        row = await Tap.objects.aget(pk=one.tap.pk)
        assert one.known <= row.frames <= one.sent
        assert "media closed: the server restarts" in await reasons(one.tap)
    assert (await Tap.objects.aget(pk=quiet.tap.pk)).frames == quiet.sent
    listens = [one.end_reason async for one in ListenSession.objects.all()]
    assert listens.count("the server restarts") == 21


async def _rows_are_closed() -> None:
    async def closed() -> bool:
        media = Tap.objects.filter(media_opened_at__isnull=False, media_closed_at=None)
        return not (
            await media.aexists() or await ListenSession.objects.filter(ended_at=None).aexists()
        )

    assert await eventually(closed)


@contextlib.contextmanager
def busy_database() -> Iterator[None]:
    """A database in which nobody can write to a tap or a listen for a while."""

    def take() -> None:
        held.enter_context(transaction.atomic())
        Tap.objects.update(end_reason="")
        ListenSession.objects.update(end_reason="")

    def leave() -> None:
        held.close()
        connection.close()

    held = contextlib.ExitStack()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(take).result()
        try:
            yield
        finally:
            thread.submit(leave).result()


@BOTH
async def test_all_are_told_while_the_database_is_busy_and_no_row_stays_open(
    transactional_db: Any, kind: str
) -> None:
    [cookie] = await database_sync_to_async(supervisors)(1)
    *opened, unused = [await open_tap(f"call-{number}") for number in range(4)]
    with Server(kind) as stopping:
        async with speaking(stopping, opened) as speakers, contextlib.AsyncExitStack() as stack:
            pages = [
                await stack.enter_async_context(
                    stopping.with_cookie(f"/listen/{one.tap.pk}", cookie)
                )
                for one in opened
            ]
            for page in pages:
                await message(page)
            ends = all_told(pages)
            with busy_database():
                path = f"/listen/{opened[0].tap.pk}"
                late = await stack.enter_async_context(stopping.with_cookie(path, cookie))
                ends += all_told([late])
                opening = asyncio.create_task(_sent_away(stopping, unused))
                stop = asyncio.create_task(stopped(stopping))
                assert {await end for end in ends} == {RESTART}
                for one in speakers:
                    assert await closing(one.connection) == RESTART
            assert await stop < EXIT_WITHIN
            await opening
    await _rows_are_closed()
    assert {one.end_reason async for one in ListenSession.objects.all()} == {RESTART[1]}


async def _sent_away(stopping: Server, opened: taps.OpenedTap) -> None:
    """A sender during its handshake: cut off or refused, or told the same when it came through."""
    try:
        connection = await stopping.tap(opened.uri)
    except (OSError, websockets.InvalidHandshake, websockets.ConnectionClosed):
        return
    assert await closing(connection) == RESTART


async def test_rtp_taps_end_in_order(transactional_db: Any, settings: Any) -> None:
    settings.RTP_PUBLIC_IP = "127.0.0.2"  # no other process is to take over
    with RtpTaps(RTP_PUBLIC_IP="127.0.0.2", RTP_HOST="127.0.0.2") as process:
        opened = [await open_rtp(f"call-{number}") for number in range(5)]
        senders = [Sender(one.uri) for one in opened]
        parts = [payload(number) for number in range(int(PATIENCE / PTIME))]
        tasks = [asyncio.create_task(one.speak(parts)) for one in senders]

        async def open_media() -> bool:
            return await Tap.objects.filter(media_opened_at__isnull=False).acount() == 5

        await eventually(open_media)
        began = time.monotonic()
        process.process.terminate()
        process.process.terminate()  # as one who is impatient does
        status = await asyncio.to_thread(process.process.wait, PATIENCE)
        took = time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for sender in senders:
            sender.socket.close()
    assert (status, took < EXIT_WITHIN) == (0, True), process.said()
    await _rows_are_closed()
    for one in opened:
        row = await Tap.objects.aget(pk=one.tap.pk)
        assert row.frames == packet_figures(row)["received"] > 0
        assert (await reasons(one.tap))[-1] == "media closed: the server restarts"


async def test_what_ends_at_once_is_written_in_two_transactions(transactional_db: Any) -> None:
    written: list[list[int]] = []
    write = Coalesced(written.append, Writes())
    await asyncio.gather(write(0), *(write(number) for number in range(1, 200)))
    assert [one for batch in written for one in batch] == list(range(200))
    assert len(written) <= 2


async def test_a_write_takes_no_more_than_it_may(transactional_db: Any) -> None:
    written: list[list[int]] = []
    write = Coalesced(written.append, Writes(), most=50)
    await asyncio.gather(*(write(number) for number in range(120)))
    assert [len(batch) for batch in written] == [50, 50, 20]
    assert [one for batch in written for one in batch] == list(range(120))


async def test_a_write_that_waits_for_its_thread_is_made_though_its_socket_is_cancelled(
    transactional_db: Any,
) -> None:
    written: list[int] = []
    writes = Writes()
    write = Coalesced(written.extend, writes)
    blocked = asyncio.create_task(database_sync_to_async(time.sleep)(0.2))
    await asyncio.sleep(0)
    last = asyncio.create_task(write(1))
    await asyncio.sleep(0)
    last.cancel()
    with pytest.raises(asyncio.CancelledError):
        await last
    await writes.wait()
    await blocked
    assert written == [1]
