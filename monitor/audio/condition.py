"""Conditions: what may be wrong with a call, and how much a supervisor should care."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from monitor.wire.frame import Leg


class Kind(StrEnum):
    """Why a call needs attention, the most severe first. Help is asked for by the call's agent;
    the others are heard."""

    HELP = "help"
    ONE_WAY = "one_way"
    DEAD_AIR = "dead_air"
    ONE_SIDE_SILENT = "one_side_silent"
    CLIPPING = "clipping"
    TALK_OVER = "talk_over"
    LONG_CALL = "long_call"


#: How much a supervisor should care, from 0 to 100.
SEVERITIES = {
    Kind.HELP: 100,
    Kind.ONE_WAY: 80,
    Kind.DEAD_AIR: 60,
    Kind.ONE_SIDE_SILENT: 50,
    Kind.CLIPPING: 40,
    Kind.TALK_OVER: 30,
    Kind.LONG_CALL: 10,
}


class Condition(NamedTuple):
    """Something about a call that holds."""

    kind: Kind
    leg: Leg | None  # the leg that it is about, or None for the call
    since: int  # a position
