"""The live list: snapshot, changes, levels."""

from __future__ import annotations

import asyncio

from channels.db import database_sync_to_async
from django.contrib.auth.models import User

from monitor import taps
from monitor.audio import g711
from tests.live.talk import closing, message, message_of, open_tap
from tests.servers import Server

TONE = g711.encode(
    "PCMU",
    b"".join(
        (10_000 if (index // 8) % 2 else -10_000).to_bytes(2, "little", signed=True)
        for index in range(160)
    ),
)  # a square wave: its RMS is its amplitude, -10.3 dBFS


async def test_it_begins_with_the_taps_that_live(server: Server, alice: User) -> None:
    opened = await open_tap(agent="Receptionist", caller="+15550100", caller_name="Ada")
    async with server.console(alice) as page:
        snapshot = await message(page)
    assert snapshot["type"] == "snapshot"
    assert [(tap["id"], tap["agent"], tap["caller"]) for tap in snapshot["taps"]] == [
        (str(opened.tap.pk), "Receptionist", "+15550100")
    ]


async def test_a_tap_appears_speaks_and_ends_without_a_question(
    server: Server, alice: User
) -> None:
    async with server.console(alice) as page:
        await message(page)
        opened = await open_tap()
        assert (await message_of(page, "tap"))["tap"]["state"] == "requested"
        async with server.tap(opened.uri):
            assert (await message_of(page, "tap"))["tap"]["media"] is True
        while (told := (await message_of(page, "tap"))["tap"])["media"]:
            pass
        report = taps.StatusReport("finished", opened.tap.control_id, "", None, {}, "digest")
        await database_sync_to_async(taps.record_status)(opened.tap.pk, report)
        told = (await message_of(page, "tap"))["tap"]
    assert (told["state"], told["media"]) == ("finished", False)


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


async def test_the_number_of_listeners_is_told(server: Server, alice: User) -> None:
    opened = await open_tap()
    async with server.console(alice) as page:
        await message(page)
        async with server.listen(opened.tap.pk, alice):
            assert (await message_of(page, "tap"))["tap"]["listeners"] == 1
        assert (await message_of(page, "tap"))["tap"]["listeners"] == 0


async def test_nobody_signed_in_is_closed_4401(server: Server) -> None:
    async with server.console(None) as page:
        assert (await closing(page))[0] == 4401


async def test_a_user_without_the_permission_is_closed_4403(server: Server, charlie: User) -> None:
    async with server.console(charlie) as page:
        assert (await closing(page))[0] == 4403


async def test_a_deactivated_user_is_closed_4410(server: Server, alice: User) -> None:
    async with server.console(alice) as page:
        await message(page)
        alice.is_active = False
        await alice.asave()
        assert (await closing(page))[0] == 4410
