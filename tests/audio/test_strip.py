"""A strip is one byte for each of the last 60 seconds, so that a page can draw it at once."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from monitor.audio.strip import LOUDEST, NOTHING, SECONDS, SPOKEN, Strip, bar
from monitor.audio.voice import Sound

NOW = 1_790_000_000  # Unix seconds
SAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "wire" / "strip-sample.json").read_text()
)


def bars(strip: Strip) -> list[int]:
    return list(strip.bars)


@pytest.mark.parametrize("sample", SAMPLE["bytes"], ids=lambda one: str(one["byte"]))
def test_the_sample_that_scripts_are_tested_on_is_what_is_made(sample: dict[str, Any]) -> None:
    samples = 8000 if sample["audio"] else 0
    voiced = samples if sample["spoken"] else 0
    assert bar(Sound(samples, voiced, rms=sample["db"] or 0.0)) == sample["byte"]


@pytest.mark.parametrize(
    ("rms", "level"), [(-96.0, 1), (-63.1, 1), (-62.6, 2), (-50.2, 27), (-3.0, 121), (0, 127)]
)
def test_a_bar_is_the_level_in_half_decibels(rms: float, level: int) -> None:
    assert bar(Sound(8000, rms=rms)) == level


def test_a_bar_says_whether_somebody_spoke() -> None:
    assert bar(Sound(8000, voiced=800, rms=-20)) == bar(Sound(8000, rms=-20)) | SPOKEN


def test_the_loudest_speech_fits_a_byte() -> None:
    assert bar(Sound(8000, voiced=8000, rms=0.0)) == 127 + 128


def test_a_second_without_audio_is_not_one_of_silence() -> None:
    assert bar(Sound()) == NOTHING != bar(Sound(8000))


def test_a_new_strip_is_empty() -> None:
    assert bars(Strip()) == [NOTHING] * SECONDS


def test_the_newest_bar_is_the_last() -> None:
    strip = Strip()
    strip.add(NOW, 5)
    strip.add(NOW + 1, 6)
    assert bars(strip)[-3:] == [NOTHING, 5, 6]


def test_a_second_that_was_left_out_has_no_audio() -> None:
    strip = Strip()
    strip.add(NOW, 5)
    strip.add(NOW + 3, 6)
    assert bars(strip)[-4:] == [5, NOTHING, NOTHING, 6]


def test_a_bar_moves_out_after_sixty_seconds() -> None:
    strip = Strip()
    strip.add(NOW, 5)
    strip.add(NOW + SECONDS - 1, 6)
    assert bars(strip)[0] == 5
    strip.add(NOW + SECONDS, 7)
    assert 5 not in bars(strip)


def test_nothing_is_left_after_a_long_pause() -> None:
    strip = Strip()
    strip.add(NOW, 5)
    strip.add(NOW + 100_000, 6)
    assert bars(strip) == [NOTHING] * (SECONDS - 1) + [6]


def test_a_bar_of_an_earlier_second_takes_its_place() -> None:
    """Another process may still have had the leg's last second."""
    strip = Strip()
    strip.add(NOW, 5)
    strip.add(NOW - 2, 6)
    assert bars(strip)[-3:] == [6, NOTHING, 5]
    assert strip.end == NOW


def test_a_bar_that_is_older_than_the_strip_is_ignored() -> None:
    strip = Strip()
    strip.add(NOW, 5)
    before = strip.bars
    strip.add(NOW - SECONDS, 6)
    assert strip.bars == before


def test_of_two_bars_of_a_second_the_one_with_audio_counts() -> None:
    """When a connection takes a leg over, both tell of that second, in any order."""
    for told in ((5, NOTHING), (NOTHING, 5)):
        strip = Strip()
        for one in told:
            strip.add(NOW, one)
        assert bars(strip)[-1] == 5


def test_bars_make_the_same_strip_in_any_order() -> None:
    """A process fills its board from Redis while new bars already arrive."""
    chance = random.Random(61)
    told = [(NOW + n, chance.randint(1, LOUDEST)) for n in range(SECONDS)]
    strip, other = Strip(), Strip()
    for second, one in told:
        strip.add(second, one)
    for second, one in [told[-1], *chance.sample(told, SECONDS)]:
        other.add(second, one)
    assert (other.end, other.bars) == (strip.end, strip.bars)
