"""An Arrival tells when a sample was spoken, from when it was received."""

from __future__ import annotations

import random

from monitor.audio.arrival import KEPT, Arrival
from monitor.audio.g711 import SAMPLE_RATE

BEGAN = 1_790_000_000  # Unix time


def at(seconds: float) -> int:
    """Return a moment of the call in microseconds."""
    return round((BEGAN + seconds) * 1_000_000)


def spoken(arrival: Arrival, position: int) -> float:
    """Return when a sample was spoken, in seconds of the call."""
    return arrival.moment(position) / SAMPLE_RATE - BEGAN


def test_audio_that_arrives_at_once_was_spoken_when_it_arrived() -> None:
    arrival = Arrival()
    arrival.received(SAMPLE_RATE, at(1))
    assert spoken(arrival, SAMPLE_RATE) == 1
    assert round(spoken(arrival, SAMPLE_RATE - 480), 3) == 0.94


def test_audio_that_is_late_was_spoken_before() -> None:
    arrival = Arrival()
    for second, delay in enumerate([0.3, 0.02, 0.25, 0.1]):
        arrival.received(second * SAMPLE_RATE, at(second + delay))
    assert round(spoken(arrival, 3 * SAMPLE_RATE), 3) == 3.02


def test_two_legs_with_jitter_of_50_ms_agree_within_a_unit() -> None:
    chance = random.Random(15)
    legs = Arrival(), Arrival()
    for second in range(600):
        for leg in legs:
            leg.received(second * SAMPLE_RATE, at(second + chance.uniform(0, 0.05)))
        one, other = (spoken(leg, second * SAMPLE_RATE) for leg in legs)
        assert abs(one - other) < 0.06


def test_a_sender_that_pauses_is_followed_within_some_seconds() -> None:
    """Its positions stand still meanwhile."""
    arrival = Arrival()
    for second in range(5):
        arrival.received(second * SAMPLE_RATE, at(second))
    for second in range(5, 5 + KEPT):
        arrival.received(second * SAMPLE_RATE, at(second + 2))
    assert spoken(arrival, 8 * SAMPLE_RATE) == 10
