"""Loops that live as long as their process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn

logger = logging.getLogger(__name__)

RESTART_AFTER = 1.0  # seconds before a loop that has failed is started again

Sleep = Callable[[float], Awaitable[None]]
Work = Callable[[], Awaitable[None]]


async def repeated(work: Work, every: float, failed: str, sleep: Sleep) -> NoReturn:
    """Do some work every so many seconds. If it fails, log what that means; the next time comes."""
    while True:
        await sleep(every)
        try:
            await work()
        except Exception:
            logger.exception(failed)


async def supervised(
    loop: Callable[[], Coroutine[Any, Any, None]], sleep: Sleep = asyncio.sleep
) -> NoReturn:
    """Run a loop that must not end; if it fails, log that and start it again."""
    while True:
        try:
            await loop()
        except Exception:
            logger.critical("%s ended", loop.__qualname__, exc_info=True)
            await sleep(RESTART_AFTER)
