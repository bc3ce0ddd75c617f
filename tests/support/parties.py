"""The two parties of a call who say the same at the same moment, and who is heard when."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from bench.sound import chirps
from monitor.audio import g711

UNIT = 160  # samples: 20 ms
CHIRP_UNITS = chirps.LENGTH // UNIT
TONE = 0.2  # of full scale
#: Seconds: chirps of one kind are 4.24 s apart, so that no two of them are mistaken.
MISTAKEN = chirps.KINDS * chirps.PERIOD * 0.02 / 2


@dataclass
class Party:
    """A party whose tone of ``hz`` is interrupted by a chirp of 0.1 s every 1.06 s."""

    send: Callable[[bytes], Awaitable[None]]
    hz: float
    gathered: int = 1  # units that are sent at a time
    _waiting: list[bytes] = field(default_factory=list)

    async def say(self, number: int) -> None:
        """Say one unit."""
        self._waiting.append(unit(number, self.hz))
        if len(self._waiting) >= self.gathered:
            said, self._waiting = self._waiting, []
            for one in said:
                await self.send(one)


@functools.cache
def unit(number: int, hz: float) -> bytes:
    """Return 20 ms in mu-law."""
    which, place = divmod(number, chirps.PERIOD)
    if place < CHIRP_UNITS:
        said = chirps.chirp(which % chirps.KINDS)[place * UNIT : (place + 1) * UNIT]
    else:
        moments = np.arange(number * UNIT, (number + 1) * UNIT) / chirps.RATE
        said = TONE * np.sin(2 * np.pi * hz * moments)
    return g711.encode("PCMU", (said * 32767).astype("<i2").tobytes())


@contextlib.asynccontextmanager
async def speaking(*parties: Party) -> AsyncIterator[list[Party]]:
    """Let parties speak in real time while the block runs. It may change who does."""
    present = list(parties)
    task = asyncio.create_task(_speak(present))
    try:
        yield present
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _speak(present: list[Party]) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in itertools.count():
        await asyncio.sleep(began + number * 0.02 - loop.time())
        for party in tuple(present):
            await party.say(number)


def apart(sides: np.ndarray, rate: int) -> list[float]:
    """Return how many seconds after each chirp on the left the same one is on the right."""
    left, right = (chirps.find(_at_chirp_rate(side, rate)) for side in sides)
    return [
        other.at - one.at
        for one, other in itertools.product(left, right)
        if one.kind == other.kind and abs(other.at - one.at) < MISTAKEN
    ]


def between_chirps(sides: np.ndarray, rate: int) -> np.ndarray:
    """Return the part of a recording in which both parties have tones only."""
    chirp = min(one.at for one in chirps.find(_at_chirp_rate(sides[0], rate)))
    return sides[:, int((chirp + 0.3) * rate) : int((chirp + 0.9) * rate)]


def _at_chirp_rate(side: np.ndarray, rate: int) -> chirps.Samples:
    """Return a side at 8000 Hz. Nothing of a call lies above 4000 Hz."""
    moments = np.arange(int(len(side) * chirps.RATE / rate)) * rate / chirps.RATE
    resampled: chirps.Samples = np.interp(moments, np.arange(len(side)), side)
    return resampled
