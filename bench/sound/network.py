"""Network: what happens to a tap's messages between the call and the server.

Pure: the times are given, and chance is seeded, so the same row has the same network each time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """What is wrong with a network. Times are in seconds."""

    #: Each message takes between 0 and twice this time longer, all of them equally likely. A
    #: message waits for those before it, as it does in TCP.
    jitter: float = 0.0
    loss: float = 0.0  # share of the packets
    gathered: int = 1  # units of 20 ms that the sender puts into one message
    stall: float = 0.0  # nothing passes for so long; then everything does at once
    #: A player may take what comes again within 24 s for the sender's habit, and prepare for it.
    stall_every: float = 30.0


class Line:
    """A tap's own way through a network."""

    def __init__(self, network: Network, seed: int, begun: float) -> None:
        self._network = network
        self._chance = random.Random(seed)
        self._begun = begun
        self._last = begun

    def arrival(self, sent: float) -> float | None:
        """Return when a message that is sent now arrives, or None if it is lost."""
        jitter, lost = self._chance.uniform(0, 2 * self._network.jitter), self._chance.random()
        if lost < self._network.loss:
            return None
        self._last = self._after_stall(max(self._last, sent + jitter))
        return self._last

    def _after_stall(self, at: float) -> float:
        stalled = stall_at(self._network, at - self._begun)
        return at if stalled is None else max(at, self._begun + stalled[1])


def stall_at(network: Network, at: float) -> tuple[float, float] | None:
    """Return the beginning and the end of the stall during which ``at`` lies.

    All three are seconds since the sender began.
    """
    if not network.stall:
        return None
    end = (at // network.stall_every + 1) * network.stall_every
    return (end - network.stall, end) if at >= end - network.stall else None


def stalls(network: Network, first: float, last: float) -> list[tuple[float, float]]:
    """Return the stalls that lie wholly between two times."""
    if not network.stall:
        return []
    ends = range(1, int(last // network.stall_every) + 1)
    found = [(n * network.stall_every - network.stall, n * network.stall_every) for n in ends]
    return [one for one in found if one[0] >= first]


def wait_for_stall(network: Network, at: float, settle: float) -> float:
    """Return how many seconds to wait until a window may begin that is to hold a whole stall."""
    stalled = stall_at(network, at)
    return stalled[1] - at + settle if stalled else 0.0
