"""A TapStream joins, decodes and counts one tap's audio on its way in."""

from __future__ import annotations

import datetime
import random
import uuid

import pytest

from monitor.audio import g711
from monitor.ingest.stream import TapStream
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame
from monitor.wire.frame import Leg
from tests.support.streams import CHUNK, LIMITS, LOUD, PACKET, Clock, Recorder, talk


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


def test_a_chunk_is_sent_with_its_last_byte_and_not_before(
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
    TapStream(uuid.uuid4(), direction, writer, AudioCounts(), LIMITS).feed(bytes(CHUNK))
    header = frame.unpack_header(writer.sent[0].data)
    assert (header.leg, header.received_at) == (leg, 1_234_500_000)


def test_the_position_in_a_frame_wraps_and_the_one_for_the_bus_does_not(
    writer: Recorder, clock: Clock
) -> None:
    last = (1 << 32) - CHUNK
    TapStream(uuid.uuid4(), "both", writer, AudioCounts(), LIMITS, last).feed(bytes(2 * CHUNK))
    assert [one.position for one in writer.sent] == [last, 1 << 32]
    assert frame.unpack_header(writer.sent[1].data).position == 0


def test_closing_sends_the_remaining_audio_and_lets_the_ring_expire(
    tap: TapStream, writer: Recorder
) -> None:
    tap.feed(LOUD)
    tap.close()
    assert [frame.sample_count(one.data) for one in writer.sent] == [PACKET]
    assert len(writer.ended) == 1


def test_closing_after_a_whole_chunk_sends_no_empty_frame(tap: TapStream, writer: Recorder) -> None:
    tap.feed(bytes(CHUNK))
    tap.close()
    assert len(writer.sent) == 1


def test_counters_hold_what_came_since_they_were_last_read(tap: TapStream, clock: Clock) -> None:
    talk(tap, clock, 1)
    count = tap.counted()
    assert (count.frames, count.bytes, count.gaps) == (50, 8000, 0)
    again = tap.counted()
    assert (again.frames, again.bytes, again.gaps) == (0, 0, 0)


def test_an_empty_message_is_not_counted_and_does_not_end_a_stall(
    tap: TapStream, clock: Clock
) -> None:
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
    tap._ring.dropped = 17
    assert tap.counted().gaps == 1
    assert tap.counted().gaps == 0
