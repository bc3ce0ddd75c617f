"""ClockAnswers: tells a listener the server's time, from which its page computes the delay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from monitor.wire.allowance import Allowance

#: A page asks when it is let in and then every 10 s; the second one allows for its timing.
BURST, RATE = 2, 0.1
LARGEST = 2**53  # the largest time that a browser can tell from its neighbours


class NotTold(ValueError):
    """The time is not told; the message says why."""


class ClockAnswers:
    """Answers one listener's questions for the time, once in 10 s."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._allowance = Allowance(BURST, RATE)

    def answer(self, sent: object) -> dict[str, Any]:
        """Return the answer to a question that was ``sent`` then. Raises NotTold."""
        if not isinstance(sent, int | float) or not abs(sent) <= LARGEST:
            raise NotTold("sent is a number, at most 2^53")
        if not self._allowance.spend():
            raise NotTold("the clock is told once in 10 s")
        return {"type": "clock", "sent": sent, "now": round(self._now() * 1000)}
