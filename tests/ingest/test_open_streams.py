"""OpenStreams publishes levels and stalls, writes counters, and ends what is silent too long."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest
from django.db import DatabaseError

from monitor.audio import level
from monitor.bus.ring import EPOCH
from monitor.ingest.open_streams import TICK, OpenStreams
from monitor.ingest.stream import PacketStream, TapStream
from monitor.limits import Limits
from monitor.services import media, pauses
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame
from tests.support.streams import CHUNK, LIMITS, LOUD, PACKET, Clock, Recorder, talk


def stalls(writer: Recorder) -> list[bool]:
    assert all(event["type"] == "stall" for event in writer.events)
    return [event["stalled"] for event in writer.events]


def tick_for(streams: OpenStreams, clock: Clock, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        clock.now += TICK
        streams.tick()


class InOrder(set[TapStream]):
    """A set that is gone through in the order of a list."""

    def __init__(self, streams: list[TapStream]) -> None:
        super().__init__(streams)
        self._order = streams

    def __iter__(self) -> Iterator[TapStream]:
        return iter(self._order)


class Book:
    """Stands for the database: it sums up what is written, and may fail a few times first."""

    def __init__(self, fails: int = 0) -> None:
        self.frames = self.bytes = self.gaps = 0
        self._fails = fails
        self.over: set[str] = set()  # connections that lost their tap
        self.paused: dict[uuid.UUID, datetime.datetime] = {}  # since when, by tap

    def write(
        self, counts: list[tuple[uuid.UUID, str, media.Count]]
    ) -> tuple[set[str], dict[uuid.UUID, datetime.datetime]]:
        if self._fails:
            self._fails -= 1
            raise RuntimeError("database is locked")
        for _, _, count in counts:
            self.frames += count.frames
            self.bytes += count.bytes
            self.gaps += count.gaps
        return self.over, self.paused


def test_a_tick_publishes_rms_and_peak_of_the_last_chunk(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    streams.tick()
    loud = round(level.dbfs(32124), 1)
    assert writer.levels == [{str(tap.tap_id): [loud, loud]}]


def test_a_tap_without_audio_yet_is_published_as_silent(
    streams: OpenStreams, tap: TapStream, writer: Recorder
) -> None:
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): [-96.0, -96.0]}]


def test_without_taps_no_batch_is_published(writer: Recorder) -> None:
    OpenStreams(writer, LIMITS).tick()
    assert writer.levels == []


def test_a_batch_has_every_tap_of_the_process(
    streams: OpenStreams, tap: TapStream, writer: Recorder
) -> None:
    other = TapStream(uuid.uuid4(), "speak", writer, AudioCounts(), LIMITS)
    streams.add(other)
    streams.tick()
    assert set(writer.levels[0]) == {str(tap.tap_id), str(other.tap_id)}


def test_a_tap_that_was_removed_is_in_no_batch(
    streams: OpenStreams, tap: TapStream, writer: Recorder
) -> None:
    streams.remove(tap)
    streams.remove(tap)
    streams.tick()
    assert len(streams) == 0
    assert writer.levels == []


def test_a_stalled_tap_has_null_for_its_levels(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    clock.now += 3.1
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): None}]


def test_the_packet_figures_of_rtp_taps_go_with_one_batch_a_second(
    streams: OpenStreams, clock: Clock, writer: Recorder
) -> None:
    """Figures that are zero are left out, and so are taps without packets."""
    rtp = PacketStream(uuid.uuid4(), "both", writer, AudioCounts(), LIMITS)
    rtp.figures = lambda: {"received": 50, "lost": -1, "late": 0, "jitter_ms": 0.25}
    streams.add(rtp)
    tick_for(streams, clock, 3)
    told = [batch for batch in writer.packets if batch is not None]
    assert len(writer.packets) == 15
    assert told == [{str(rtp.tap_id): {"received": 50, "lost": -1, "jitter_ms": 0.25}}] * 3


def test_taps_over_websockets_have_no_packet_figures(
    streams: OpenStreams, clock: Clock, writer: Recorder
) -> None:
    tick_for(streams, clock, 3)
    assert set(writer.packets) == {None}


def test_a_stall_is_published_once_and_its_end_once(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tick_for(streams, clock, 20)
    assert stalls(writer) == [True]
    for _ in range(20):
        tap.feed(LOUD)
        tick_for(streams, clock, 0.2)
    assert stalls(writer) == [True, False]
    assert writer.events[0]["tap"] == str(tap.tap_id)


def test_a_stall_sends_on_what_waited_for_a_full_chunk(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.feed(LOUD)
    tick_for(streams, clock, 4)
    assert [frame.sample_count(one.data) for one in writer.sent] == [PACKET]


def test_a_connection_that_takes_over_ends_the_stall_of_the_last_one(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    """Nobody else would: the stalled connection may have been another process's, and be gone."""
    tick_for(streams, clock, 4)
    streams.add(TapStream(tap.tap_id, "both", writer, AudioCounts(), LIMITS, position=CHUNK))
    tick_for(streams, clock, 1)
    assert stalls(writer) == [True, False]


@pytest.mark.parametrize("order", [1, -1])
def test_a_stalled_connection_does_not_hide_the_levels_of_the_one_that_took_over(
    streams: OpenStreams, tap: TapStream, clock: Clock, writer: Recorder, order: int
) -> None:
    clock.now += 4
    both = [tap, TapStream(tap.tap_id, "both", writer, AudioCounts(), LIMITS, position=CHUNK)]
    streams._streams = InOrder(both[::order])
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): [-96.0, -96.0]}]


def test_a_connection_is_given_up_once_after_the_set_time_without_audio(
    streams: OpenStreams, tap: TapStream, clock: Clock
) -> None:
    """Only once: giving up cancels a task, and what it does last must not be cancelled too."""
    given_up: list[float] = []
    tap.on_silent = lambda: given_up.append(clock.now)
    tick_for(streams, clock, 29.8)
    assert given_up == []
    tick_for(streams, clock, 10)
    assert len(given_up) == 1
    assert given_up[0] - 1000 == pytest.approx(30, abs=2 * TICK)


def test_a_connection_is_not_given_up_while_audio_comes(
    streams: OpenStreams, tap: TapStream, clock: Clock
) -> None:
    given_up: list[float] = []
    tap.on_silent = lambda: given_up.append(clock.now)
    for _ in range(10):
        tick_for(streams, clock, 29)
        tap.feed(LOUD)
    assert given_up == []


# The thread that writes counters closes old database connections, so the test needs a database.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [0, 1, 3])
async def test_a_checkpoint_that_fails_loses_no_counts(
    streams: OpenStreams,
    tap: TapStream,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: int,
) -> None:
    book = Book(fails)
    monkeypatch.setattr("monitor.ingest.open_streams._write_counts", book.write)
    for _ in range(4):
        talk(tap, clock, 1)
        tap._ring.dropped = 5
        await streams.checkpoint([tap])
    assert (book.frames, book.bytes, book.gaps) == (200, 32_000, 4)
    assert caplog.text.count("counters were not written") == fails


@pytest.mark.django_db(transaction=True)
async def test_the_counters_of_each_stream_are_written_at_every_checkpoint(
    writer: Recorder, tap: TapStream, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book()
    monkeypatch.setattr("monitor.ingest.open_streams._write_counts", book.write)
    streams = OpenStreams(writer, Limits(checkpoint_every=0.0))
    streams.add(tap)
    loop = asyncio.create_task(streams.count())
    for seconds in (1, 2):
        talk(tap, clock, 1)
        async with asyncio.timeout(5):
            while book.frames < 50 * seconds:
                await asyncio.sleep(0)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert (book.frames, book.bytes) == (100, 100 * PACKET)


@pytest.mark.django_db(transaction=True)
async def test_a_connection_that_lost_its_tap_ends_at_the_next_checkpoint(
    streams: OpenStreams, tap: TapStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, told = Book(), []
    monkeypatch.setattr("monitor.ingest.open_streams._write_counts", book.write)
    tap.socket, tap.on_over = "mine", lambda: told.append("over")
    await streams.checkpoint([tap])
    assert told == []
    book.over = {"mine"}
    await streams.checkpoint([tap])
    assert told == ["over"]


@pytest.mark.django_db
class TestPauses:
    """What the database has counts where nobody told this process."""

    async def test_a_checkpoint_follows_a_pause_and_its_end(
        self, streams: OpenStreams, tap: TapStream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        book = Book()
        monkeypatch.setattr("monitor.ingest.open_streams._write_counts", book.write)
        for paused in ({tap.tap_id: EPOCH}, {}):
            book.paused = paused
            await streams.checkpoint([tap])
            assert tap.is_paused == bool(paused)

    async def test_a_pause_that_was_not_told_begins_before_anything_queued_is_sent(
        self, streams: OpenStreams, tap: TapStream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pauses, "began_at", lambda taps: {tap.tap_id: EPOCH})
        await streams.before_sending()
        assert tap.is_paused

    async def test_what_is_told_meanwhile_is_newer(
        self, streams: OpenStreams, tap: TapStream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def began_at(taps: object) -> dict[uuid.UUID, datetime.datetime]:
            streams.follow_pause(tap.tap_id, None)
            return {tap.tap_id: EPOCH}

        monkeypatch.setattr(pauses, "began_at", began_at)
        await streams.check_pauses([tap])
        assert not tap.is_paused

    async def test_while_the_database_is_away_nothing_is_sent(
        self, streams: OpenStreams, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(taps: object) -> NoReturn:
            raise DatabaseError

        monkeypatch.setattr(pauses, "began_at", fail)
        with pytest.raises(ConnectionError):
            await streams.before_sending()
