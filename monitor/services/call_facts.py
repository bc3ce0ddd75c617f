"""What is true of a call as a whole, concluded from what is said in it and from its legs.

Two witnesses tell of a call: the carrier's words of what is said in it, which
``services.call_life`` follows, and its taps. A call goes on while one of its taps is open, or
while its words go on: they have begun, and their end was not told. Taps that end do not end a
call whose words go on, because its agent may have stopped them and talk on. A call of which
nothing is said is known by its taps alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from monitor.models import Call, CallState, Tap, TapState


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The state and the times of a call, and why it is monitored.

    The state is that of its liveliest leg, or untapped while it goes on without one, and in the
    end that of what ended last. A call starts with its first word or its first leg, and has ended
    when both witnesses have.
    """

    state: CallState
    is_over: bool
    reason: str
    requested_at: datetime.datetime
    started_at: datetime.datetime | None
    ended_at: datetime.datetime | None

    @property
    def duration(self) -> datetime.timedelta | None:
        """The time from start to end, or to now while the call goes on; None if no leg started."""
        if self.started_at is None:
            return None
        return (self.ended_at or timezone.now()) - self.started_at


def facts_of(call: Call, legs: Sequence[Tap]) -> CallFacts:
    """Conclude the facts of a call from its row and its legs, oldest first."""
    is_over = not words_go_on(call) and all(leg.has_ended for leg in legs)
    first = [at for at in (call.began_at, *(leg.requested_at for leg in legs[:1])) if at]
    started = [at for at in (call.began_at, *(leg.started_at for leg in legs)) if at]
    return CallFacts(
        state=_last_state(call, legs) if is_over else _liveliest(legs),
        is_over=is_over,
        reason=next((leg.reason for leg in reversed(legs) if leg.reason), ""),
        requested_at=min(first, default=call.created_at),
        started_at=min(started, default=None),
        ended_at=_end(call, legs) if is_over else None,
    )


def words_go_on(call: Call) -> bool:
    """Return whether somebody speaks in a call, as far as is told."""
    return call.told_at is not None and _words_ended_at(call) is None


def _words_ended_at(call: Call) -> datetime.datetime | None:
    """Return when the words of a call ended. A call that the carrier does not know has none."""
    return call.ended_at or (call.gone_at if call.told_at else None)


def _end(call: Call, legs: Sequence[Tap]) -> datetime.datetime:
    ends = [_words_ended_at(call), *(leg.ended_at for leg in legs)]
    return max((at for at in ends if at), default=call.created_at)


def _last_state(call: Call, legs: Sequence[Tap]) -> CallState:
    """Return the state of what ended last: of a leg, or of the words, which are then finished."""
    if not legs:
        return CallState.FINISHED
    last = max(legs, key=lambda leg: leg.ended_at or leg.requested_at)
    words_ended_at = _words_ended_at(call)
    if words_ended_at and words_ended_at > (last.ended_at or last.requested_at):
        return CallState.FINISHED
    return CallState(last.state)


def _liveliest(legs: Sequence[Tap]) -> CallState:
    states = {leg.state for leg in legs}
    if TapState.TAPPING in states:
        return CallState.TAPPING
    return CallState.REQUESTED if TapState.REQUESTED in states else CallState.UNTAPPED
