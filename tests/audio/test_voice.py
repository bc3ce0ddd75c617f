"""A VoiceMeter tells speech from what is merely loud, and measures both."""

from __future__ import annotations

import functools
import random
import struct

import pytest

from monitor.audio import g711, level
from monitor.audio.voice import LOUDEST, ONSET, STRIDE, Sound, VoiceMeter, clipped
from tests.support.sounds import (
    coded,
    louder,
    mixed,
    noise,
    pieces,
    silence,
    sine,
    speech,
    square,
)


def heard(pcm: bytes) -> Sound:
    meter = VoiceMeter()
    for piece in pieces(pcm):
        meter.feed(piece)
    return meter.take()


def voiced(pcm: bytes) -> float:
    """Return the share of the audio in which somebody is heard to speak."""
    sound = heard(pcm)
    return sound.voiced / sound.samples


def meter_that_heard(*parts: bytes) -> VoiceMeter:
    meter = VoiceMeter()
    for part in parts:
        for piece in pieces(part):
            meter.feed(piece)
    return meter


# What is speech


def test_speech_is_speech() -> None:
    """The rest is pauses between words and sentences."""
    assert voiced(speech()) > 0.85


@pytest.mark.parametrize("law", g711.CODECS)
def test_speech_is_found_in_either_law(law: g711.Codec) -> None:
    assert voiced(g711.decode(law, g711.encode(law, speech()))) > 0.85


def test_quiet_speech_is_speech() -> None:
    """It is 20 dB quieter, at an RMS of -42 dBFS."""
    assert voiced(louder(speech(), -20)) > 0.65


def test_speech_on_a_noisy_line_is_speech() -> None:
    noisy = mixed(speech(), noise(-35, 55))
    assert voiced(noisy) > 0.75


@pytest.mark.parametrize("law", g711.CODECS)
def test_the_silence_of_either_law_is_not_speech(law: g711.Codec) -> None:
    assert voiced(g711.decode(law, g711.SILENCE[law] * 250)) == 0


@pytest.mark.parametrize("dbfs", [-60, -50, -40, -30])
def test_noise_is_not_speech(dbfs: float) -> None:
    """The detector takes the first tenth of a second of any sound for speech."""
    assert voiced(noise(dbfs, 5)) < 0.05


def test_loudness_alone_does_not_tell_noise_from_speech() -> None:
    """This is the control: the noise is louder than the speech."""
    assert heard(noise(-30, 5)).rms > heard(louder(speech(), -12)).rms


def tone(hertz: tuple[int, ...]) -> bytes:
    return coded(functools.reduce(mixed, (sine(one, -13, 1) for one in hertz)))


def sounds(audio: bytes) -> list[Sound]:
    """Return what is heard in each second of the audio."""
    meter, found = VoiceMeter(), []
    for second in pieces(audio, 16000):
        meter.feed(second)
        found.append(meter.take())
    return found


@pytest.mark.parametrize("hertz", [(440,), (1000,), (350, 440), (480, 620)])
def test_a_tone_is_not_speech(hertz: tuple[int, ...]) -> None:
    """The detector takes most tones for speech. The last two are a dial tone and a busy tone."""
    assert sum(one.voiced for one in sounds(tone(hertz) * 5)) == 0


def test_a_busy_tone_on_a_noisy_line_is_not_speech() -> None:
    busy = (tone((480, 620))[:8000] + silence(0.5)) * 5
    assert sum(one.voiced for one in sounds(mixed(busy, noise(-50, 5)))) == 0


@pytest.mark.parametrize("decibels", [0, -20, 18])
def test_speech_is_not_taken_for_a_tone(decibels: float) -> None:
    """Each of its seconds has some that was heard as speech, however clipped it is."""
    assert all(one.voiced for one in sounds(louder(speech(), decibels))[:-1])


def test_a_click_is_not_speech() -> None:
    click = struct.pack("<4h", 20000, -20000, 15000, -9000)
    clicking = (silence(0.4999) + click) * 20
    assert voiced(coded(clicking)) == 0


def test_what_is_too_quiet_to_be_heard_is_not_speech() -> None:
    assert voiced(louder(speech(), -60)) == 0


# How much of it


def test_a_pause_is_not_counted_as_speech() -> None:
    """The detector adds three units, which are 180 ms here: longer, and two sides would seem to
    talk at once."""
    meter = meter_that_heard(speech()[:16000])
    meter.take()
    for piece in pieces(silence(0.9)):
        meter.feed(piece)
    assert meter.take().voiced <= 3 * STRIDE


def test_the_beginning_of_speech_is_counted_once_it_is_known_to_be_speech() -> None:
    meter = meter_that_heard(silence(1), speech()[8000:16000])
    assert meter.take().voiced >= ONSET * STRIDE


def test_there_is_never_more_speech_than_audio() -> None:
    """Speech that is known to be speech a moment later counts there, although it began before."""
    meter, found = VoiceMeter(), []
    for piece in pieces(speech()[:64000], 2 * (ONSET - 1) * STRIDE):
        meter.feed(piece)
        found.append(meter.take())
    assert any(one.voiced for one in found)
    assert all(one.voiced <= one.samples for one in found)


# How it is fed


@pytest.mark.parametrize("size", [16, 160, 318, 320, 322, 960, 8000])
def test_pieces_of_any_length_are_heard_alike(size: int) -> None:
    audio = speech()[:32000]
    meter = VoiceMeter()
    for piece in pieces(audio, size):
        meter.feed(piece)
    assert meter.take() == heard(audio)


def test_pieces_of_random_lengths_are_heard_alike() -> None:
    chance = random.Random(14)
    audio = mixed(speech(), noise(-45, 5))[:64000]
    meter, at = VoiceMeter(), 0
    while at < len(audio):
        size = 2 * chance.randint(0, 700)
        meter.feed(audio[at : at + size])
        at += size
    assert meter.take() == heard(audio)


def test_no_audio_is_no_sound() -> None:
    meter = VoiceMeter()
    meter.feed(b"")
    assert meter.take() == Sound(samples=0)


def test_each_sound_begins_where_the_last_was_taken() -> None:
    meter = meter_that_heard(speech()[: 20 * STRIDE])
    assert meter.take().samples == 10 * STRIDE
    meter.feed(silence(0.06))
    assert meter.take() == Sound(samples=480)


def test_a_gap_is_told_with_the_audio_that_follows_it() -> None:
    meter = meter_that_heard(silence(1))
    meter.gap()
    meter.feed(silence(1))
    assert meter.take().gap
    meter.feed(silence(1))
    assert not meter.take().gap


def test_a_gap_without_audio_after_it_is_told_once_there_is_some() -> None:
    meter = VoiceMeter()
    meter.gap()
    assert meter.take() == Sound(samples=0, gap=True)
    meter.feed(silence(1))
    assert meter.take().gap


def test_audio_on_both_sides_of_a_gap_makes_no_unit() -> None:
    meter = VoiceMeter()
    meter.feed(speech()[:300])
    meter.gap()
    meter.feed(silence(0.02))
    assert meter.take().voiced == 0


# How loud it is


@pytest.mark.parametrize("dbfs", [-3, -20, -40, -60])
def test_the_level_is_that_of_all_the_audio(dbfs: float) -> None:
    audio = sine(440, dbfs, 1)
    assert heard(audio).rms == pytest.approx(level.measure(audio).rms, abs=0.2)


def test_the_level_of_silence_is_the_floor() -> None:
    assert heard(silence(1)).rms == level.FLOOR


def test_the_quietest_and_the_loudest_unit_are_told() -> None:
    sound = heard(sine(400, -40, 0.6) + sine(400, -10, 0.6) + sine(400, -20, 0.6))
    assert sound.quietest == pytest.approx(-43, abs=0.3)
    assert sound.loudest == pytest.approx(-13, abs=0.3)


def test_the_level_of_noise_stays_within_4_db_from_unit_to_unit() -> None:
    sound = heard(noise(-50, 15))
    assert sound.loudest - sound.quietest < 4


# What is clipped


@pytest.mark.parametrize("law", g711.CODECS)
def test_every_sample_of_a_clipped_square_is_clipped(law: g711.Codec) -> None:
    audio = g711.decode(law, g711.encode(law, square(32767, 1.2)))
    sound = heard(audio)
    assert sound.clipped == sound.samples == 9600


def test_a_square_that_fits_is_not_clipped() -> None:
    assert heard(coded(square(30000, 1))).clipped == 0


def test_the_tops_of_a_tone_that_is_too_loud_are_clipped() -> None:
    """At 6 dB too loud, two thirds of a sine lie above full scale."""
    sound = heard(louder(sine(440, 0, 1), 6))
    assert sound.clipped / sound.samples == pytest.approx(0.67, abs=0.03)


@pytest.mark.parametrize(("decibels", "least", "most"), [(0, 0, 0), (6, 0, 0.002), (18, 0.05, 0.2)])
def test_the_louder_speech_is_the_more_of_it_is_clipped(
    decibels: float, least: float, most: float
) -> None:
    sound = heard(louder(speech(), decibels))
    assert least <= sound.clipped / sound.samples <= most


def test_the_most_negative_sample_is_clipped() -> None:
    assert heard(struct.pack("<480h", *[-32768] * STRIDE)).clipped == STRIDE


def test_no_sample_below_the_loudest_is_clipped() -> None:
    """Units whose peak is lower are not counted, which saves most of the work."""
    below = struct.pack(f"<{2 * LOUDEST - 1}h", *range(1 - LOUDEST, LOUDEST))
    assert clipped(below) == 0
    assert clipped(struct.pack("<h", -LOUDEST)) == 1
