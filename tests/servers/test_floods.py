"""Clients that send far too many frames, through both servers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from django.contrib.auth.models import User
from websockets.frames import Frame, Opcode

from tests.support.framing import binary, framed
from tests.support.servers import Server, memory
from tests.support.talk import Connection, message_of, open_tap, payload
from tests.support.taps import closed_row
from tests.support.waiting import eventually

PING = framed(Opcode.PING, b"")
FLOOD = 40_000  # frames in one write


async def send_raw(connection: Connection, data: bytes) -> None:
    """Write bytes past the client library, and wait until the system has taken them."""
    connection.transport.write(data)

    async def written() -> bool:
        left = connection.transport.get_write_buffer_size()
        return not left or connection.transport.is_closing()

    await eventually(written)


FLOODS = {
    "pings": PING,
    "pongs": framed(Opcode.PONG, b""),
    "texts": framed(Opcode.TEXT, b"x"),
    "fragments": framed(Opcode.CONT, b"", fin=False),
}


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
async def test_a_page_that_floods_its_socket_is_closed_with_a_reason(
    each_server: Server, alice: User, frame: bytes
) -> None:
    begin = framed(Opcode.TEXT, b"", fin=False) if frame == FLOODS["fragments"] else b""
    async with each_server.console(alice) as page:
        await message_of(page, "snapshot")
        await send_raw(page, begin + frame * FLOOD)
        async for _ in endless(page):
            pass
    assert (page.close_code, (page.close_reason or "")[:8]) == (1008, "too many")
    assert "Traceback" not in each_server.said()


async def test_pings_in_one_write_are_answered_once_a_turn_and_the_newest_is(
    each_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        answered: list[bytes] = []
        monkeypatch.setattr(sender.protocol, "recv_frame", _seeing(sender, answered))
        pings = [framed(Opcode.PING, b"%d" % number) for number in range(50)]
        await send_raw(sender, b"".join(pings))

        async def newest() -> bool:
            return b"49" in answered

        await eventually(newest)
    assert len(answered) <= 10


def _seeing(sender: Connection, answered: list[bytes]) -> Any:
    """The client's own handling of a frame, which also notes the payload of every pong."""
    handle = sender.protocol.recv_frame

    def see(frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            answered.append(bytes(frame.data))
        handle(frame)

    return see


async def test_pongs_do_not_pile_up_for_a_client_that_never_reads(each_server: Server) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        sender.transport.pause_reading()
        before = memory(each_server.process.pid)
        with contextlib.suppress(ConnectionError):
            for _ in range(10):
                await send_raw(sender, framed(Opcode.PING, b"x" * 125) * 10_000)
        grown = memory(each_server.process.pid) - before
        sender.transport.abort()
    assert grown < 2 * 1024 * 1024


async def test_a_sender_that_makes_up_for_a_minute_in_one_write_is_heard_whole(
    each_server: Server,
) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await send_raw(sender, b"".join(binary(payload(number)) for number in range(2950)))
        await (await sender.ping())
    row = await closed_row(opened.tap)
    assert (row.frames, row.gaps) == (2950, 0)


async def test_nonsense_is_answered_a_few_times_and_then_closed(
    each_server: Server, alice: User
) -> None:
    async with each_server.console(alice) as page:
        await message_of(page, "snapshot")
        # It reads meanwhile: who leaves 16 answers unread is too late for the close frame.
        async with asyncio.TaskGroup() as group:
            group.create_task(flood(page, 400))
            answers = [json.loads(one)["type"] async for one in endless(page)].count("error")
    assert (page.close_code, page.close_reason) == (1008, "too many messages that make no sense")
    assert 200 <= answers < 300


async def flood(page: Connection, messages: int) -> None:
    """Send nonsense until the other side closes."""
    with contextlib.suppress(websockets.ConnectionClosed):
        for _ in range(messages):
            await page.send("x")


async def endless(page: Connection) -> AsyncIterator[str | bytes]:
    """All messages until the other side closes, for whatever reason."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async for one in page:
            yield one
