"""Levels are in dBFS: 0 is the loudest that 16 bits can hold."""

from __future__ import annotations

import math
import random
import struct

import pytest

from monitor.audio import g711, level


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def sine(amplitude: float, samples: int = 8000, hertz: float = 440) -> bytes:
    turns = (2 * math.pi * hertz * n / 8000 for n in range(samples))
    return pcm(*(round(amplitude * math.sin(turn)) for turn in turns))


def test_a_full_scale_square_is_at_0() -> None:
    measured = level.measure(pcm(*[32767, -32768] * 400))
    assert measured.rms == pytest.approx(0, abs=0.001)
    assert measured.peak == 0


def test_a_full_scale_sine_is_3_db_below_its_peak() -> None:
    measured = level.measure(sine(32767))
    assert measured.rms == pytest.approx(-3.01, abs=0.01)
    assert measured.peak == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("below", [6, 20, 40, 60])
def test_a_sine_below_full_scale_is_measured_right(below: int) -> None:
    measured = level.measure(sine(32767 * 10 ** (-below / 20)))
    assert measured.peak == pytest.approx(-below, abs=0.2)
    assert measured.rms == pytest.approx(-below - 3.01, abs=0.3)


def test_the_most_negative_sample_has_a_peak_of_0_and_not_of_its_overflow() -> None:
    assert level.measure(pcm(-32768)) == (0, 0)


def test_the_quietest_sample_lies_above_the_floor() -> None:
    assert level.measure(pcm(1)).peak == pytest.approx(-90.31, abs=0.01)


def test_digital_zero_lies_on_the_floor() -> None:
    assert level.measure(bytes(320)) == level.SILENT == (-96, -96)


def test_no_samples_are_silent() -> None:
    assert level.measure(b"") == level.SILENT


def test_mu_law_silence_is_silent_and_a_law_silence_nearly() -> None:
    assert level.measure(g711.decode("PCMU", g711.SILENCE["PCMU"])) == level.SILENT
    assert level.measure(g711.decode("PCMA", g711.SILENCE["PCMA"])).rms < -70


def test_rms_never_exceeds_the_peak_and_both_stay_in_range() -> None:
    chance = random.Random(711)
    for _ in range(200):
        loudest = chance.randint(1, 32767)
        samples = [chance.randint(-loudest - 1, loudest) for _ in range(chance.randint(1, 480))]
        measured = level.measure(pcm(*samples))
        assert level.FLOOR <= measured.rms <= measured.peak <= 0


@pytest.mark.parametrize("magnitude", [0, -1, 1e-9])
def test_no_magnitude_is_below_the_floor(magnitude: float) -> None:
    assert level.dbfs(magnitude) == level.FLOOR
