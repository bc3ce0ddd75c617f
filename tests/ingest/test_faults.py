"""Faults are made under a real server: what is lost, what goes on, and what people are told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import signal
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, User
from django.utils import timezone

from monitor.models import ListenSession, Tap
from monitor.services import listens, media, taps
from monitor.wire import frame
from tests.support.people import supervisors
from tests.support.scraping import scrape
from tests.support.servers import Server, memory
from tests.support.talk import (
    CHUNK,
    Connection,
    Ear,
    closing,
    hearing,
    message,
    message_of,
    more,
    open_tap,
    payload,
    speaking,
)
from tests.support.waiting import eventually


async def test_a_listener_at_nine_tenths_of_the_speed_is_made_to_catch_up(
    server: Server, alice: User
) -> None:
    """It falls behind by a second in ten, and begins 4.5 s behind.

    At 5 s nothing more is sent until it has played what it has, so its delay stops growing.
    """
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page, speaking(server, opened):
        await message(page)
        ear = Ear(page)
        await ear.seconds(0.1)
        began = ear.positions[0]
        loop = asyncio.get_running_loop()
        started = loop.time()

        async def lag_behind() -> None:
            while True:
                await asyncio.sleep(0.2)
                played = max(0.0, loop.time() - started - 4.5) * 0.9
                position = min(began + int(played * 8000), ear.positions[-1])
                await page.send(json.dumps({"type": "ack", "position": position}))

        lagging = asyncio.create_task(lag_behind())
        async with asyncio.timeout(40):
            while not ear.holes:
                received = await page.recv()
                if isinstance(received, bytes):
                    ear.frames.append(received)
        lagging.cancel()
    assert len(ear.holes) == 1


async def test_a_listener_of_a_killed_worker_goes_on_through_another(
    transactional_db: Any, server: Server, alice: User, bob: User
) -> None:
    """It hears all eight taps that a user may hear. Other workers' listeners are not disturbed."""
    await database_sync_to_async(bob.groups.add)(await Group.objects.aget(name="Supervisors"))
    opened = await open_tap()
    everywhere = [opened] * 8
    with Server() as other:
        async with (
            speaking(server, opened),
            hearing(server, bob, opened) as [ear],
            hearing(other, alice, *everywhere) as lost,
        ):

            async def written_down() -> bool:
                heard = ListenSession.objects.filter(user=alice, frames__gt=0)
                return await heard.acount() == 8

            await eventually(written_down)
            rows = [row.pk async for row in ListenSession.objects.filter(user=alice)]
            other.process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(other.process.wait)
            codes = [(await closing(one.connection))[0] for one in lost]
            back = await asyncio.gather(*(come_back(server, opened, alice) for _ in everywhere))
            await more([ear], 5)
            await asyncio.gather(*(one.close() for one in back))
    assert codes == [1006] * 8
    assert ear.holes == []
    await assert_closed_as_abandoned(rows)


async def come_back(server: Server, opened: taps.OpenedTap, user: User) -> Connection:
    """Listen, and try again while the user's places are taken, as the page does."""

    async def heard() -> Connection | None:
        page = await server.listen(opened.tap.pk, user)
        with contextlib.suppress(websockets.ConnectionClosed):
            await Ear(page).seconds(0.05)
            return page
        await asyncio.sleep(0.5)
        return None

    page: Connection = await eventually(heard, within=15)
    return page


async def assert_closed_as_abandoned(sessions: list[int]) -> None:
    later = timezone.now() + datetime.timedelta(seconds=31)
    await database_sync_to_async(listens.end_abandoned)(later)
    async for row in ListenSession.objects.filter(pk__in=sessions):
        assert row.end_reason == "the server went away"
        assert row.ended_at == row.seen_at
        assert row.frames > 0
        assert row.seconds_sent == pytest.approx(row.frames * 0.06)


async def test_a_tap_whose_worker_is_killed_continues_through_another(
    transactional_db: Any, server: Server, alice: User
) -> None:
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page:
        await message(page)
        ear = Ear(page)
        with Server() as other:
            async with other.tap(opened.uri) as sender:
                for number in range(6):
                    await sender.send(payload(number))
                await ear.take(2 * CHUNK)
                other.process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(other.process.wait)

        async def connected() -> Connection | None:
            with contextlib.suppress(websockets.InvalidStatus):
                return await server.tap(opened.uri)
            return None

        sender = await eventually(connected)
        for number in range(3):
            await sender.send(payload(number))
        await ear.take(3 * CHUNK)
        await sender.close()
    assert frame.unpack_header(ear.frames[-1]).flags == frame.Flag.GAP
    assert ear.positions[-1] > 3 * 8000  # the audio of that time is lost, but its time counts


async def test_a_tap_of_a_killed_worker_that_nobody_continues_is_lost(
    transactional_db: Any,
) -> None:
    opened = await open_tap()
    with Server() as server:
        sender = await server.tap(opened.uri)
        await sender.send(payload(0))
        await (await sender.ping())
        server.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(server.process.wait)
    later = timezone.now() + datetime.timedelta(seconds=61)
    assert await database_sync_to_async(media.end_lost)(later) == (1, 0)
    tap = await Tap.objects.aget(pk=opened.tap.pk)
    assert (tap.state, tap.media_connection) == ("lost", "")


@pytest.mark.alone
async def test_200_listeners_join_a_tap_at_once_and_leave_nothing_behind(
    server: Server, transactional_db: Any
) -> None:
    opened = await open_tap()
    sessions = await database_sync_to_async(supervisors)(25)
    path = f"/listen/{opened.tap.pk}"
    async with speaking(server, opened):
        pages: list[Connection] = await asyncio.gather(
            *(server.with_cookie(path, sessions[number % 25]) for number in range(200))
        )
        ears = [Ear(page) for page in pages]
        async with asyncio.timeout(60):
            await asyncio.gather(*(ear.seconds(1) for ear in ears))
        await asyncio.gather(*(page.close() for page in pages))
    assert [ear.holes for ear in ears] == [[]] * 200

    async def all_closed() -> bool:
        return not await ListenSession.objects.filter(ended_at=None).aexists()

    assert await eventually(all_closed, within=60)  # 200 rows on a machine that may be busy
    assert await ListenSession.objects.acount() == 200


LEFT_BEHIND = [f"earshot_{name}" for name in ("listeners", "subscriptions", "tasks")]


async def come_and_go(server: Server, path: str, sessions: list[str], turns: int) -> None:
    """Have 20 listeners join and leave together, so many times."""
    for _ in range(turns):
        joining = (server.with_cookie(path, sessions[n % len(sessions)]) for n in range(20))
        pages = await asyncio.gather(*joining)
        await asyncio.gather(*(message_of(page, "hello") for page in pages))
        await asyncio.gather(*(page.close() for page in pages))


async def test_a_thousand_listeners_that_came_and_left_leave_nothing_behind(
    transactional_db: Any, alone: str
) -> None:
    """They come 20 at a time, and 1,000 others before them are a warm-up that fills caches and
    pools. That of SQLite's connection, which stays open, goes on to fill up to 2 MB.

    A listener that stayed, with its socket, would take some 50 kB, and one that waited for the
    garbage collector 14 kB. The metrics are read only once a second, because Django leaves
    25 kB to the collector at each request. The server's own loops have a few tasks more at some
    moments than at others.
    """
    opened = await open_tap()
    sessions = await database_sync_to_async(supervisors)(10)
    path = f"/listen/{opened.tap.pk}"
    with Server(REDIS_URL=alone) as server:

        async def left_behind() -> list[float]:
            figures = await asyncio.to_thread(scrape, server)
            return [figures[name] for name in LEFT_BEHIND]

        async def at_rest() -> list[float] | None:
            left = await left_behind()
            return left if left[0] == 0 else None

        await come_and_go(server, path, sessions, turns=50)
        begun: list[float] = await eventually(at_rest, within=60, every=1)
        before = memory(server.process.pid)
        await come_and_go(server, path, sessions, turns=50)

        async def as_before() -> bool:
            left = await left_behind()
            listeners, subscriptions, tasks = left
            return listeners == 0 and subscriptions <= begun[1] and tasks <= begun[2] + 5

        await eventually(as_before, within=60, every=1)
        grown = memory(server.process.pid) - before
    assert grown < 5 * 1024 * 1024


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_worker_that_is_stopped_leaves_exact_totals_and_no_gauges(
    transactional_db: Any, alone: str, kind: str
) -> None:
    """The totals include its last second. The gauges of a killed worker count for 10 s more."""
    opened = await open_tap()
    with Server(REDIS_URL=alone) as stays:

        async def by_itself() -> dict[str, float] | None:
            figures = await asyncio.to_thread(scrape, stays)
            return figures if figures["earshot_workers"] == 1 else None

        before: dict[str, float] = await eventually(by_itself, within=15)
        with Server(kind, REDIS_URL=alone) as stops:
            async with stops.tap(opened.uri) as sender:
                for number in range(50):
                    await sender.send(payload(number))
                await (await sender.ping())
                await asyncio.to_thread(stops.stop)
        figures = await asyncio.to_thread(scrape, stays)
    assert figures["earshot_frames_in_total"] - before["earshot_frames_in_total"] == 50
    assert (figures["earshot_workers"], figures["earshot_taps"]) == (1, 0)
