"""A TapStream sends silence while its call is paused."""

from __future__ import annotations

from monitor.ingest.stream import TapStream
from monitor.wire import frame
from monitor.wire.frame import Flag
from tests.support.rtp_sender import FIRST, Talk, lease
from tests.support.streams import CHUNK, Clock, Recorder, talk


def masked(writer: Recorder) -> list[bool]:
    return [bool(one.flags & Flag.MASKED) for one in writer.sent]


def is_silent(data: bytes) -> bool:
    return not any(frame.samples(data))


def test_a_paused_stream_sends_masked_silence_and_its_position_goes_on(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    tap.pause(0)
    talk(tap, clock, 0.6)
    assert masked(writer) == [False] * 10 + [True] * 10
    assert [is_silent(one.data) for one in writer.sent] == masked(writer)
    assert [one.position for one in writer.sent] == list(range(0, 20 * CHUNK, CHUNK))
    assert tap.counted().gaps == 0


def test_audio_that_waits_for_a_full_chunk_when_the_pause_begins_is_masked(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.04)
    tap.pause(0)
    talk(tap, clock, 0.02)
    assert masked(writer) == [True]


def test_audio_that_waits_for_a_full_chunk_when_the_pause_ends_is_masked(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.pause(0)
    talk(tap, clock, 0.04)
    tap.resume()
    talk(tap, clock, 1.2)
    assert [frame.sample_count(one.data) for one in writer.sent[:2]] == [320, CHUNK]
    assert masked(writer)[:2] == [True, True]
    assert not masked(writer)[-1]


def test_what_is_said_after_the_pause_is_heard_and_not_flagged(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.pause(0)
    talk(tap, clock, 0.6)
    tap.resume()
    talk(tap, clock, 1.2)
    assert writer.sent[-1].flags == Flag.NONE
    assert not is_silent(writer.sent[-1].data)


def test_a_pause_that_begins_again_right_after_one_is_a_pause(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    tap.pause(0)
    tap.resume()
    tap.pause(0)
    talk(tap, clock, 6)
    assert all(masked(writer))


def test_what_was_received_since_the_pause_began_is_forgotten(
    tap: TapStream, clock: Clock, writer: Recorder
) -> None:
    talk(tap, clock, 0.6)
    tap.pause(123)
    assert writer.forgotten == [123]


def test_meters_and_voices_know_nothing_of_a_pause(tap: TapStream, clock: Clock) -> None:
    talk(tap, clock, 1)
    tap.take_sound()
    tap.pause(0)
    talk(tap, clock, 1)
    assert tap.level.peak == -96
    assert tap.take_sound().samples == 0


def test_packets_are_masked_and_counted_as_ever(clock: Clock) -> None:
    rtp = Talk(clock, lease())
    rtp.say(FIRST, b"\x80", 50)
    before = len(rtp.heard())
    rtp.stream.pause(0)
    rtp.say(FIRST, b"\x80", 50)
    assert not any(rtp.heard()[before:])
    assert rtp.figure("lost") == 0
