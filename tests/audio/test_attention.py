"""Which conditions of a call hold. tests/support/scenes.py says what its characters sound like."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from monitor.audio.attention import Attention, Thresholds
from monitor.audio.condition import HEARD, SEVERITIES, Condition, Kind
from monitor.audio.voice import STRIDE
from monitor.wire.frame import Leg
from tests.support.scenes import SECOND, SOUNDS, held, kinds, play

THRESHOLDS = Thresholds()


def attention(began: int = 0, /, **changed: float) -> Attention:
    return Attention(dataclasses.replace(THRESHOLDS, **changed), began * SECOND)


def only(conditions: tuple[Condition, ...], kind: Kind) -> Condition:
    """Return the one condition that holds, which must be of this kind."""
    (one,) = conditions
    assert one.kind is kind
    return one


# A call in good order


def test_a_call_in_good_order_has_no_conditions() -> None:
    history = play(
        attention(),
        speak="###......###....#..." * 10,
        listen="....####.....##..###" * 10,
    )
    assert not any(history)


def test_a_mixed_call_in_good_order_has_no_conditions() -> None:
    assert not any(play(attention(), both="###.####.###.##.####" * 10))


def test_a_call_that_has_just_begun_has_no_conditions() -> None:
    assert attention().conditions == ()


# Dead air


def test_dead_air_is_ten_seconds_in_which_nobody_speaks() -> None:
    history = play(attention(), both="##...........")
    assert held(history, Kind.DEAD_AIR) == "-----------!!"


def test_dead_air_holds_since_the_last_speech_ended() -> None:
    history = play(attention(), both="##" + "." * 15)
    assert only(history[-1], Kind.DEAD_AIR) == (Kind.DEAD_AIR, None, 2 * SECOND)


def test_a_call_in_which_nobody_ever_speaks_has_dead_air_since_its_beginning() -> None:
    history = play(attention(), both="." * 15)
    assert only(history[-1], Kind.DEAD_AIR).since == 0


def test_dead_air_needs_silence_on_both_sides() -> None:
    history = play(attention(), speak="#" + "." * 19, listen="." * 8 + "##" + "." * 10)
    assert held(history, Kind.DEAD_AIR) == "-" * 19 + "!"
    assert only(history[-1], Kind.DEAD_AIR).since == 10 * SECOND


@pytest.mark.parametrize("side", ["speak", "listen"])
def test_dead_air_ends_when_either_side_speaks(side: str) -> None:
    other = "listen" if side == "speak" else "speak"
    history = play(attention(), **{side: "#" + "." * 11 + "#", other: "#" + "." * 12})
    assert held(history, Kind.DEAD_AIR) == "----------" + "!!-"


def test_dead_air_does_not_end_with_a_cough() -> None:
    history = play(attention(), both="#" + "." * 10 + "c..")
    assert held(history, Kind.DEAD_AIR) == "-" * 10 + "!!!!"


def test_a_cough_does_not_put_dead_air_off() -> None:
    history = play(attention(), both="#....c......")
    assert only(history[-1], Kind.DEAD_AIR).since == SECOND


def test_a_short_word_ends_dead_air_even_when_a_second_begins_within_it() -> None:
    history = play(attention(), both="#" + "." * 10 + "//")
    assert held(history, Kind.DEAD_AIR) == "-" * 10 + "!!-"


@pytest.mark.parametrize("side", ["speak", "listen"])
def test_one_side_alone_cannot_tell_dead_air(side: str) -> None:
    """The side that is not tapped may be speaking."""
    history = play(attention(), **{side: "#" + "." * 20})
    assert Kind.DEAD_AIR not in kinds(history[-1])


def test_dead_air_comes_back_only_after_as_much_silence_again() -> None:
    history = play(attention(), both="#" + "." * 11 + "#" + "." * 11)
    assert held(history, Kind.DEAD_AIR) == "-" * 10 + "!!" + "-" * 10 + "!!"


# One side silent


def test_a_side_that_says_nothing_while_the_other_speaks_is_silent() -> None:
    history = play(attention(), speak="#" + "." * 31, listen="...####." * 4)
    assert held(history, Kind.ONE_SIDE_SILENT) == "-" * 30 + "!!"
    assert only(history[-1], Kind.ONE_SIDE_SILENT) == (Kind.ONE_SIDE_SILENT, Leg.SPEAK, SECOND)


def test_a_side_that_speaks_is_no_longer_silent() -> None:
    history = play(attention(), speak="#" + "." * 31 + "#.", listen="..####.." * 4 + ".#")
    assert held(history, Kind.ONE_SIDE_SILENT) == "-" * 30 + "!!--"


def test_no_side_is_silent_towards_another_that_is_silent_too() -> None:
    """That is dead air."""
    history = play(attention(), speak="#" + "." * 39, listen="###" + "." * 37)
    assert kinds(history[-1]) == {Kind.DEAD_AIR}


def test_a_side_stays_silent_when_the_other_falls_silent_too() -> None:
    history = play(attention(), speak="#" + "." * 51, listen="#" * 32 + "." * 20)
    assert kinds(history[-1]) == {Kind.DEAD_AIR, Kind.ONE_SIDE_SILENT}


def test_a_side_that_is_tapped_alone_is_silent_after_as_long() -> None:
    history = play(attention(), speak="#" + "." * 31)
    assert held(history, Kind.ONE_SIDE_SILENT) == "-" * 30 + "!!"


def test_a_mixed_leg_shows_that_the_other_side_speaks() -> None:
    history = play(attention(), speak="." * 32, both="###....#" * 4)
    assert only(history[-1], Kind.ONE_SIDE_SILENT).leg is Leg.SPEAK


def test_a_mixed_leg_has_no_side_that_is_silent() -> None:
    assert Kind.ONE_SIDE_SILENT not in kinds(play(attention(), both="." * 40)[-1])


# One-way audio


def test_a_leg_that_brings_nothing_but_comfort_noise_while_the_other_speaks_is_one_way() -> None:
    history = play(attention(), speak="_" * 25, listen="###.#" * 5)
    assert held(history, Kind.ONE_WAY) == "-" * 19 + "!" * 6
    assert only(history[-1], Kind.ONE_WAY) == (Kind.ONE_WAY, Leg.SPEAK, 0)


def test_a_leg_that_brings_digital_silence_is_one_way_too() -> None:
    history = play(attention(), speak="###.#" * 5, listen="0" * 25)
    assert only(history[-1], Kind.ONE_WAY).leg is Leg.LISTEN


def test_comfort_noise_that_begins_does_not_move_the_level() -> None:
    """A line is digital silence until it is connected. Its one step is no life."""
    history = play(attention(), speak="0_" + "_" * 28, listen="###.#" * 6)
    assert Kind.ONE_WAY in kinds(history[-1])


def test_a_line_on_which_nobody_speaks_but_that_lives_is_not_one_way() -> None:
    history = play(attention(), speak="." * 80, listen="###.#" * 16)
    assert kinds(history[-1]) == {Kind.ONE_SIDE_SILENT}


def test_one_way_ends_when_the_level_moves() -> None:
    history = play(attention(), speak="_" * 25 + "##", listen="###.#" * 5 + "..")
    assert held(history, Kind.ONE_WAY) == "-" * 19 + "!" * 7 + "-"


def test_concealed_loss_does_not_move_the_level() -> None:
    """Concealment fades to silence, and then the noise comes back."""
    history = play(attention(), speak="_%_%%_" * 5, listen="###.##" * 5)
    assert Kind.ONE_WAY in kinds(history[-1])


def test_an_agent_that_listens_for_long_is_not_one_way() -> None:
    """Synthetic speech has digital silence between its sentences."""
    history = play(attention(), speak="#" * 30, listen="##" + "0" * 28)
    assert Kind.ONE_WAY not in kinds(history[-1])


def test_a_leg_that_could_be_heard_is_one_way_after_a_minute() -> None:
    """So is one whose line breaks during the call."""
    history = play(attention(), speak="#" * 70, listen="##" + "0" * 68)
    assert held(history, Kind.ONE_WAY) == "-" * 61 + "!" * 9
    assert history[-1][0] == (Kind.ONE_WAY, Leg.LISTEN, 2 * SECOND)


def test_a_call_on_which_nobody_is_heard_at_all_is_not_one_way() -> None:
    """It is on hold, or has not been answered."""
    history = play(attention(), speak="_" * 40, listen="0" * 40)
    assert kinds(history[-1]) == {Kind.DEAD_AIR}


@pytest.mark.parametrize("side", ["speak", "listen", "both"])
def test_a_leg_that_is_tapped_alone_is_one_way_if_it_never_moved(side: str) -> None:
    history = play(attention(), **{side: "_" * 25})
    assert held(history, Kind.ONE_WAY) == "-" * 19 + "!" * 6


@pytest.mark.parametrize("side", ["speak", "listen", "both"])
def test_a_leg_that_is_tapped_alone_is_not_one_way_once_it_has_moved(side: str) -> None:
    history = play(attention(), **{side: "##" + "_" * 98})
    assert Kind.ONE_WAY not in kinds(history[-1])


def test_one_way_is_told_and_not_also_that_the_side_is_silent() -> None:
    history = play(attention(), speak="_" * 40, listen="###.#" * 8)
    assert kinds(history[-1]) == {Kind.ONE_WAY}


# Clipping


def test_a_leg_of_which_one_percent_is_clipped_clips() -> None:
    """Each of these seconds has 3 %, and the window is 10 s."""
    history = play(attention(), both="##X#X#X#X####")
    assert held(history, Kind.CLIPPING) == "-" * 8 + "!" * 5
    assert only(history[-1], Kind.CLIPPING) == (Kind.CLIPPING, Leg.BOTH, 2 * SECOND)


def test_a_moment_of_clipping_is_not_clipping() -> None:
    assert not any(play(attention(), both="###X####X##########X#"))


def test_clipping_ends_when_its_share_has_fallen_to_half() -> None:
    """Two clipped seconds of the last ten keep it up, and one does not."""
    history = play(attention(), both="XXXX" + "#" * 12)
    assert held(history, Kind.CLIPPING) == "---" + "!" * 9 + "----"


def test_clipping_that_comes_and_goes_around_its_threshold_does_not_flicker() -> None:
    history = play(attention(), both="XXXX" + "###X###X##" * 6)
    assert held(history, Kind.CLIPPING) == "---" + "!" * 61


def test_it_is_told_which_leg_clips() -> None:
    history = play(attention(), speak="XXXX", listen="....")
    assert only(history[-1], Kind.CLIPPING).leg is Leg.SPEAK


# Talk-over


def test_sides_that_speak_at_once_for_three_of_ten_seconds_talk_over_each_other() -> None:
    """It is known 1.4 s later, because what somebody says is known only with what comes after."""
    history = play(attention(), speak="..=====...", listen="==.====...")
    assert held(history, Kind.TALK_OVER) == "-------!!!"
    condition = only(history[-1], Kind.TALK_OVER)
    assert condition.leg is None
    assert abs(condition.since - 3 * SECOND) <= STRIDE


def test_sides_that_take_turns_do_not_talk_over_each_other() -> None:
    assert not any(play(attention(), speak="=.=.=.=.=.=.", listen=".=.=.=.=.=.="))


def test_a_short_interruption_is_not_talk_over() -> None:
    assert not any(play(attention(), speak="======....", listen="....======"))


def test_a_cough_while_the_other_side_speaks_is_not_talk_over() -> None:
    assert not any(play(attention(), speak="#c#c#c#c#c", listen="c#c#c#c#c#"))


def test_sides_that_speak_at_once_with_pauses_talk_over_each_other() -> None:
    """Neither speaks for more than three quarters of a second."""
    history = play(attention(), speak="#######", listen="#######")
    assert kinds(history[-1]) == {Kind.TALK_OVER}


def test_talk_over_ends_once_its_share_has_fallen_to_half() -> None:
    history = play(attention(), speak="=" * 17, listen="====" + "." * 13)
    assert held(history, Kind.TALK_OVER) == "-" * 4 + "!" * 9 + "-" * 4


def test_a_mixed_leg_cannot_tell_talk_over() -> None:
    assert not any(play(attention(), both="=" * 20))


def test_talk_over_ends_when_one_side_is_no_longer_tapped() -> None:
    watched = attention()
    play(watched, speak="====", listen="====")
    (after,) = play(watched, 4, speak="=")
    assert after == ()


# A long call


def test_a_call_is_long_after_twenty_minutes() -> None:
    watched = attention()
    watched.observe(1199 * SECOND, {Leg.BOTH: SOUNDS["#"]})
    assert watched.conditions == ()
    watched.observe(1200 * SECOND, {Leg.BOTH: SOUNDS["#"]})
    assert only(watched.conditions, Kind.LONG_CALL).since == 1200 * SECOND


def test_a_call_that_is_tapped_late_is_long_after_twenty_minutes_of_the_call() -> None:
    history = play(attention(-1195), both="#######")
    assert held(history, Kind.LONG_CALL) == "----!!!"


# Several at once


def test_conditions_are_told_the_most_severe_first() -> None:
    watched = attention(-1200, window=20)
    play(watched, both="XXXXXXXX" + "." * 11)
    kinds_held = [one.kind for one in watched.conditions]
    assert kinds_held == [Kind.DEAD_AIR, Kind.CLIPPING, Kind.LONG_CALL]


def test_kinds_are_listed_the_most_severe_first() -> None:
    assert list(Kind) == sorted(Kind, key=lambda kind: -SEVERITIES[kind])


# A leg that is tapped later


def test_a_leg_that_is_tapped_later_is_silent_since_then() -> None:
    watched = attention()
    play(watched, speak="###.#" * 4)
    history = play(watched, 20, speak="###.#" * 7, listen="." * 35)
    condition = only(history[-1], Kind.ONE_SIDE_SILENT)
    assert condition == (Kind.ONE_SIDE_SILENT, Leg.LISTEN, 20 * SECOND)


# Audio that stops arriving


def test_a_leg_that_has_stalled_is_not_dead_air() -> None:
    watched = attention()
    assert not any(play(watched, both="##" + " " * 30))


def test_dead_air_goes_on_while_the_leg_is_stalled() -> None:
    """Nobody can tell whether it has ended, and the page shows that the leg is stalled."""
    history = play(attention(), both="#" + "." * 11 + "     ..")
    assert held(history, Kind.DEAD_AIR) == "-" * 10 + "!" * 9


def test_silence_is_counted_again_after_a_stall() -> None:
    history = play(attention(), both="#......  " + "." * 11)
    assert held(history, Kind.DEAD_AIR) == "-" * 18 + "!!"


def test_one_stalled_side_is_enough_not_to_know_of_dead_air() -> None:
    history = play(attention(), speak="#" + "." * 20, listen="#" + " " * 20)
    assert Kind.DEAD_AIR not in kinds(history[-1])


def test_a_stalled_leg_is_not_one_way() -> None:
    """One-way audio is packets that flow and bring nothing."""
    history = play(attention(), speak=" " * 40, listen="###.#" * 8)
    assert not history[-1]


def test_stillness_is_counted_again_after_a_stall() -> None:
    history = play(attention(), speak="_" * 15 + "  " + "_" * 21, listen="#" * 38)
    assert held(history, Kind.ONE_WAY) == "-" * 36 + "!!"


def test_talk_over_goes_on_while_one_side_is_stalled() -> None:
    history = play(attention(), speak="======" + " " * 12, listen="======" + "#" * 12)
    assert held(history, Kind.TALK_OVER) == "----" + "!" * 14


def test_conditions_of_a_leg_end_when_it_is_no_longer_tapped() -> None:
    watched = attention()
    play(watched, speak="XXXX" + "." * 31, listen="####" + "#...." * 6 + "#")
    assert {one.leg for one in watched.conditions} == {Leg.SPEAK}
    (after,) = play(watched, 35, listen="#")
    assert after == ()


# A call that another process has observed before


def test_conditions_that_held_elsewhere_go_on() -> None:
    before = play(attention(), speak="_" * 30, listen="#..#.." * 5)[-1]
    after = Attention(THRESHOLDS, held=before)
    assert play(after, 30, speak="__", listen="##")[-1] == before


def test_conditions_that_held_elsewhere_end_as_others_do() -> None:
    before = play(attention(), speak="_" * 30, listen="#..#.." * 5)[-1]
    after = Attention(THRESHOLDS, held=before)
    assert play(after, 30, speak="##", listen="..")[-1] == ()


def test_conditions_of_a_leg_that_was_tapped_elsewhere_only_end() -> None:
    before = play(attention(), speak="_" * 30, listen="#..#.." * 5)[-1]
    after = Attention(THRESHOLDS, held=before)
    assert play(after, 30, listen="#")[-1] == ()


# How it is set


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dead_air", Kind.DEAD_AIR),
        ("one_side_silent", Kind.ONE_SIDE_SILENT),
        ("one_way", Kind.ONE_WAY),
        ("clipping", Kind.CLIPPING),
        ("talk_over", Kind.TALK_OVER),
        ("long_call", Kind.LONG_CALL),
    ],
)
def test_each_condition_can_be_switched_off(name: str, kind: Kind) -> None:
    def all_that_held(**changed: float) -> set[Kind]:
        scenes = {
            "talk-over and clipping": {"speak": "=" * 10, "listen": "XX=X=X=X=X"},
            "silence": {"speak": "." * 15, "listen": "." * 15},
            "one side silent": {"speak": "." * 40, "listen": "#..#" * 10},
            "one way": {"speak": "_" * 40, "listen": "#..#" * 10},
        }
        histories = [play(attention(-1200, **changed), **one) for one in scenes.values()]
        return set().union(*(kinds(one) for one in itertools.chain(*histories)))

    everything = set(HEARD)
    assert all_that_held() == everything
    assert all_that_held(**{name: math.inf}) == everything - {kind}
