"""Waiting for what another process, thread or task does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

#: Seconds that a test waits for what must come. No limit of the product: on a busy machine, 200
#: sockets that open at once took 10.
PATIENCE = 30.0
STEP = 0.005  # seconds between two looks at what costs nothing to look at

T = TypeVar("T")


async def eventually(
    look: Callable[[], Awaitable[T | None]], within: float = PATIENCE, every: float = 0.02
) -> T:
    """Ask again and again, ``every`` so many seconds, until the answer is true, and return it."""
    give_up = time.monotonic() + within
    while True:
        answer = await look()
        if answer:
            return answer
        assert time.monotonic() < give_up, "it never came"
        await asyncio.sleep(every)


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    """Wait until a condition is true, and let the event loop run meanwhile."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(STEP)


def block_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true, in a test without an event loop."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(STEP)
