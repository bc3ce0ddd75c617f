"""Paces a sender in real time, by ticks on an absolute schedule."""

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
    """Yield 0, 1, 2 … without end, one every ``interval`` seconds.

    Tick n is due n · interval after the first one, however long the work between ticks takes.
    After a late tick the next one comes early, so nothing drifts.
    """
    begun = clock()
    for number in itertools.count():
        # Sleep even if the tick is late, so that other tasks get their turn.
        await sleep(max(0.0, begun + number * interval - clock()))
        yield number
