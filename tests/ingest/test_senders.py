"""Senders fall silent, vanish, pause and burst, or flood, at real times.

The tests check what listeners and the live list are told, and when the tap ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import websockets
from channels.db import database_sync_to_async
from django.contrib.auth.models import Group, User

from monitor.audio import g711
from monitor.services import taps
from monitor.wire import frame
from tests.support.bus import ring_reader
from tests.support.framing import binary
from tests.support.servers import Server, memory
from tests.support.talk import (
    Connection,
    Ear,
    closing,
    hearing,
    message_of,
    more,
    open_tap,
    payload,
    speaking,
)
from tests.support.taps import closed_row, reasons
from tests.support.waiting import eventually

SILENT_FOR = 12  # seconds, the setting of these servers
GIVEN_UP = (4408, f"no audio for {SILENT_FOR} s")
#: A ping every 2 s, whose answer may take 3 s.
PINGS = {
    "daphne": ("--ping-interval", "2", "--ping-timeout", "3"),
    "uvicorn": ("--ws-ping-interval", "2", "--ws-ping-timeout", "3"),
}
FLOODED = (1008, "over 60 s of audio ahead of real time")
LATE = 2.0  # seconds that a busy machine may be late; nothing may be early


@pytest.fixture(scope="module")
def _started(django_db_setup: Any, static_files: None) -> Iterator[list[Server]]:
    app, silent_for = "monitor.asgi:application", str(SILENT_FOR)
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(Server(kind, app, *pings, SILENT_FOR=silent_for))
            for kind, pings in PINGS.items()
        ]


@pytest.fixture
async def places(
    _started: list[Server], transactional_db: Any, alice: User, bob: User
) -> list[tuple[Server, User]]:
    """Return each server and its own listener, because nobody may hear more than 8 calls."""
    await database_sync_to_async(bob.groups.add)(await Group.objects.aget(name="Supervisors"))
    return list(zip(_started, (alice, bob), strict=True))


async def test_every_kind_of_silence_is_told_and_ended_in_time(
    places: list[tuple[Server, User]],
) -> None:
    """All kinds are tried at once, because the longest takes 17 s."""
    kinds = (stays_silent, vanishes, pauses_for_1_s, pauses_for_5_s, pauses_for_too_long)
    async with asyncio.TaskGroup() as group:
        for number, (kind, place) in enumerate(itertools.product(kinds, places)):
            group.create_task(kind(*place, await open_tap(f"call-{number}")))


async def stays_silent(server: Server, user: User, opened: taps.OpenedTap) -> None:
    """Pings are answered, but no audio comes any more: the tap is silent, then given up."""
    async with server.console(user) as page, server.tap(opened.uri) as sender:
        await sender.send(payload(0))
        since = time.monotonic()
        silent = await changed(page, opened, lambda tap: tap["silent_since"])
        assert 3 < time.monotonic() - since < 3 + LATE
        assert (silent["state"], silent["media"]) == ("tapping", True)
        await changed(page, opened, lambda tap: not tap["media"])
        assert SILENT_FOR < time.monotonic() - since < SILENT_FOR + LATE
        assert await closing(sender) == GIVEN_UP
    assert (await reasons(await closed_row(opened.tap)))[-1] == f"media closed: {GIVEN_UP[1]}"


async def vanishes(server: Server, user: User, opened: taps.OpenedTap) -> None:
    """The sender vanishes without a FIN: no ping is answered, and the server notices that."""
    async with server.console(user) as page, raw(server, opened) as (_, writer):
        writer.write(binary(payload(0)))
        await assert_stalled(page, opened, since=time.monotonic())
        gone = await changed(page, opened, lambda tap: not tap["media"])
    assert gone["silent_since"]
    row = await closed_row(opened.tap)
    assert (row.state, row.frames) == ("tapping", 1)
    assert (await reasons(row))[-1].startswith("media closed: the connection ")


async def assert_stalled(page: Connection, opened: taps.OpenedTap, since: float) -> None:
    """The live list is told after 3 s that no audio comes."""
    tap_id = str(opened.tap.pk)
    while (told := await message_of(page, "stall"))["tap"] != tap_id:
        pass
    assert told["stalled"]
    assert 3 < time.monotonic() - since < 3 + LATE


async def changed(
    page: Connection, opened: taps.OpenedTap, true: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """Return the tap as the live list shows it, once it fulfils a condition."""
    while True:
        update = await message_of(page, "call", within=SILENT_FOR + LATE)
        [tap] = update["call"]["legs"]
        if tap["id"] == str(opened.tap.pk) and true(tap):
            found: dict[str, Any] = tap
            return found


async def pauses_for_1_s(server: Server, user: User, opened: taps.OpenedTap) -> None:
    """A pause of less than 3 s is told to nobody, and loses nothing."""
    async with hearing(server, user, opened) as [ear]:
        async with server.tap(opened.uri) as sender:
            sent = await talk(sender, 0.5)
            await asyncio.sleep(1)
            sent += await talk(sender, 0.5)
        await assert_whole(ear, sent)
    assert stalls(ear) == []
    assert ear.gaps == []


async def pauses_for_5_s(server: Server, user: User, opened: taps.OpenedTap) -> None:
    """The tap stalls in each pause, and continues after a gap, in real time or with 5 s at once."""
    async with hearing(server, user, opened) as [ear]:
        async with server.tap(opened.uri) as sender:
            sent = await talk(sender, 0.5)
            await asyncio.sleep(5)
            resumed = [len(sent)]
            sent += await talk(sender, 0.5)
            await asyncio.sleep(5)
            resumed.append(len(sent))
            sent += await talk(sender, 5, at_once=True)
            await told(ear, [True, False, True, False])
        await assert_whole(ear, sent)
    assert ear.gaps == resumed  # a pause has no audio, so its time does not count


async def pauses_for_too_long(server: Server, user: User, opened: taps.OpenedTap) -> None:
    """The tap was given up meanwhile; when its sender connects again, it continues after a gap."""
    async with hearing(server, user, opened) as [ear]:
        async with server.tap(opened.uri) as sender:
            sent = await talk(sender, 0.5)
            silent = time.monotonic()
            await asyncio.sleep(SILENT_FOR + 1)
            assert await closing(sender) == GIVEN_UP
        async with server.tap(opened.uri) as sender:
            lost = time.monotonic() - silent
            sent += await talk(sender, SILENT_FOR, at_once=True)
            await told(ear, [True, False])
        await assert_whole(ear, sent, jumps=1)
    # The audio between the two connections is lost, but its time counts.
    [resumed] = ear.gaps
    assert SILENT_FOR * 8000 < resumed < (0.5 + lost + LATE) * 8000


async def test_a_flood_is_closed_and_disturbs_nobody_else(
    places: list[tuple[Server, User]],
) -> None:
    """It sends at 20 times real time, and so is 60 s ahead after little more than 3 s."""
    calls = [[await open_tap(f"call-{n}"), await open_tap(f"other-{n}")] for n in range(2)]
    await asyncio.gather(*(floods(*one, *both) for one, both in zip(places, calls, strict=True)))


async def floods(server: Server, user: User, opened: taps.OpenedTap, other: taps.OpenedTap) -> None:
    async with speaking(server, other), hearing(server, user, opened, other) as [_, ear]:
        await more([ear], 10)
        before = memory(server.process.pid)
        began = time.monotonic()
        async with server.tap(opened.uri) as sender:
            with pytest.raises(websockets.ConnectionClosed):
                await talk(sender, 120, speed=20)
            assert await closing(sender) == FLOODED
        took = time.monotonic() - began
        row = await closed_row(opened.tap)
        await more([ear], 10)
        grown = memory(server.process.pid) - before
    assert (await reasons(row))[-1] == f"media closed: {FLOODED[1]}"
    assert 60 <= row.bytes / 8000 <= 60 + 1.02 * took
    assert await ring_seconds(opened) < 40
    assert (ear.holes, ear.gaps) == ([], [])
    assert grown < 10 * 1024 * 1024


@contextlib.asynccontextmanager
async def raw(
    server: Server, opened: taps.OpenedTap
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a sender's connection that answers nothing by itself, such as pings."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    path = opened.uri[opened.uri.index("/tap/") :]
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def talk(
    sender: Connection, seconds: float, *, speed: float = 1.0, at_once: bool = False
) -> bytes:
    """Send so much audio, in real time or faster, and return it."""
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), b""
    for number in range(round(seconds / 0.02)):
        if not at_once:
            await asyncio.sleep(max(0.0, began + number * 0.02 / speed - loop.time()))
        await sender.send(payload(number))
        sent += payload(number)
    return sent


def stalls(ear: Ear) -> list[bool]:
    """Return what the listener was told about stalls since the tap began."""
    told = [one["stalled"] for one in ear.texts if one["type"] == "state"]
    assert told[0] is False  # that it began
    return told[1:]


async def told(ear: Ear, expected: list[bool]) -> None:
    async def look() -> bool:
        return stalls(ear) == expected

    await eventually(look)


async def assert_whole(ear: Ear, sent: bytes, *, jumps: int = 0) -> None:
    """All that was sent is heard once and in order, with so many jumps of time between."""

    async def heard() -> bool:
        return sum(map(frame.sample_count, ear.frames)) >= len(sent)

    await eventually(heard)
    pcm = b"".join(frame.samples(one) for one in ear.frames)
    assert pcm == g711.decode("PCMU", sent)
    ends = [at + frame.sample_count(one) for at, one in zip(ear.positions, ear.frames, strict=True)]
    assert sum(end != at for end, at in zip(ends, ear.positions[1:], strict=False)) == jumps


async def ring_seconds(opened: taps.OpenedTap) -> float:
    """Return how much audio of a tap Redis keeps."""
    async with ring_reader() as ring:
        frames = await ring.last_seconds(opened.tap.pk, 600)
    return sum(map(frame.sample_count, frames)) / 8000
