"""A TalkMeter puts the units of two legs into slots of 60 ms, and concludes who talks."""

from __future__ import annotations

import pytest

from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.talk import Party, Talk, TalkMeter
from monitor.audio.voice import STRIDE, Sound
from monitor.wire.frame import Leg
from tests.support.made_calls import BEGAN, chat, heard, measure

FIRST = BEGAN * SAMPLE_RATE
SLOTS = 50  # in three seconds, which is how long a sound of these tests is


def sound(scene: str, ends: int, *, found: bool = True) -> Sound:
    """A sound whose units are the characters of a scene; it ended so many slots into the call."""
    units = sum(1 << unit for unit, one in enumerate(scene) if one == "#")
    until = FIRST + ends * STRIDE
    return Sound(len(scene) * STRIDE, loud=units, speech=units if found else 0, until=until)


def hear(meter: TalkMeter, speak: str, listen: str, *, late: int = 0) -> Talk:
    """Let both legs sound for as long as the scenes are, in threes of seconds, and then nothing."""
    length = max(len(speak), len(listen))
    for begin in range(0, length + 200, SLOTS):
        end = begin + SLOTS
        sounds = {
            Leg.SPEAK: sound(speak.ljust(length + 200, ".")[begin:end], end),
            Leg.LISTEN: sound(listen.ljust(length + 200, ".")[begin:end], end + late),
        }
        meter.observe(FIRST + end * STRIDE, sounds)
    assert meter.talk
    return meter.talk


def talked(speak: str, listen: str = "") -> Talk:
    return hear(TalkMeter(), speak, listen)


def slots(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / STRIDE)


# Who talks


def test_what_stands_out_and_was_found_to_be_speech_is_talk() -> None:
    assert slots(talked("....##########....").speak.talk) == 10


def test_what_stands_out_is_no_talk_without_speech_near_it() -> None:
    meter = TalkMeter()
    for end in range(SLOTS, 5 * SLOTS, SLOTS):
        sounds = {leg: sound("#" * SLOTS, end, found=False) for leg in (Leg.SPEAK, Leg.LISTEN)}
        meter.observe(FIRST + end * STRIDE, sounds)
    assert meter.talk
    assert meter.talk.speak.talk == 0


def test_a_click_is_no_talk() -> None:
    assert talked("...##..........#.......##...").speak.talk == 0


@pytest.mark.parametrize(("pause", "talk"), [(5, 25), (6, 20)])
def test_a_pause_between_words_is_talk(pause: int, talk: int) -> None:
    """It lasts for under 0.3 s, which are five slots."""
    assert slots(talked("#" * 10 + "." * pause + "#" * 10).speak.talk) == talk


def test_each_party_has_its_own_talk() -> None:
    talk = talked("#" * 20 + "." * 40, "." * 30 + "#" * 10)
    assert (slots(talk.speak.talk), slots(talk.listen.talk)) == (20, 10)


def test_talk_goes_on_from_sound_to_sound() -> None:
    talk = talked("." * 40 + "#" * 100)
    assert slots(talk.speak.talk) == 100


# Who talks over whom


def test_an_overlap_is_when_both_talk() -> None:
    talk = talked("#" * 20, "." * 12 + "#" * 20)
    assert (slots(talk.overlap), talk.overlaps) == (8, 1)


def test_a_quick_answer_is_no_overlap() -> None:
    talk = talked("#" * 20, "." * 18 + "#" * 20)
    assert (talk.overlap, talk.overlaps) == (0, 0)


def test_overlaps_are_counted() -> None:
    talk = talked("#" * 100, "." * 10 + ("#" * 10 + "." * 10) * 4)
    assert (slots(talk.overlap), talk.overlaps) == (40, 4)


def test_an_overlap_that_goes_on_from_sound_to_sound_is_one() -> None:
    talk = talked("#" * 150, "." * 20 + "#" * 100)
    assert (slots(talk.overlap), talk.overlaps) == (100, 1)


def test_a_leg_that_arrives_later_is_put_where_it_was_spoken() -> None:
    """Its units say so, whenever they are told of."""
    talk = hear(TalkMeter(), "." * 20 + "#" * 20, "." * 20 + "#" * 20, late=20)
    assert talk.overlap == 0


# Who is silent


def test_the_longest_silence_may_be_the_one_that_goes_on() -> None:
    talk = talked("#" * 10 + "." * 20 + "#" * 10)
    assert slots(talk.speak.silence) == slots(talk.until - talk.speak.spoke_at)
    assert slots(talk.speak.spoke_at - BEGAN) == 40


def test_the_longest_silence_may_be_over() -> None:
    talk = talked("#" * 10 + "." * 300 + "#" * 10)
    assert slots(talk.speak.silence) == 300


def test_a_party_that_has_said_nothing_is_silent_since_the_beginning() -> None:
    talk = talked("#" * 10)
    assert talk.listen.spoke_at == BEGAN


# What is measured


def test_nothing_is_measured_where_one_side_is_not_tapped() -> None:
    meter = TalkMeter()
    for legs in ([Leg.BOTH], [Leg.SPEAK], [Leg.BOTH, Leg.LISTEN]):
        for end in range(SLOTS, 10 * SLOTS, SLOTS):
            one = sound("#" * SLOTS, end)
            assert meter.observe(FIRST + end * STRIDE, dict.fromkeys(legs, one)) is None
    assert meter.talk is None


def test_a_leg_that_has_not_brought_audio_yet_is_not_tapped() -> None:
    meter = TalkMeter()
    for end in range(SLOTS, 10 * SLOTS, SLOTS):
        meter.observe(FIRST + end * STRIDE, {Leg.SPEAK: sound("#", end), Leg.LISTEN: Sound()})
    assert meter.talk is None


def test_a_leg_whose_audio_stops_counts_as_silent_after_five_seconds() -> None:
    """A sender may send nothing while its party says nothing."""
    meter = TalkMeter()
    hear(meter, "#" * 10, "#" * 10)
    before = meter.talk
    assert before
    for end in range(400, 800, SLOTS):
        sounds = {Leg.SPEAK: sound("#" * SLOTS, end), Leg.LISTEN: Sound()}
        meter.observe(FIRST + end * STRIDE, sounds)
    assert meter.talk
    assert slots(meter.talk.speak.talk - before.speak.talk) > 200
    assert meter.talk.listen.talk == before.listen.talk


def test_a_leg_that_is_tapped_again_goes_on() -> None:
    """Nobody knows what was said meanwhile, so that it is no silence."""
    meter = TalkMeter()
    hear(meter, "#" * 10, "#" * 10)
    meter.observe(FIRST + 500 * STRIDE, {Leg.SPEAK: Sound()})
    for end in range(20_000, 20_300, SLOTS):
        sounds = {leg: sound("." * SLOTS, end) for leg in (Leg.SPEAK, Leg.LISTEN)}
        meter.observe(FIRST + end * STRIDE, sounds)
    assert meter.talk
    assert slots(meter.talk.speak.talk) == 10
    assert slots(meter.talk.speak.silence) < 300


def test_a_clock_that_is_wrong_is_not_believed() -> None:
    """A sound is told of within seconds; one of another day counts where it is told of."""
    meter = TalkMeter()
    for end in range(SLOTS, 10 * SLOTS, SLOTS):
        right = sound("#" * SLOTS, end)
        sounds = {Leg.SPEAK: right, Leg.LISTEN: right._replace(until=right.until + 86_400 * 8000)}
        meter.observe(FIRST + end * STRIDE, sounds)
    assert meter.talk
    assert slots(meter.talk.overlap) > 350


def test_a_clock_that_drifts_loses_nothing() -> None:
    """200 ppm are a slot in five minutes."""
    meter = TalkMeter()
    for end in range(SLOTS, 400 * SLOTS, SLOTS):
        right = sound("#" * SLOTS, end)
        drifted = right._replace(until=round(FIRST + (right.until - FIRST) * 1.0002))
        meter.observe(FIRST + end * STRIDE, {Leg.SPEAK: right, Leg.LISTEN: drifted})
    assert meter.talk
    assert slots(meter.talk.listen.talk) == pytest.approx(slots(meter.talk.speak.talk), abs=4)
    assert meter.talk.overlaps == 1


# Another process goes on


@pytest.mark.parametrize("taken_over", [7, 20, 33])
def test_a_meter_that_goes_on_counts_all_once(taken_over: int) -> None:
    """It is given what the first one had counted up to, and all the seconds again."""
    seconds = heard(chat(1, 40).pcm, chat(2, 40).pcm)
    first = TalkMeter()
    for number, sounds in enumerate(seconds[:taken_over], start=1):
        first.observe((BEGAN + number) * SAMPLE_RATE, sounds)
    second = TalkMeter(first.talk)
    for number, sounds in enumerate(seconds, start=1):
        second.observe((BEGAN + number) * SAMPLE_RATE, sounds)
    for number in range(41, 48):
        nothing = dict.fromkeys((Leg.SPEAK, Leg.LISTEN), Sound())
        second.observe((BEGAN + number) * SAMPLE_RATE, nothing)
    assert second.talk == measure(seconds)


def test_what_was_said_while_nobody_measured_is_left_out() -> None:
    known = Talk(
        Party(9.0, 3.0, BEGAN - 101.0), Party(6.0, 5.0, BEGAN - 99.0), 1.2, 2, BEGAN - 90.0
    )
    talk = hear(TalkMeter(known), "#" * 50, "")
    assert talk.speak.talk == 12.0
    assert (talk.overlap, talk.overlaps) == (1.2, 2)
    assert talk.listen.silence == pytest.approx(talk.until - BEGAN, abs=0.1)
