"""Whole calls from their audio to their conditions, without anything assumed about the detector."""

from __future__ import annotations

import pytest

from monitor.audio.attention import Attention, Thresholds
from monitor.audio.condition import Condition, Kind
from monitor.audio.talk import TalkMeter
from monitor.audio.voice import VoiceMeter
from monitor.sim import voice
from monitor.wire.frame import Leg
from tests.support import made_calls
from tests.support.scenes import SECOND, kinds
from tests.support.sounds import coded, louder, mixed, noise, pieces, sine, speech

SECOND_BYTES = 2 * SECOND


def conversation(direction: str) -> bytes:
    """Return one side of the simulator's dialogues, on a line with some noise."""
    audio = coded(voice.conversation(direction))
    return mixed(audio, noise(-55, len(audio) / SECOND_BYTES))


def listen(thresholds: Thresholds | None = None, /, **legs: bytes) -> list[tuple[Condition, ...]]:
    """Hear a call in pieces of 60 ms, and return its conditions after each second."""
    attention, talk = Attention(thresholds or Thresholds()), TalkMeter()
    meters = {Leg[name.upper()]: VoiceMeter() for name in legs}
    seconds = zip(*(pieces(audio, SECOND_BYTES) for audio in legs.values()), strict=False)
    history = []
    for number, second in enumerate(seconds, start=1):
        for meter, audio in zip(meters.values(), second, strict=True):
            for piece in pieces(audio):
                meter.feed(piece)
        sounds = {leg: meter.take() for leg, meter in meters.items()}
        at = number * SECOND
        history.append(attention.observe(at, sounds, talk.observe(at, sounds)))
    return history


def ever(history: list[tuple[Condition, ...]]) -> set[Kind]:
    return set().union(*map(kinds, history))


def test_a_call_in_good_order_has_no_conditions() -> None:
    assert not ever(listen(speak=conversation("speak"), listen=conversation("listen")))


def test_a_mixed_call_in_good_order_has_no_conditions() -> None:
    both = mixed(conversation("speak"), conversation("listen"))
    assert not ever(listen(both=both))


@pytest.mark.parametrize("dbfs", [-96, -60, -45, -30])
def test_noise_after_a_conversation_is_dead_air(dbfs: float) -> None:
    """What is silent is the people, however loud the line is."""
    history = listen(both=speech()[: 5 * SECOND_BYTES] + noise(dbfs, 15))
    assert history[-1][0].kind is Kind.DEAD_AIR
    assert 4 * SECOND <= history[-1][0].since <= 6 * SECOND


def test_a_dial_tone_after_a_conversation_is_dead_air() -> None:
    """One side has hung up."""
    tone = coded(mixed(sine(350, -13, 15), sine(440, -13, 15)))
    history = listen(both=speech()[: 5 * SECOND_BYTES] + tone)
    assert kinds(history[-1]) == {Kind.DEAD_AIR}


def test_a_side_that_brings_comfort_noise_only_is_one_way() -> None:
    other = conversation("listen")
    history = listen(speak=noise(-52, len(other) / SECOND_BYTES), listen=other)
    assert ever(history) >= {Kind.ONE_WAY}
    assert history[-1][0][:2] == (Kind.ONE_WAY, Leg.SPEAK)


def test_a_side_that_is_far_too_loud_clips() -> None:
    history = listen(speak=louder(conversation("speak"), 20), listen=conversation("listen"))
    assert ever(history) == {Kind.CLIPPING}


def test_sides_that_do_not_wait_for_each_other_talk_over_each_other() -> None:
    history = listen(speak=speech(1), listen=speech(2))
    assert ever(history) == {Kind.TALK_OVER}


def test_a_silent_side_is_silent_since_it_talked_last() -> None:
    """Attention and talk times tell of the same silence."""
    speak, other = made_calls.side((1, 0), seconds=50), made_calls.chat(3, 50)
    history = listen(speak=coded(speak.pcm), listen=coded(other.pcm))
    [condition] = history[-1]
    assert (condition.kind, condition.leg) == (Kind.ONE_SIDE_SILENT, Leg.SPEAK)
    talk = made_calls.measure(made_calls.heard(coded(speak.pcm), coded(other.pcm)))
    spoke_at = talk.speak.spoke_at - made_calls.BEGAN
    assert condition.since / SECOND == pytest.approx(spoke_at, abs=1)
    assert spoke_at == pytest.approx(speak.spans[-1][1], abs=0.1)
