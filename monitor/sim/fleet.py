"""Fleet: plays many simulated calls at once, one round of them or round after round."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp

from monitor.sim.call import Say, Script, SimulatedCall
from monitor.sim.platform import TIMEOUT, Account, Platform
from monitor.sim.swml import CallFailed

FIRST_PAUSE = 1.0  # seconds that --keep waits after a failed call; doubles with every further one
LONGEST_PAUSE = 30.0  # seconds
STAGGER = 5.0  # seconds within which the first calls of --keep begin


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls are played at once, and how long each one lasts."""

    calls: int
    seconds: float
    seed: int = 1


class Fleet:
    """Plays the calls of a plan. ``hang_up`` ends every call as a caller would."""

    def __init__(self, account: Account, script: Script, plan: Plan, say: Say) -> None:
        self._account = account
        self._script = script
        self._plan = plan
        self._say = say
        self._begun = plan.seed
        self._calls: dict[str, SimulatedCall] = {}
        self.hang_up = asyncio.Event()
        self.failed = 0

    def find(self, call_id: str) -> SimulatedCall | None:
        """Return the running call of that id."""
        call = self._calls.get(call_id)
        return call if call and call.is_running else None

    async def once(self) -> None:
        """Play one round of calls. ``failed`` counts those that failed."""
        async with self._platform() as platform:
            seconds = self._plan.seconds
            await asyncio.gather(*(self._call(platform, seconds) for _ in range(self._plan.calls)))

    async def keep(self) -> None:
        """Keep that many calls going until ``hang_up``; when one ends, another caller calls."""
        async with self._platform() as platform:
            await asyncio.gather(*(self._slot(platform, n) for n in range(self._plan.calls)))

    @contextlib.asynccontextmanager
    async def _platform(self) -> AsyncIterator[Platform]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        connector = aiohttp.TCPConnector(limit=100)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
            yield Platform(self._account, http)

    async def _slot(self, platform: Platform, number: int) -> None:
        """Play one call after the other, with lengths around the plan's."""
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
        self._calls[call.caller.call_id] = call
        try:
            await call.run(seconds, self.hang_up)
        except CallFailed as failure:
            self.failed += 1
            call.say(f"failed: {failure}")
            return False
        finally:
            del self._calls[call.caller.call_id]
        return True

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless it is time to hang up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.hang_up.wait()
