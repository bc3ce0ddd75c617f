"""Attention: tells from a call's sound alone what a supervisor should know about it.

A call is observed about once a second: for each of its legs, what was heard there since the last
time. Time is a position in samples on one timeline for all legs of the call. It is given, and never
read from a clock. A condition holds since the moment that caused it, and not since it was noticed,
so that a deck can play that moment.

- A silence begins where the last speech ended, and ends when somebody has spoken for a moment: a
  click or a cough does not end it.
- Shares are of a window of time. One that has reached its threshold must fall well below it before
  the condition ends.
- A leg whose audio has stopped arriving is unknown: its conditions neither begin nor end. The page
  shows it as stalled, which is another matter.

These three rules keep conditions from flickering.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.audio.condition import SEVERITIES, Condition, Kind
from monitor.audio.g711 import SAMPLE_RATE
from monitor.audio.leg_history import LegHistory, Share
from monitor.audio.talk import SIDES, Stretch
from monitor.audio.voice import Sound
from monitor.wire.frame import Leg


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a condition holds. Times are in seconds; infinity switches a condition off."""

    #: Nobody has spoken for this long.
    dead_air: float = 10.0
    #: One side has not spoken for this long, though the other has.
    one_side_silent: float = 30.0
    #: The level of a leg has not moved since its audio began.
    one_way: float = 20.0
    #: The level of a leg that could be heard has not moved for this long, while the other side
    #: spoke. It is longer, because the voice of an agent is digital silence while it listens.
    gone_still: float = 60.0
    #: The share of a leg's samples that are clipped. Speech that is 10 dB too loud has 1 %.
    clipping: float = 0.01
    #: The share of the time in which both sides speak at once.
    talk_over: float = 0.3
    #: The time of which clipping and talk-over are shares.
    window: float = 10.0
    #: The part of its threshold below which a share must fall to end a condition.
    ease: float = 0.5
    #: How long the call has been going on.
    long_call: float = 1200.0


def _urgency(condition: Condition) -> tuple[int, int, int]:
    leg = -1 if condition.leg is None else condition.leg
    return -SEVERITIES[condition.kind], condition.since, leg


class Attention:
    """Knows which conditions of one call hold.

    ``began`` is the position at which the call began. ``held`` are the conditions that held when
    another process observed the call: they end as if they had begun here.
    """

    def __init__(
        self, thresholds: Thresholds, began: int = 0, held: Iterable[Condition] = ()
    ) -> None:
        self._thresholds = thresholds
        self._began = began
        self._legs: dict[Leg, LegHistory] = {}
        self._window = int(thresholds.window * SAMPLE_RATE)
        self._overlap = Share(self._window)
        self._since = {(one.kind, one.leg): one.since for one in held}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that hold, the most severe first."""
        held = (
            Condition(kind, leg, since)
            for (kind, leg), since in self._since.items()
            # A leg that brings no sound at all is not one whose party keeps silent.
            if kind is not Kind.ONE_SIDE_SILENT or (Kind.ONE_WAY, leg) not in self._since
        )
        return tuple(sorted(held, key=_urgency))

    def observe(
        self, at: int, sounds: Mapping[Leg, Sound], talked: Stretch | None = None
    ) -> tuple[Condition, ...]:
        """Take what was heard on each leg of the call up to ``at``, and return the conditions.

        A leg that is not among ``sounds`` is no longer tapped. ``talked`` says for how long both
        parties talked in a stretch of the call, which is known a little later. ``at`` never goes
        back.
        """
        for leg in {leg for _, leg in self._since} | self._legs.keys():
            if leg is not None and leg not in sounds:
                self._forget(leg)
        for leg, sound in sounds.items():
            if leg not in self._legs:
                self._legs[leg] = LegHistory(self._window)
            self._legs[leg].add(at, sound)
        self._follow_dead_air(at)
        for leg, history in self._legs.items():
            if history.flows:
                self._follow_silent_side(at, leg, history)
                self._follow_one_way(at, leg, history)
                self._follow_share(Kind.CLIPPING, leg, history.clipping, self._thresholds.clipping)
        self._follow_talk_over(sounds, talked)
        self._follow_length(at)
        return self.conditions

    def _follow_dead_air(self, at: int) -> None:
        histories = self._legs.values()
        whole = Leg.BOTH in self._legs or all(side in self._legs for side in SIDES)
        if not whole or any(history.spoke for history in histories):
            self._end(Kind.DEAD_AIR)
        elif all(history.flows for history in histories):
            since = max(history.silent_since for history in histories)
            if self._has_passed(self._thresholds.dead_air, since, at):
                self._begin(Kind.DEAD_AIR, None, since)

    def _follow_silent_side(self, at: int, leg: Leg, history: LegHistory) -> None:
        """Follow whether one side keeps silent while the other speaks.

        If only this leg is tapped, nobody knows whether the other side speaks, so that its
        silence is enough.
        """
        if history.spoke or leg is Leg.BOTH:
            self._end(Kind.ONE_SIDE_SILENT, leg)
            return
        others = self._others(leg)
        recent = max(history.silent_since, at - self._thresholds.dead_air * SAMPLE_RATE)
        talked_to = not others or any(other.spoken_at > recent for other in others)
        limit = self._thresholds.one_side_silent
        if talked_to and self._has_passed(limit, history.silent_since, at):
            self._begin(Kind.ONE_SIDE_SILENT, leg, history.silent_since)

    def _follow_one_way(self, at: int, leg: Leg, history: LegHistory) -> None:
        """Follow whether a leg brings packets without any sound.

        If other legs are tapped, one of them must have speech meanwhile: when all are still, the
        call is on hold, or has not been answered yet.
        """
        if history.moved:
            self._end(Kind.ONE_WAY, leg)
            return
        others = self._others(leg)
        if others:
            suspect = any(other.spoken_at > history.still_since for other in others)
        else:
            suspect = not history.has_moved
        limits = self._thresholds
        limit = limits.gone_still if history.has_moved else limits.one_way
        if suspect and self._has_passed(limit, history.still_since, at):
            self._begin(Kind.ONE_WAY, leg, history.still_since)

    def _follow_talk_over(self, sounds: Mapping[Leg, Sound], talked: Stretch | None) -> None:
        """Follow whether both sides speak at once."""
        if not all(side in sounds for side in SIDES):
            self._overlap.clear()
            self._end(Kind.TALK_OVER)
        elif talked and all(sounds[side].samples for side in SIDES):
            self._overlap.add(*talked)
            self._follow_share(Kind.TALK_OVER, None, self._overlap, self._thresholds.talk_over)

    def _follow_share(self, kind: Kind, leg: Leg | None, share: Share, threshold: float) -> None:
        if share.value >= threshold:
            self._begin(kind, leg, share.since)
        elif share.value < threshold * self._thresholds.ease:
            self._end(kind, leg)

    def _follow_length(self, at: int) -> None:
        limit = self._thresholds.long_call
        if self._has_passed(limit, self._began, at):
            self._begin(Kind.LONG_CALL, None, self._began + int(limit * SAMPLE_RATE))

    @staticmethod
    def _has_passed(seconds: float, since: int, at: int) -> bool:
        return at - since >= seconds * SAMPLE_RATE

    def _others(self, leg: Leg) -> list[LegHistory]:
        return [history for other, history in self._legs.items() if other is not leg]

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg, None)
        for kind in Kind:
            self._end(kind, leg)

    def _begin(self, kind: Kind, leg: Leg | None, since: int) -> None:
        """Let a condition hold, unless it does already."""
        self._since.setdefault((kind, leg), since)

    def _end(self, kind: Kind, leg: Leg | None = None) -> None:
        self._since.pop((kind, leg), None)
