"""Conditions: what may be wrong with a call, and how much a supervisor should care."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from monitor.wire.frame import Leg


class Kind(StrEnum):
    """Why a call needs attention, the most severe first.

    Help is asked for by the call's agent. The kinds of HEARD are found in the audio, and those of
    TOLD in what the carrier tells of what is said and done.
    """

    HELP = "help"
    WANTS_PERSON = "wants_person"
    ONE_WAY = "one_way"
    LLM_ERROR = "llm_error"
    TOOL_FAILS = "tool_fails"
    PHRASE = "phrase"
    DEAD_AIR = "dead_air"
    ONE_SIDE_SILENT = "one_side_silent"
    LONG_HOLD = "long_hold"
    SLOW_ANSWERS = "slow_answers"
    CLIPPING = "clipping"
    BARGE_INS = "barge_ins"
    TALK_OVER = "talk_over"
    LONG_CALL = "long_call"


#: How much a supervisor should care, from 0 to 100.
SEVERITIES = {
    Kind.HELP: 100,
    Kind.WANTS_PERSON: 90,
    Kind.ONE_WAY: 80,
    Kind.LLM_ERROR: 70,
    Kind.TOOL_FAILS: 65,
    Kind.PHRASE: 62,
    Kind.DEAD_AIR: 60,
    Kind.ONE_SIDE_SILENT: 50,
    Kind.LONG_HOLD: 45,
    Kind.SLOW_ANSWERS: 42,
    Kind.CLIPPING: 40,
    Kind.BARGE_INS: 35,
    Kind.TALK_OVER: 30,
    Kind.LONG_CALL: 10,
}

#: What is found in the audio of a call, and by nothing else.
HEARD = (
    Kind.ONE_WAY,
    Kind.DEAD_AIR,
    Kind.ONE_SIDE_SILENT,
    Kind.CLIPPING,
    Kind.TALK_OVER,
    Kind.LONG_CALL,
)
#: What is found in what the carrier tells.
TOLD = (
    Kind.WANTS_PERSON,
    Kind.LLM_ERROR,
    Kind.TOOL_FAILS,
    Kind.PHRASE,
    Kind.LONG_HOLD,
    Kind.SLOW_ANSWERS,
    Kind.BARGE_INS,
)
#: What is over as soon as somebody has come to listen.
UNTIL_LISTENED = (Kind.HELP, Kind.WANTS_PERSON, Kind.PHRASE)


class Condition(NamedTuple):
    """Something about a call that holds."""

    kind: Kind
    leg: Leg | None  # the leg that it is about, or None for the call
    since: int  # a position
