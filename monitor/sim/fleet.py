"""Many simulated calls at once: a number of them once, or as many as that kept alive."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from .call import Say, Script, SimulatedCall
from .platform import TIMEOUT, Account, CallFailed, Platform

FIRST_PAUSE = 1.0  # seconds before a slot of --keep tries again
LONGEST_PAUSE = 30.0  # seconds; the pause doubles up to it
STAGGER = 5.0  # seconds within which the first calls of --keep begin


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls, and how long each."""

    calls: int
    seconds: float
    seed: int = 1


class Fleet:
    """Runs the plan; ``hang_up`` ends every call the way a caller would."""

    def __init__(self, account: Account, script: Script, plan: Plan, say: Say) -> None:
        self._account = account
        self._script = script
        self._plan = plan
        self._say = say
        self._begun = plan.seed
        self.hang_up = asyncio.Event()
        self.failed = 0

    async def once(self) -> None:
        """All calls at once. ``failed`` counts those that went wrong."""
        async with self._platform() as platform:
            seconds = self._plan.seconds
            await asyncio.gather(*(self._call(platform, seconds) for _ in range(self._plan.calls)))

    async def keep(self) -> None:
        """Keep that many calls alive until ``hang_up``, a new caller each time."""
        async with self._platform() as platform:
            await asyncio.gather(*(self._slot(platform, n) for n in range(self._plan.calls)))

    @contextlib.asynccontextmanager
    async def _platform(self) -> AsyncIterator[Platform]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
            yield Platform(self._account, http)

    async def _slot(self, platform: Platform, number: int) -> None:
        """One call after the other, of lengths around the plan's."""
        chance = random.Random(self._plan.seed * 1_000_003 + number)
        await self._wait(number * STAGGER / self._plan.calls)
        pause = FIRST_PAUSE
        while not self.hang_up.is_set():
            if await self._call(platform, self._plan.seconds * chance.uniform(0.5, 1.5)):
                pause = FIRST_PAUSE
                await self._wait(chance.uniform(0.5, 2.0))  # seconds until the next caller
            else:
                self._say(f"the next call follows in {pause:.0f} s")
                await self._wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _call(self, platform: Platform, seconds: float) -> bool:
        number, self._begun = self._begun, self._begun + 1
        call = SimulatedCall(number, self._script, platform, self._say)
        try:
            await call.run(seconds, self.hang_up)
        except CallFailed as failure:
            self.failed += 1
            call.say(f"failed: {failure}")
            return False
        return True

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless it is time to hang up."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hang_up.wait(), seconds)
