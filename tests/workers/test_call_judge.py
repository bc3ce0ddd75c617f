"""CallJudge joins the legs of calls, and says which marks begin and end."""

from __future__ import annotations

import datetime

import pytest

from monitor.audio.attention import Thresholds
from monitor.audio.condition import Kind
from monitor.bus.keys import SECONDS_KEPT_FOR
from monitor.bus.seconds import Heard
from monitor.services.marks import Mark, Watched
from monitor.workers.call_judge import CallJudge
from tests.support.scenes import SOUNDS

BEGAN = 1_790_000_000  # Unix seconds


def moment(second: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(BEGAN + second, datetime.UTC)


def call(pk: int = 1, marks: tuple[Mark, ...] = (), **legs: str) -> Watched:
    """A call with legs by their taps."""
    return Watched(pk, moment(0), legs, list(marks))


def judging(*calls: Watched) -> CallJudge:
    judge = CallJudge(Thresholds())
    judge.watch(calls)
    return judge


def hear(judge: CallJudge, began: int = 0, /, **taps: str) -> None:
    """Let one process hear a scene on some taps, from a second on."""
    length = len(next(iter(taps.values())))
    for second in range(length):
        sounds = {tap: SOUNDS[scene[second]] for tap, scene in taps.items()}
        judge.hear(Heard.of(BEGAN + began + second, sounds))


def judge_all(judge: CallJudge, until: int = 10_000) -> None:
    for second in judge.due(BEGAN + until):
        for _ in judge.judge(second):
            pass


def begun(judge: CallJudge) -> list[Mark]:
    return judge.changes()[0]


def names(marks: list[Mark]) -> list[tuple[int, str, str]]:
    return [(mark.call_id, mark.kind, mark.leg) for mark in marks]


DEAD_AIR = Mark(1, Kind.DEAD_AIR, "", moment(2))


def test_silence_begins_a_mark_where_the_last_speech_ended() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="##" + "." * 10)
    judge_all(judge)
    assert judge.changes() == ([DEAD_AIR], [])


def test_a_mark_that_was_written_is_no_change() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="##" + "." * 10)
    judge_all(judge)
    judge.written([DEAD_AIR], [])
    assert judge.changes() == ([], [])


def test_a_mark_that_could_not_be_written_stays_a_change() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="##" + "." * 12)
    judge_all(judge, 12)
    assert begun(judge) == [DEAD_AIR]
    judge_all(judge)
    assert begun(judge) == [DEAD_AIR]


def test_speech_ends_the_mark() -> None:
    judge = judging(call(a="both", marks=(DEAD_AIR,)))
    hear(judge, 12, a="##")
    judge_all(judge)
    assert judge.changes() == ([], [DEAD_AIR])
    judge.written([], [DEAD_AIR])
    assert judge.changes() == ([], [])


def test_legs_of_two_processes_are_judged_together() -> None:
    judge = judging(call(caller="speak", agent="listen"))
    hear(judge, agent="#" + "." * 35)
    hear(judge, caller="###.#" * 7 + "#")
    judge_all(judge)
    assert names(begun(judge)) == [(1, "one_side_silent", "listen")]


def test_a_leg_that_is_not_heard_of_is_not_silent() -> None:
    """Its process may have ended: nobody knows what is said there."""
    judge = judging(call(caller="speak", agent="listen"))
    hear(judge, caller="." * 40)
    judge_all(judge)
    assert begun(judge) == []


def test_a_second_waits_until_it_is_due() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="...")
    assert judge.due(BEGAN + 1) == [BEGAN, BEGAN + 1]


def test_what_comes_after_its_second_was_judged_is_left_out() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="...")
    judge_all(judge)
    hear(judge, 2, a="#")
    assert judge.due(BEGAN + 100) == []


def test_what_is_told_twice_counts_once() -> None:
    """A new judge reads what Redis has, and meanwhile is told of the newest second."""
    judge = judging(call(a="both"))
    for _ in range(2):
        hear(judge, a="##" + "." * 10)
    judge_all(judge)
    assert begun(judge) == [DEAD_AIR]


def test_of_two_connections_of_a_tap_the_one_with_audio_counts() -> None:
    for order in ("#", " "), (" ", "#"):
        judge = judging(call(a="both", marks=(DEAD_AIR,)))
        for second in range(2):
            for sound in order:
                hear(judge, 12 + second, a=sound)
        judge_all(judge)
        assert judge.changes() == ([], [DEAD_AIR])


def test_calls_are_judged_apart() -> None:
    judge = judging(call(1, a="both"), call(2, b="both"))
    hear(judge, a="." * 12, b="#" * 12)
    judge_all(judge)
    assert names(begun(judge)) == [(1, "dead_air", "")]


def test_taps_whose_call_is_not_known_are_asked_for_once() -> None:
    judge = judging(call(a="both"))
    hear(judge, a="#", b="#")
    assert judge.unknown() == {"b"}
    judge_all(judge)
    assert judge.unknown() == set()


def test_a_long_call_is_one_since_it_is_long() -> None:
    judge = judging(call(a="both"))
    hear(judge, 1200, a="##")
    judge_all(judge)
    assert begun(judge) == [Mark(1, Kind.LONG_CALL, "", moment(1200))]


# A judge that takes over


def test_marks_of_the_judge_before_go_on() -> None:
    before = DEAD_AIR._replace(began_at=moment(-300))
    judge = judging(call(a="both", marks=(before,)))
    hear(judge, a="." * 60)
    judge_all(judge)
    assert judge.changes() == ([], [])


def test_a_call_that_began_within_the_seconds_that_are_left_is_judged_from_its_first() -> None:
    judge = judging(call(1, a="both"), call(2, b="both"))
    hear(judge, a="#" * 50)
    hear(judge, 38, b="." * 12)
    judge_all(judge)
    assert names(begun(judge)) == [(2, "dead_air", "")]


def test_a_mark_of_a_leg_that_is_not_heard_of_goes_on() -> None:
    clipping = Mark(1, Kind.CLIPPING, "listen", moment(0))
    judge = judging(call(caller="speak", agent="listen", marks=(clipping,)))
    hear(judge, caller="##")
    judge_all(judge)
    assert judge.changes() == ([], [])


# The end of legs and calls


def description(pk: int = 1, **states: str) -> dict[str, object]:
    return {"id": str(pk), "legs": [{"id": tap, "state": one} for tap, one in states.items()]}


def test_a_call_that_is_over_is_no_longer_judged() -> None:
    """Its marks are ended by whoever ends its last leg."""
    judge = judging(call(a="both", marks=(DEAD_AIR,)))
    judge.follow(description(a="finished"))
    hear(judge, 12, a="##")
    judge_all(judge)
    assert judge.changes() == ([], [])


def test_what_was_wrong_with_a_leg_ends_with_it() -> None:
    clipping = Mark(1, Kind.CLIPPING, "listen", moment(0))
    judge = judging(call(caller="speak", agent="listen", marks=(clipping,)))
    judge.follow(description(caller="tapping", agent="finished"))
    hear(judge, caller="##")
    judge_all(judge)
    assert judge.changes() == ([], [clipping])


def test_a_leg_that_comes_back_is_asked_for_again() -> None:
    judge = judging(call(a="both"))
    judge.follow(description(a="lost"))
    hear(judge, a="#")
    assert judge.unknown() == {"a"}


@pytest.mark.parametrize(("seconds", "known"), [(SECONDS_KEPT_FOR - 1, True), (100, False)])
def test_a_call_that_is_not_heard_of_is_forgotten(seconds: int, known: bool) -> None:
    judge = judging(call(1, a="both"), call(2, b="both"))
    hear(judge, a="#", b="#")
    for second in range(seconds + 1):
        judge_all(judge)
        hear(judge, second + 1, b="#")
    judge_all(judge)
    hear(judge, seconds + 2, a="#", b="#")
    assert judge.unknown() == (set() if known else {"a"})


def test_seconds_that_cannot_be_judged_do_not_pile_up() -> None:
    judge = judging()
    hear(judge, a="#" * 500)
    assert len(judge.due(BEGAN + 1000)) == SECONDS_KEPT_FOR
