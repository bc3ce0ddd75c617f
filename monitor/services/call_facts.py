"""What is true of a call as a whole, concluded from its legs."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from monitor.models import Tap, TapState


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The state and the times of a call, and why it is monitored.

    The state is that of its liveliest leg, and in the end that of the leg which ended last. A
    call starts with its first leg and has ended when its last leg has.
    """

    state: TapState
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


def facts_of(legs: Sequence[Tap]) -> CallFacts:
    """Conclude the facts of a call from its legs, oldest first. There must be one at least."""
    is_over = all(leg.has_ended for leg in legs)
    last = max(legs, key=lambda leg: leg.ended_at or leg.requested_at)
    return CallFacts(
        state=TapState(last.state) if is_over else _liveliest(legs),
        is_over=is_over,
        reason=next((leg.reason for leg in reversed(legs) if leg.reason), ""),
        requested_at=legs[0].requested_at,
        started_at=min((leg.started_at for leg in legs if leg.started_at), default=None),
        ended_at=last.ended_at if is_over else None,
    )


def _liveliest(legs: Sequence[Tap]) -> TapState:
    is_tapping = any(leg.state == TapState.TAPPING for leg in legs)
    return TapState.TAPPING if is_tapping else TapState.REQUESTED
