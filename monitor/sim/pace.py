"""Real time for a sender: ticks on an absolute schedule."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


async def ticks(
    interval: float, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[int]:
    """0, 1, 2 …, each ``interval`` seconds after the one before, without end.

    Tick n is due at n · interval after the first, however long the work of the
    earlier ones took: a late one is followed at once, so nothing drifts.
    """
    begun = clock()
    for number in itertools.count():
        # Also where it is late already: others must get their turn.
        await sleep(max(0.0, begun + number * interval - clock()))
        yield number
