"""The pure parts of the sound table: its chirps, its network, and what it counts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bench.plan import UNIT, UNIT_SECONDS
from bench.sound import chirps, figures, network, silence, table
from bench.sound.chirps import RATE, Samples
from bench.sound.network import Line, Network
from bench.sound.observed import Observed, seconds_of
from bench.sound.speech import Speech, chirps_between

DELAY = 0.2843  # seconds, which is no whole number of samples


def said(taps: int = 1, seconds: float = 12) -> Samples:
    """Return what the first of some taps says, with its chirps."""
    return Speech(0, taps, has_chirps=True).said(0, round(seconds / UNIT_SECONDS))


def delayed(samples: Samples, seconds: float, speed: float = 1.0) -> Samples:
    """Return the samples as they are heard after a delay, played at some speed."""
    finer = 8  # linear interpolation is good enough between samples at 64 kHz
    fine = np.fft.irfft(np.fft.rfft(samples), finer * len(samples)) * finer
    places = (np.arange(len(samples)) - seconds * RATE) * speed
    heard: Samples = np.interp(places, np.arange(len(fine)) / finer, fine, left=0, right=0)
    return heard


def test_a_known_delay_is_found_within_a_millisecond() -> None:
    sent = chirps_between(1, 10)
    found = chirps.delays(sent, chirps.find(delayed(said(), DELAY)))
    assert found == [pytest.approx(DELAY, abs=0.001)] * 9


def test_a_chirp_that_was_not_played_is_lost_and_the_others_keep_their_delay() -> None:
    heard, sent = said(), chirps_between(1, 10)
    gone = round(sent[3][1] * RATE)
    heard[gone : gone + chirps.LENGTH] = 0
    found = chirps.delays(sent, chirps.find(delayed(heard, DELAY)))
    assert found[3] is None
    assert [one for one in found if one] == [pytest.approx(DELAY, abs=0.001)] * 8
    assert figures.delay_figures(found) == {
        "chirps": 9,
        "lost": 1,
        **dict.fromkeys(("p50_ms", "p99_ms", "max_ms"), pytest.approx(1000 * DELAY, abs=1)),
    }


@pytest.mark.parametrize("speed", [0.98, 0.99, 0.995, 1.005, 1.01, 1.02])
def test_chirps_are_found_at_a_speed_that_nobody_notices(speed: float) -> None:
    sent = chirps_between(1, 8)
    found = [event for event in chirps.find(delayed(said(), 0, speed)) if 0.5 < event.at < 8]
    delays = [event.at * speed - at for event, (_, at) in zip(found, sent, strict=True)]
    assert [event.kind for event in found] == [number % chirps.KINDS for number, _ in sent]
    assert delays == [pytest.approx(0, abs=0.004)] * 7


def test_chirps_are_found_among_six_voices() -> None:
    voices = [Speech(tap, 6, has_chirps=True).said(0, 600) for tap in range(6)]
    sent = chirps_between(1, 11)
    found = chirps.delays(sent, chirps.find(delayed(np.sum(voices, axis=0), DELAY)))
    assert found == [pytest.approx(DELAY, abs=0.001)] * len(sent)


def test_no_chirp_is_found_in_speech() -> None:
    assert chirps.find(Speech(0, 1, has_chirps=False).said(0, 3000)) == []


def test_taps_take_turns_with_the_chirps() -> None:
    units = chirps.PERIOD * np.array([1, 2, 3])
    plain, first, second = (
        Speech(0, 1, has_chirps=False),
        Speech(0, 2, has_chirps=True),
        Speech(1, 2, has_chirps=True),
    )
    assert [first.unit(n) == plain.unit(n) for n in units] == [True, False, True]
    assert second.unit(units[0]) == Speech(0, 1, has_chirps=True).unit(units[0])


def test_a_lower_rate_has_the_same_sound_at_the_same_time() -> None:
    hertz, factor = 3000, 6
    times = np.arange(factor * RATE) / (factor * RATE)
    recorded = np.sin(2 * np.pi * hertz * times) + np.sin(2 * np.pi * 6000 * times)
    heard = chirps.decimate(recorded, factor)
    wanted = np.sin(2 * np.pi * hertz * times[::factor])
    assert heard[100:-100] == pytest.approx(wanted[100:-100], abs=0.01)


def arrivals(made: Network, messages: int = 5000) -> list[float | None]:
    """Return when messages arrive that are sent every 20 ms."""
    line = Line(made, 14, 0.0)
    return [line.arrival(number * UNIT_SECONDS) for number in range(messages)]


def test_messages_pass_a_good_network_at_once() -> None:
    assert arrivals(Network(), 3) == [0, UNIT_SECONDS, 2 * UNIT_SECONDS]


def test_jitter_delays_messages_by_up_to_twice_its_size_and_keeps_their_order() -> None:
    found = [one for one in arrivals(Network(jitter=0.05)) if one is not None]
    late = [at - number * UNIT_SECONDS for number, at in enumerate(found)]
    assert all(one <= other for one, other in itertools.pairwise(found))
    assert 0 <= min(late) < 0.02
    assert 0.09 < max(late) <= 0.1
    assert found == arrivals(Network(jitter=0.05))


def test_a_share_of_the_packets_is_lost() -> None:
    lost = arrivals(Network(loss=0.01)).count(None)
    assert lost == pytest.approx(50, abs=20)


def test_a_stall_holds_messages_back_and_then_lets_all_pass() -> None:
    stalling = Network(stall=5.0)
    found = arrivals(stalling, 1600)
    assert found[1249] == 1249 * UNIT_SECONDS
    assert set(found[1250:1500]) == {30.0}
    assert found[1501] == 1501 * UNIT_SECONDS
    assert network.stalls(stalling, 8, 65) == [(25, 30), (55, 60)]
    assert network.stalls(stalling, 26, 59) == []


@pytest.mark.parametrize(("at", "wait"), [(0, 0), (24, 0), (25, 13), (29, 9), (31, 0)])
def test_a_window_begins_before_a_stall_and_not_in_it(at: float, wait: float) -> None:
    assert network.wait_for_stall(Network(stall=5.0), at, settle=8) == wait
    assert network.wait_for_stall(Network(), at, settle=8) == 0


def test_a_hole_is_silence_and_a_pause_of_the_call_is_not() -> None:
    heard = said()
    assert silence.silent_share(heard) == 0
    heard[RATE : RATE + RATE // 10] = 0
    assert silence.silent_share(heard) == pytest.approx(0.1 / 12, abs=0.001)
    assert silence.sounds_for(heard) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("words", "seconds"), [("433 ms", 0.433), ("1.2 s", 1.2)])
def test_the_delay_of_a_deck_is_read(words: str, seconds: float) -> None:
    assert seconds_of(words) == seconds


def test_other_words_are_no_delay() -> None:
    with pytest.raises(ValueError, match="soon"):
        seconds_of("soon")


def test_frames_of_the_ring_are_not_live() -> None:
    frames = [
        ["tap", 10_000, 9_990, 4800, 480, 0],
        ["tap", 10_000, 4_000, 0, 480, 0],
        ["tap", 10_060, 10_050, 5280, 480, 4],
        ["tap", 10_060, 10_050, 5280, 480, 4],
    ]
    found = Observed({"frames": frames, "reports": [], "shown": []}).frames
    assert [one.position for one in found] == [4800, 5280]


def test_only_the_rows_that_were_measured_have_limits() -> None:
    found = table.limits(
        [
            {"name": "clean", "browser": "chromium", "p50_ms": 201.0, "underruns": 0},
            {"name": "stall", "browser": "chromium", "live_after_s": None},
        ]
    )
    assert [(one["figure"], one["reached"]) for one in found] == [
        ("p50_ms", False),
        ("underruns", True),
        ("live_after_s", False),
    ]


def test_a_chirp_begins_with_a_unit() -> None:
    assert chirps.LENGTH % UNIT == 0
