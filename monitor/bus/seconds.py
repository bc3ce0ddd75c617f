"""Seconds: what was heard on each tap, on its way from the ingest to those who judge and draw it.

A second is one of Unix time. The clocks of all machines must agree on it to within a second, as
servers that run NTP do.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple, Self

import redis.asyncio

from monitor.audio.strip import bar
from monitor.audio.voice import Sound
from monitor.bus.keys import SECONDS, SECONDS_KEPT_FOR
from monitor.bus.queries import Queries
from monitor.bus.redis import Entries


class Heard(NamedTuple):
    """What was heard in one second on the taps of one process."""

    second: int
    taps: list[str]  # their ids
    bars: str  # base64 of a bar for each tap
    sounds: list[tuple[Any, ...]]  # the numbers of each tap's Sound

    @classmethod
    def of(cls, second: int, sounds: Mapping[str, Sound]) -> Self:
        """Return what was heard, with the bars that it makes."""
        bars = bytes(map(bar, sounds.values()))
        return cls(second, list(sounds), base64.b64encode(bars).decode(), list(sounds.values()))

    def dumps(self) -> str:
        """Return the entry of the stream."""
        return json.dumps(self._asdict())

    @classmethod
    def loads(cls, entry: bytes) -> Self:
        """Read an entry of the stream."""
        return cls(**json.loads(entry))

    def bars_by_tap(self) -> dict[str, int]:
        """Return the bar of each tap."""
        return dict(zip(self.taps, base64.b64decode(self.bars), strict=True))

    def sounds_by_tap(self) -> dict[str, Sound]:
        """Return the sound of each tap."""
        sounds = [Sound(*numbers) for numbers in self.sounds]
        return dict(zip(self.taps, sounds, strict=True))


class SecondsReader:
    """Reads the seconds that Redis still has."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def recent(self) -> AsyncIterator[Heard]:
        """Yield what was heard lately, in the order in which it was published.

        Other tasks run meanwhile: of 500 calls it is 8 MB. Raises bus.Unavailable.
        """
        for entry in await self._queries.ask(_recent):
            yield Heard.loads(entry)
            await asyncio.sleep(0)


async def _recent(client: redis.asyncio.Redis) -> list[bytes]:
    oldest = int((time.time() - SECONDS_KEPT_FOR) * 1000)
    entries: Entries = await client.xrange(SECONDS, min=f"{oldest}-0")  # type: ignore[assignment]
    return [fields[b"j"] for _, fields in entries]
