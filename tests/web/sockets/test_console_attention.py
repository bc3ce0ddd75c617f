"""What a console is sent of the calls' last minute, and of those that need attention."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from monitor.audio import g711
from monitor.sim import voice
from tests.support.servers import Server
from tests.support.talk import Connection, json_message, message_of, open_tap
from tests.support.waiting import eventually

SILENCE = g711.SILENCE["PCMU"]


@contextlib.asynccontextmanager
async def sending(tap: Connection, audio: Iterator[bytes]) -> AsyncIterator[None]:
    """Send frames of 20 ms in real time until the block is left."""

    async def send() -> None:
        for frame in audio:
            await tap.send(frame)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(send())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def speech() -> Iterator[bytes]:
    return voice.frames("both", "PCMU", 1)


async def second_of(page: Connection, tap_id: str) -> tuple[int, int]:
    """Return the next second that a console is told of, and the tap's bar."""
    while True:
        told = await message_of(page, "meters")
        if "second" in told:
            bars = dict(zip(told["levels"], base64.b64decode(told["bars"]), strict=True))
            return told["second"], bars[tap_id]


async def test_a_page_that_opens_has_the_bars_that_an_open_page_was_sent(
    server: Server, alice: User
) -> None:
    opened = await open_tap()
    tap_id = str(opened.tap.pk)
    async with server.console(alice) as page, server.tap(opened.uri) as tap:
        async with sending(tap, speech()):
            told = [await second_of(page, tap_id) for _ in range(4)]
        async with server.console(alice) as other:
            snapshot = await json_message(other)
    [leg] = snapshot["calls"][0]["legs"]
    strip = base64.b64decode(leg["strip"]["bytes"])
    assert len(strip) == 60
    newest = leg["strip"]["end"]
    assert [strip[59 - newest + second] for second, _ in told] == [bar for _, bar in told]
    assert sum(bar > 0 for _, bar in told) >= 2  # a busy machine may send nothing for a second
    assert any(bar > 128 for _, bar in told)


async def test_a_call_in_which_nobody_speaks_needs_attention_until_somebody_does(
    transactional_db: None, alice: User, alone: str
) -> None:
    """The server has a Redis of its own: another server of the run would be the one that judges."""
    with Server(DEAD_AIR_SECONDS="2", REDIS_URL=alone) as server:

        async def watched() -> bool:
            async with server.console(alice) as page:
                watched: bool = (await json_message(page))["attention_watched"]
                return watched

        await eventually(watched)
        opened = await open_tap()
        async with server.console(alice) as page, server.tap(opened.uri) as tap:
            async with sending(tap, itertools.repeat(SILENCE)):
                call = await attention_of(page, 1)
            assert call["attention"][0]["kind"] == "dead_air"
            since = datetime.datetime.fromisoformat(call["attention"][0]["since"])
            assert timezone.now() - since >= datetime.timedelta(seconds=2)  # not when it was judged
            async with sending(tap, speech()):
                assert (await attention_of(page, 0))["version"] > call["version"]


async def attention_of(page: Connection, count: int) -> dict[str, Any]:
    """Return the next call that needs attention for so many reasons, once its media is open."""
    while True:
        call: dict[str, Any] = (await message_of(page, "call"))["call"]
        if call["legs"][0]["media"] and len(call["attention"]) == count:
            return call


async def test_nobody_watches_where_voices_are_not_looked_for(
    transactional_db: None, alice: User, alone: str
) -> None:
    with Server(VOICE_ACTIVITY="false", REDIS_URL=alone) as server:
        async with server.console(alice) as page:
            assert (await json_message(page))["attention_watched"] is False
