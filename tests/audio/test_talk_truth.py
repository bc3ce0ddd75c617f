"""Who talks for how long is measured right on calls of which it is known: from audio to figures.

The tolerances are those that Earshot promises: 5 % of a talk time, 5 points of a share.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.audio.talk import Talk
from tests.support.made_calls import Side, chat, heard, length, measure, overlap, side
from tests.support.sounds import coded, louder, mixed, noise

Line = Callable[[bytes], bytes]


def noisy(dbfs: float) -> Line:
    return lambda pcm: mixed(coded(pcm), noise(dbfs, len(pcm) / 16000))


def quiet(pcm: bytes) -> bytes:
    """Speech at -42 dBFS."""
    return louder(pcm, -20)


def loud(pcm: bytes) -> bytes:
    return louder(pcm, 10)


LINES: list[Line] = [coded, noisy(-70), noisy(-55), noisy(-50), quiet, loud]
NAMES = ["digital silence", "-70 dBFS", "-55 dBFS", "-50 dBFS", "quiet", "loud"]


def measured(speak: Side, listen: Side, line: Line = coded, behind: float = 0.0) -> Talk:
    return measure(heard(line(speak.pcm), line(listen.pcm), behind=behind))


def share(talk: Talk) -> float:
    return talk.speak.talk / (talk.speak.talk + talk.listen.talk)


def assert_right(talk: Talk, speak: Side, listen: Side) -> None:
    assert talk.speak.talk == pytest.approx(speak.talk, rel=0.05)
    assert talk.listen.talk == pytest.approx(listen.talk, rel=0.05)
    assert share(talk) == pytest.approx(speak.talk / (speak.talk + listen.talk), abs=0.05)
    both = length(overlap(speak, listen))
    assert abs(talk.overlap - both) <= 0.05 * (speak.talk + listen.talk)


@pytest.mark.parametrize("line", LINES, ids=NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_talk_times_shares_and_overlaps_are_right(line: Line, seed: int) -> None:
    speak, listen = chat(seed), chat(seed + 100)
    assert_right(measured(speak, listen, line), speak, listen)


def test_the_sides_of_a_call_are_not_exchanged() -> None:
    """The control: legs that are exchanged give exchanged figures, which are wrong."""
    speak = side((1, 0), (6, 2), (9, 4), (14, 7), seconds=20)
    listen = side((12.4, 5), seconds=20)
    assert_right(measured(speak, listen), speak, listen)
    with pytest.raises(AssertionError):
        assert_right(measured(listen, speak), speak, listen)


def test_overlaps_are_counted_and_timed() -> None:
    """Of three times that the agent begins too early, one is too short to count."""
    speak = side((1, 0), (8.5, 0), (15, 0), seconds=22)  # each until 4.1 s later
    listen = side((4, 1), (11.6, 1), (19, 5), seconds=22)
    assert [round(end - begin, 1) for begin, end in overlap(speak, listen)] == [1.1, 1.0, 0.1]
    talk = measured(speak, listen)
    assert talk.overlaps == 2
    assert talk.overlap == pytest.approx(2.1, abs=0.15)


def test_a_leg_that_is_put_at_the_wrong_time_would_give_other_overlaps() -> None:
    """The control for the alignment: overlaps depend on it, and talk times do not."""
    speak, listen = side((1, 0), (8.8, 0), seconds=15), side((5.5, 1), (13.1, 5), seconds=15)
    talk, wrong = measured(speak, listen), measured(speak, listen, behind=-1)
    assert talk.overlap == 0
    assert wrong.overlap > 1
    assert wrong.listen.talk == talk.listen.talk


def test_parties_that_take_turns_do_not_talk_at_once() -> None:
    speak = side((1, 1), (9, 3), seconds=15)
    listen = side((4.3, 0), (11.5, 2), seconds=15)
    assert measured(speak, listen, noisy(-55)).overlaps == 0


@pytest.mark.parametrize("line", LINES, ids=NAMES)
def test_the_longest_silence_of_each_party_is_right(line: Line) -> None:
    speak = side((1, 0), (14, 1), seconds=20)
    listen = side((5.5, 2), (18.2, 5), seconds=20)
    talk = measured(speak, listen, line)
    assert talk.speak.silence == pytest.approx(speak.silence, abs=0.3)
    assert talk.listen.silence == pytest.approx(listen.silence, abs=0.3)


@pytest.mark.parametrize("dbfs", [-60, -45, -30])
def test_noise_says_nothing(dbfs: float) -> None:
    speak, listen = side((1, 0), seconds=20), side(seconds=20)
    talk = measure(heard(coded(speak.pcm), noise(dbfs, 20)))
    assert talk.listen.talk == 0
    assert listen.talk == 0


@pytest.mark.parametrize("line", [coded, noisy(-55)], ids=["digital silence", "-55 dBFS"])
def test_a_short_answer_counts(line: Line) -> None:
    """A word of 0.4 s, by the beginning of a sentence."""
    word = side((1, 5), seconds=12)
    audio = (word.pcm[: round(1.4 * 16000)] + bytes(round(1.6 * 16000))) * 4
    talk = measure(heard(line(audio), line(bytes(len(audio)))))
    assert talk.speak.talk == pytest.approx(1.6, abs=0.2)
