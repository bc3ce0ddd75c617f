"""A TapStream marks the Frames before which audio is missing."""

from __future__ import annotations

import uuid

from monitor.ingest.stream import TapStream
from monitor.telemetry.metrics import AudioCounts
from monitor.wire import frame
from monitor.wire.frame import Flag
from tests.support.streams import CHUNK, LIMITS, LOUD, PACKET, Clock, Recorder, talk


def test_audio_without_a_pause_has_no_gap(tap: TapStream, clock: Clock, writer: Recorder) -> None:
    talk(tap, clock, 60)
    assert {one.flags for one in writer.sent} == {Flag.NONE}
    assert tap.counted().gaps == 0


def test_a_pause_of_3_s_is_no_gap(tap: TapStream, clock: Clock, writer: Recorder) -> None:
    talk(tap, clock, 0.6)
    clock.now += 2.97
    talk(tap, clock, 0.6)
    assert {one.flags for one in writer.sent} == {Flag.NONE}


def test_only_the_first_frame_after_over_3_s_of_silence_has_the_gap_flag(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.64)  # ten chunks and 40 ms
    clock.now += 3.1
    talk(tap, clock, 0.6)
    gaps = [one.position for one in writer.sent if one.flags & Flag.GAP]
    assert gaps == [round(0.64 * 8000)]
    assert tap.counted().gaps == 1


def test_audio_before_a_silence_is_not_joined_to_audio_after_it(
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
    again = TapStream(uuid.uuid4(), "both", writer, AudioCounts(), LIMITS, position=123_456)
    again.feed(bytes(2 * CHUNK))
    assert [(one.position, one.flags) for one in writer.sent] == [
        (123_456, Flag.GAP),
        (123_456 + CHUNK, Flag.NONE),
    ]


def test_the_first_connection_begins_without_a_gap(tap: TapStream, writer: Recorder) -> None:
    tap.feed(bytes(CHUNK))
    assert writer.sent[0].flags == Flag.NONE
