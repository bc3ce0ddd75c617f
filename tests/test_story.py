"""The whole path once: from an agent's tool call to a supervisor's ear, and into the history."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from django.contrib.auth.models import User

from monitor.audio import g711
from monitor.models import Tap, TapEvent
from monitor.sim import voice
from monitor.sim.call import Script, make_caller
from monitor.sim.ear import Frame, Supervisor
from monitor.sim.platform import Platform, TapOrder
from tests.support.accounts import account
from tests.support.servers import Server
from tests.support.waiting import eventually

PACKETS = 60  # of 20 ms


@pytest.fixture
def agents_server(transactional_db: Any, static_files: None) -> Iterator[Server]:
    with Server(app="agents.asgi:application") as server:
        yield server


async def heard_while_spoken(
    server: Server, order: TapOrder, supervisor: Supervisor, packets: list[bytes]
) -> bytes:
    tap = await Tap.objects.aget(control_id=order.control_id)
    wanted = 2 * sum(map(len, packets))
    heard = b""
    async with supervisor.listen(str(tap.pk)) as ear, server.tap(order.uri) as sender:
        messages = aiter(ear)
        hello = await anext(messages)
        assert not isinstance(hello, Frame)
        assert hello["type"] == "hello"
        await sender.send('{"content-type":"audio/mulaw;rate=8000"}')
        for packet in packets:
            await sender.send(packet)
        while len(heard) < wanted:
            message = await anext(messages)
            if isinstance(message, Frame):
                heard += message.pcm
    return heard


async def test_what_the_caller_says_is_what_the_supervisor_hears(
    agents_server: Server, alice: User
) -> None:
    caller = make_caller(1, Script())
    packets = list(itertools.islice(voice.frames("both", "PCMU", 1), PACKETS))
    supervisor = await Supervisor.sign_in(agents_server.url, "alice", "alice's password")
    async with aiohttp.ClientSession() as http:
        platform = Platform(account(agents_server), http)
        swml = await platform.answer(caller)
        [order] = await platform.start_monitoring(caller, swml, "both")
        await platform.post_status(caller, order, "tapping")
        heard = await heard_while_spoken(agents_server, order, supervisor, packets)
        await platform.post_status(caller, order, "finished")

    assert heard == g711.decode("PCMU", b"".join(packets))

    async def closed() -> Tap | None:
        return await Tap.objects.filter(media_closed_at__isnull=False).afirst()

    tap: Tap = await eventually(closed)
    assert (tap.state, tap.frames, tap.bytes, tap.gaps) == ("finished", PACKETS, PACKETS * 160, 0)
    moves = [
        (event.old, event.new)
        async for event in TapEvent.objects.filter(tap=tap)
        if event.old != event.new
    ]
    assert moves == [("", "requested"), ("requested", "tapping"), ("tapping", "finished")]
