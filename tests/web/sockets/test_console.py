"""The live list: snapshot, changes, levels."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import redis
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import User

from monitor import staticfiles
from monitor.audio import g711
from monitor.bus.keys import METERS, METERS_KEPT
from monitor.services import passwords, tap_status
from monitor.web.sockets.console import BACKLOG
from monitor.wire.status_report import StatusReport
from tests.support.scraping import scrape
from tests.support.servers import Server
from tests.support.talk import Connection, closing, json_message, message, message_of, open_tap
from tests.support.waiting import eventually

TONE = g711.encode(
    "PCMU",
    b"".join(
        (10_000 if (index // 8) % 2 else -10_000).to_bytes(2, "little", signed=True)
        for index in range(160)
    ),
)  # a square wave: its RMS is its amplitude, -10.3 dBFS


async def call_of(page: Connection) -> dict[str, Any]:
    """Return the call that the next change is about."""
    call: dict[str, Any] = (await message_of(page, "call"))["call"]
    return call


async def test_the_first_message_is_a_snapshot_of_live_calls(server: Server, alice: User) -> None:
    opened = await open_tap(agent="Receptionist", caller="+15550100", caller_name="Ada")
    async with server.console(alice) as page:
        snapshot = await json_message(page)
    assert snapshot["type"] == "snapshot"
    assert snapshot["build"] == staticfiles.build()
    assert snapshot["come_back_ms"] == 500
    [call] = snapshot["calls"]
    assert (call["agent"], call["caller"], call["caller_name"]) == (
        "Receptionist",
        "+15550100",
        "Ada",
    )
    assert [leg["id"] for leg in call["legs"]] == [str(opened.tap.pk)]


async def test_a_call_is_announced_from_request_to_end(server: Server, alice: User) -> None:
    async with server.console(alice) as page:
        await message(page)
        opened = await open_tap()
        assert (await call_of(page))["state"] == "requested"
        async with server.tap(opened.uri):
            assert (await call_of(page))["legs"][0]["media"] is True
        while (await call_of(page))["legs"][0]["media"]:
            pass
        report = StatusReport("finished", opened.tap.control_id, "", None, {}, "digest")
        await database_sync_to_async(tap_status.record_status)(opened.tap.pk, report)
        call = await call_of(page)
    assert (call["state"], call["over"]) == ("finished", True)


async def test_levels_come_five_times_a_second(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.console(alice) as page, server.tap(opened.uri) as sender:
        for _ in range(6):
            await sender.send(TONE)
        levels = (await message_of(page, "meters"))["levels"]
        while not levels[str(opened.tap.pk)] or levels[str(opened.tap.pk)][0] == -96:
            levels = (await message_of(page, "meters"))["levels"]
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(5):
            await message_of(page, "meters")
        took = loop.time() - began
    rms, peak = levels[str(opened.tap.pk)]
    assert abs(rms + 10.3) < 0.3
    assert abs(peak + 10.3) < 0.3
    assert 0.8 < took < 1.6


async def test_a_silent_taps_level_is_null(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.console(alice) as page, server.tap(opened.uri) as sender:
        await sender.send(TONE)
        while (await message_of(page, "meters"))["levels"][str(opened.tap.pk)] is not None:
            pass


async def test_who_listens_is_announced(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.console(alice) as page:
        await message(page)
        async with server.listen(opened.tap.pk, alice):
            assert (await call_of(page))["listeners"] == ["alice"]
        assert (await call_of(page))["listeners"] == []


async def test_nobody_signed_in_is_closed_4401(server: Server) -> None:
    async with server.console(None) as page:
        assert (await closing(page))[0] == 4401


async def test_a_user_without_the_permission_is_closed_4403(server: Server, charlie: User) -> None:
    async with server.console(charlie) as page:
        assert (await closing(page))[0] == 4403


async def test_a_user_with_a_password_that_somebody_else_set_is_closed_4403(
    server: Server, alice: User
) -> None:
    await database_sync_to_async(passwords.mark_assigned)(alice)
    async with server.console(alice) as page:
        assert await closing(page) == (4403, "change your password first")


async def test_a_deactivated_user_is_closed_4410(server: Server, alice: User) -> None:
    async with server.console(alice) as page:
        await message(page)
        alice.is_active = False
        await alice.asave()
        assert (await closing(page))[0] == 4410


LONG = 100_000  # bytes of a message; levels of 1 800 taps are that long
CUT = "earshot_pages_closed_total{4408}"
#: Messages that are published at once. A page that reads may have less than 1 MB before it.
LOT = 8


async def tell_much(good: Connection, lots: int) -> None:
    """Levels for a page that does not read; another reads, and gets all of them."""
    text = b'{"type":"meters","levels":{"x":"%s"}}' % (b"-" * LONG)
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        for _ in range(lots):
            for _ in range(LOT):
                store.xadd(METERS, {"j": text}, maxlen=METERS_KEPT)
            heard = 0
            while heard < LOT:
                heard += len((await message_of(good, "meters"))["levels"]["x"]) == LONG


async def test_daphne_closes_a_console_that_never_reads(server: Server, alice: User) -> None:
    """Daphne's send takes whatever comes. Nobody reads the reason: the connection is cut."""
    cut_before = scrape(server).get(CUT, 0)
    async with server.console(alice) as good, server.console(alice) as bad:
        for page in (good, bad):
            await message_of(page, "snapshot")
        bad.transport.pause_reading()

        async def closed() -> bool:
            await tell_much(good, lots=5)  # 4 MB; the kernel takes 6
            return scrape(server).get(CUT, 0) > cut_before

        await eventually(closed)
        bad.transport.abort()


async def test_a_console_that_reads_late_gets_a_new_snapshot(
    transactional_db: Any, alice: User
) -> None:
    with Server("uvicorn") as server:
        async with server.console(alice) as good, server.console(alice) as late:
            for page in (good, late):
                await message_of(page, "snapshot")
            # The kernel lets the buffer of a connection grow, on some machines to 33 MB.
            raw = late.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            late.transport.pause_reading()
            # The kernel takes 6 MB, on some machines more.
            await tell_much(good, lots=(18_000_000 // LONG + BACKLOG) // LOT)
            late.transport.resume_reading()
            await message_of(late, "snapshot")
            await tell_much(good, lots=1)
            for _ in range(BACKLOG + LOT):
                await message_of(late, "meters")
