"""One tap's audio on its way in. The clock is a number, the writer a list."""

from __future__ import annotations

import asyncio
import datetime
import json
import random
import uuid
from typing import Any, NamedTuple

import pytest

from monitor import media
from monitor.audio import frame, g711, level
from monitor.audio.frame import Flag, Leg
from monitor.live import pipeline
from monitor.live.stream import Flood, PacketStream, TapStream
from monitor.live.streams import TICK, Streams

CHUNK = 480  # samples, CHUNK_MS = 60
PACKET = 160  # bytes, 20 ms
LOUD = bytes([0x80]) * PACKET  # mu-law, +32124


class Clock:
    """Stands for the time module."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round(self.now * 1e9)


class Sent(NamedTuple):
    position: int
    data: bytes

    @property
    def flags(self) -> Flag:
        return frame.unpack_header(self.data).flags


class Recorder(pipeline.Writer):
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.ended: list[pipeline.Source] = []
        self.levels: list[dict[str, Any]] = []
        self.packets: list[dict[str, Any] | None] = []
        self.events: list[dict[str, Any]] = []

    def add(self, source: pipeline.Source, position: int, data: bytes) -> None:
        self.sent.append(Sent(position, data))

    def meters(self, payload: str) -> None:
        batch = json.loads(payload)
        self.levels.append(batch["levels"])
        self.packets.append(batch.get("packets"))

    def event(self, payload: str) -> None:
        self.events.append(json.loads(payload))

    def end(self, source: pipeline.Source) -> None:
        self.ended.append(source)

    @property
    def pcm(self) -> bytes:
        return b"".join(frame.samples(one.data) for one in self.sent)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("stream", "streams"):
        monkeypatch.setattr(f"monitor.live.{module}.time", clock)
    return clock


@pytest.fixture
def writer() -> Recorder:
    return Recorder()


@pytest.fixture
def tap(writer: Recorder, clock: Clock) -> TapStream:
    return TapStream(uuid.uuid4(), "both", writer)


def talk(tap: TapStream, clock: Clock, seconds: float, speed: float = 1.0) -> None:
    """Feed 20 ms packets for so many seconds of audio, in real time or faster."""
    for _ in range(round(seconds * 50)):
        clock.now += 0.02 / speed
        tap.feed(LOUD)


# Joining and decoding


@pytest.mark.parametrize("codec", g711.CODECS)
def test_packets_of_any_length_become_chunks_of_60_ms_byte_for_byte(
    tap: TapStream, writer: Recorder, codec: g711.Codec
) -> None:
    chance = random.Random(42)
    call = chance.randbytes(100_000)
    tap.codec = codec
    rest = call
    while rest:
        size = chance.choice([0, 1, 7, 159, 160, 161, 479, 480, 481, 960, 5000])
        tap.feed(rest[:size])
        rest = rest[size:]
    tap.flush()
    assert writer.pcm == g711.decode(codec, call)
    sizes = [frame.sample_count(one.data) for one in writer.sent]
    assert set(sizes[:-1]) == {CHUNK}
    assert sizes[-1] == len(call) % CHUNK


def test_positions_follow_each_other_without_hole_or_overlap(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 6)
    assert [one.position for one in writer.sent] == list(range(0, 48_000, CHUNK))
    for one in writer.sent:
        assert frame.unpack_header(one.data).position == one.position


def test_a_chunk_goes_out_with_its_last_byte_and_not_before(
    tap: TapStream, writer: Recorder
) -> None:
    tap.feed(bytes(CHUNK - 1))
    assert not writer.sent
    tap.feed(bytes(1))
    assert len(writer.sent) == 1


@pytest.mark.parametrize(
    ("direction", "leg"), [("both", Leg.BOTH), ("speak", Leg.SPEAK), ("listen", Leg.LISTEN)]
)
def test_a_frame_names_its_leg_and_when_it_was_received(
    writer: Recorder, clock: Clock, direction: str, leg: Leg
) -> None:
    clock.now = 1234.5
    TapStream(uuid.uuid4(), direction, writer).feed(bytes(CHUNK))
    header = frame.unpack_header(writer.sent[0].data)
    assert (header.leg, header.received_at) == (leg, 1_234_500_000)


def test_the_position_in_a_frame_wraps_and_the_one_for_the_bus_does_not(
    writer: Recorder, clock: Clock
) -> None:
    last = (1 << 32) - CHUNK
    TapStream(uuid.uuid4(), "both", writer, last).feed(bytes(2 * CHUNK))
    assert [one.position for one in writer.sent] == [last, 1 << 32]
    assert frame.unpack_header(writer.sent[1].data).position == 0


def test_closing_sends_the_rest_and_lets_the_ring_expire(tap: TapStream, writer: Recorder) -> None:
    tap.feed(LOUD)
    tap.close()
    assert [frame.sample_count(one.data) for one in writer.sent] == [PACKET]
    assert len(writer.ended) == 1


def test_closing_after_a_whole_chunk_sends_no_empty_frame(tap: TapStream, writer: Recorder) -> None:
    tap.feed(bytes(CHUNK))
    tap.close()
    assert len(writer.sent) == 1


# Gaps


def test_audio_without_a_pause_has_no_gap(tap: TapStream, clock: Clock, writer: Recorder) -> None:
    talk(tap, clock, 60)
    assert {one.flags for one in writer.sent} == {Flag.NONE}
    assert tap.counted().gaps == 0


def test_a_pause_of_3_s_is_no_gap(tap: TapStream, clock: Clock, writer: Recorder) -> None:
    talk(tap, clock, 0.6)
    clock.now += 2.97
    talk(tap, clock, 0.6)
    assert {one.flags for one in writer.sent} == {Flag.NONE}


def test_the_first_frame_after_more_than_3_s_of_silence_says_gap_and_only_it(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.64)  # ten chunks and 40 ms
    clock.now += 3.1
    talk(tap, clock, 0.6)
    gaps = [one.position for one in writer.sent if one.flags & Flag.GAP]
    assert gaps == [round(0.64 * 8000)]
    assert tap.counted().gaps == 1


def test_what_was_said_before_a_silence_is_not_joined_to_what_comes_after(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.feed(LOUD)
    clock.now += 4
    tap.feed(bytes(CHUNK))
    assert [frame.sample_count(one.data) for one in writer.sent] == [PACKET, CHUNK]
    assert [one.flags for one in writer.sent] == [Flag.NONE, Flag.GAP]


def test_a_silence_does_not_move_the_position(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    clock.now += 20
    talk(tap, clock, 0.6)
    assert [one.position for one in writer.sent] == list(range(0, 9600, CHUNK))


def test_a_connection_that_continues_a_tap_begins_with_a_gap(
    writer: Recorder, clock: Clock
) -> None:
    again = TapStream(uuid.uuid4(), "both", writer, position=123_456)
    again.feed(bytes(2 * CHUNK))
    assert [(one.position, one.flags) for one in writer.sent] == [
        (123_456, Flag.GAP),
        (123_456 + CHUNK, Flag.NONE),
    ]


def test_the_first_connection_begins_without_a_gap(tap: TapStream, writer: Recorder) -> None:
    tap.feed(bytes(CHUNK))
    assert writer.sent[0].flags == Flag.NONE


# Flood


def test_more_than_60_s_ahead_of_real_time_is_a_flood(tap: TapStream, writer: Recorder) -> None:
    for _ in range(60):
        tap.feed(bytes(8000))
    with pytest.raises(Flood, match=r"^over 60 s of audio ahead of real time$"):
        tap.feed(LOUD)
    assert len(writer.pcm) == 60 * 8000 * 2


def test_a_sender_at_twice_the_speed_is_a_flood_after_a_minute(
    tap: TapStream, clock: Clock
) -> None:
    talk(tap, clock, 119, speed=2)
    with pytest.raises(Flood):
        talk(tap, clock, 4, speed=2)


@pytest.mark.parametrize("rate", [49.5, 50.5])
def test_a_sender_whose_clock_is_1_percent_off_is_no_flood_in_two_hours(
    tap: TapStream, clock: Clock, rate: float
) -> None:
    for _ in range(round(7200 * rate)):
        clock.now += 1 / rate
        tap._arrived(PACKET)


def test_a_sender_at_twenty_times_the_speed_is_a_flood_within_4_s(
    tap: TapStream, clock: Clock
) -> None:
    began = clock.now
    with pytest.raises(Flood):
        talk(tap, clock, 600, speed=20)
    assert clock.now - began < 4


def test_40_s_of_pause_and_40_s_at_once_are_no_flood(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 10)
    for _ in range(5):
        clock.now += 40
        for _ in range(40 * 50):
            tap.feed(LOUD)
    tap.flush()
    assert len(writer.pcm) == (10 + 5 * 40) * 8000 * 2


def test_an_hour_in_real_time_is_no_flood(tap: TapStream, clock: Clock) -> None:
    talk(tap, clock, 3600)


def test_a_long_pause_is_no_credit_for_more_than_60_s(tap: TapStream, clock: Clock) -> None:
    clock.now += 3600
    for _ in range(60):
        tap.feed(bytes(8000))
    with pytest.raises(Flood):
        tap.feed(LOUD)


# Counters


def test_counters_say_what_came_since_the_last_look(tap: TapStream, clock: Clock) -> None:
    talk(tap, clock, 1)
    count = tap.counted()
    assert (count.frames, count.bytes, count.gaps) == (50, 8000, 0)
    again = tap.counted()
    assert (again.frames, again.bytes, again.gaps) == (0, 0, 0)


def test_an_empty_message_is_no_frame_and_no_sign_of_life(tap: TapStream, clock: Clock) -> None:
    clock.now += 4
    tap.feed(b"")
    assert tap.counted().frames == 0
    assert tap.stalled


def test_a_stream_knows_when_audio_last_came(tap: TapStream, clock: Clock) -> None:
    talk(tap, clock, 1)
    clock.now += 2
    ago = datetime.datetime.now(datetime.UTC) - tap.heard_at
    assert ago.total_seconds() == pytest.approx(2, abs=0.5)


def test_audio_that_the_bus_had_to_drop_counts_as_one_gap(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 1)
    tap._source.dropped = 17
    assert tap.counted().gaps == 1
    assert tap.counted().gaps == 0


# Levels, stalls and the end


@pytest.fixture
def streams(writer: Recorder, tap: TapStream) -> Streams:
    streams = Streams(writer)
    streams.add(tap)
    return streams


def test_a_tick_tells_rms_and_peak_of_the_last_chunk(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    streams.tick()
    loud = round(level.dbfs(32124), 1)
    assert writer.levels == [{str(tap.tap_id): [loud, loud]}]


def test_a_tap_that_has_sent_nothing_yet_is_silent(
    streams: Streams, tap: TapStream, writer: Recorder
) -> None:
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): [-96.0, -96.0]}]


def test_no_taps_are_no_batch(writer: Recorder) -> None:
    Streams(writer).tick()
    assert writer.levels == []


def test_one_batch_has_every_tap_of_the_process(
    streams: Streams, tap: TapStream, writer: Recorder
) -> None:
    other = TapStream(uuid.uuid4(), "speak", writer)
    streams.add(other)
    streams.tick()
    assert set(writer.levels[0]) == {str(tap.tap_id), str(other.tap_id)}


def test_a_tap_that_was_removed_is_in_no_batch(
    streams: Streams, tap: TapStream, writer: Recorder
) -> None:
    streams.remove(tap)
    streams.remove(tap)
    streams.tick()
    assert len(streams) == 0
    assert writer.levels == []


def test_a_stalled_tap_has_null_for_its_levels(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    clock.now += 3.1
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): None}]


def test_the_packets_of_rtp_taps_go_with_one_batch_in_a_second(
    streams: Streams, clock: Clock, writer: Recorder
) -> None:
    """Without the zeros, and without the taps that have no packets."""
    rtp = PacketStream(uuid.uuid4(), "both", writer)
    rtp.figures = lambda: {"received": 50, "lost": -1, "late": 0, "jitter_ms": 0.25}
    streams.add(rtp)
    tick_for(streams, clock, 3)
    told = [batch for batch in writer.packets if batch is not None]
    assert len(writer.packets) == 15
    assert told == [{str(rtp.tap_id): {"received": 50, "lost": -1, "jitter_ms": 0.25}}] * 3


def test_taps_over_websockets_alone_have_no_packets(
    streams: Streams, clock: Clock, writer: Recorder
) -> None:
    tick_for(streams, clock, 3)
    assert set(writer.packets) == {None}


def stalls(writer: Recorder) -> list[bool]:
    assert all(event["type"] == "stall" for event in writer.events)
    return [event["stalled"] for event in writer.events]


def tick_for(streams: Streams, clock: Clock, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        clock.now += TICK
        streams.tick()


def test_a_stall_is_told_once_and_taken_back_once(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tick_for(streams, clock, 20)
    assert stalls(writer) == [True]
    for _ in range(20):
        tap.feed(LOUD)
        tick_for(streams, clock, 0.2)
    assert stalls(writer) == [True, False]
    assert writer.events[0]["tap"] == str(tap.tap_id)


def test_a_stall_sends_on_what_waited_for_a_full_chunk(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.feed(LOUD)
    tick_for(streams, clock, 4)
    assert [frame.sample_count(one.data) for one in writer.sent] == [PACKET]


def test_a_connection_that_takes_over_from_a_stalled_one_takes_its_stall_back(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    """Nobody else would: the stalled one may be of another process, and gone."""
    tick_for(streams, clock, 4)
    streams.add(TapStream(tap.tap_id, "both", writer, position=CHUNK))
    tick_for(streams, clock, 1)
    assert stalls(writer) == [True, False]


@pytest.mark.parametrize("order", [1, -1])
def test_a_stalled_connection_does_not_hide_the_levels_of_the_one_that_took_over(
    streams: Streams, tap: TapStream, clock: Clock, writer: Recorder, order: int
) -> None:
    clock.now += 4
    both = [tap, TapStream(tap.tap_id, "both", writer, position=CHUNK)]
    streams._streams = dict.fromkeys(both[::order])  # type: ignore[assignment]
    streams.tick()
    assert writer.levels == [{str(tap.tap_id): [-96.0, -96.0]}]


def test_a_connection_without_audio_for_as_long_as_is_set_is_given_up_once(
    streams: Streams, tap: TapStream, clock: Clock, settings: Any
) -> None:
    """Once: giving up cancels a task, and its last words must not be cancelled too."""
    given_up: list[float] = []
    tap.on_silent = lambda: given_up.append(clock.now)
    settings.SILENT_FOR = 30
    tick_for(streams, clock, 29.8)
    assert given_up == []
    tick_for(streams, clock, 10)
    assert len(given_up) == 1
    assert given_up[0] - 1000 == pytest.approx(30, abs=2 * TICK)


def test_a_connection_is_not_given_up_while_audio_comes(
    streams: Streams, tap: TapStream, clock: Clock, settings: Any
) -> None:
    given_up: list[float] = []
    tap.on_silent = lambda: given_up.append(clock.now)
    settings.SILENT_FOR = 30
    for _ in range(10):
        tick_for(streams, clock, 29)
        tap.feed(LOUD)
    assert given_up == []


# Checkpoints


class Book:
    """Stands for the database: what was written down, and how often it fails first."""

    def __init__(self, fails: int = 0) -> None:
        self.frames = self.bytes = self.gaps = 0
        self._fails = fails
        self.over: set[str] = set()  # connections that lost their tap

    def write(self, counts: list[tuple[uuid.UUID, str, media.Count]]) -> set[str]:
        if self._fails:
            self._fails -= 1
            raise RuntimeError("database is locked")
        for _, _, count in counts:
            self.frames += count.frames
            self.bytes += count.bytes
            self.gaps += count.gaps
        return self.over


# The counters' thread looks after its connection, which only a test with a database may.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [0, 1, 3])
async def test_a_checkpoint_that_fails_loses_no_counts(
    streams: Streams,
    tap: TapStream,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: int,
) -> None:
    book = Book(fails)
    monkeypatch.setattr("monitor.live.streams._write_counts", book.write)
    for _ in range(4):
        talk(tap, clock, 1)
        tap._source.dropped = 5
        await streams.checkpoint([tap])
    assert (book.frames, book.bytes, book.gaps) == (200, 32_000, 4)
    assert caplog.text.count("counters not written") == fails


@pytest.mark.django_db(transaction=True)
async def test_every_stream_s_counters_are_written_down_again_and_again(
    writer: Recorder, tap: TapStream, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book()
    monkeypatch.setattr("monitor.live.streams._write_counts", book.write)
    monkeypatch.setattr("monitor.live.streams.CHECKPOINT", 0.0)
    streams = Streams(writer)
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
async def test_a_connection_that_lost_its_tap_is_told_at_the_next_checkpoint(
    streams: Streams, tap: TapStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, told = Book(), []
    monkeypatch.setattr("monitor.live.streams._write_counts", book.write)
    tap.socket, tap.on_over = "mine", lambda: told.append("over")
    await streams.checkpoint([tap])
    assert told == []
    book.over = {"mine"}
    await streams.checkpoint([tap])
    assert told == ["over"]
