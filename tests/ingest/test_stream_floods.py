"""A TapStream refuses audio that comes faster than any call makes it."""

from __future__ import annotations

import pytest

from monitor.ingest.stream import Flood, TapStream
from tests.support.streams import LOUD, PACKET, Clock, Recorder, talk


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


def test_40_s_of_audio_at_once_after_a_pause_of_40_s_are_no_flood(
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
