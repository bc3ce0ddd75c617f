"""StripBoard: the last 60 seconds of each leg, for the consoles that open in this process."""

from __future__ import annotations

import base64
from typing import Any

from monitor.audio.strip import SECONDS as LENGTH
from monitor.audio.strip import Strip
from monitor.bus.keys import SECONDS
from monitor.bus.reader import StreamReader
from monitor.bus.seconds import Heard, SecondsReader


class StripBoard:
    """Keeps the strips of all legs while this process has a console.

    It is filled with what Redis still has, and then follows the stream of seconds.
    """

    def __init__(self, reader: StreamReader, seconds: SecondsReader) -> None:
        self._reader = reader
        self._seconds = seconds
        self._strips: dict[str, Strip] = {}  # by tap
        self._newest = 0  # the last second that was heard of
        self._is_filled = False

    async def open(self) -> None:
        """Follow the seconds, unless the board does so already. Raises bus.Unavailable."""
        if self._is_filled and self._reader.reads(SECONDS):
            return
        # Subscribe first, so that no second is missed. One that comes twice changes nothing.
        await self._reader.subscribe(SECONDS, self._on_second)
        async for heard in self._seconds.recent():
            self._add(heard)
        self._is_filled = True

    def close(self) -> None:
        """Stop following, and forget the strips."""
        self._reader.unsubscribe(SECONDS, self._on_second)
        self._strips.clear()
        self._is_filled = False

    def describe(self, tap_id: str) -> dict[str, Any]:
        """Describe a leg's strip for a page. That of a leg without audio yet is empty."""
        strip = self._strips.get(tap_id, Strip(self._newest))
        return {"end": strip.end, "bytes": base64.b64encode(strip.bars).decode()}

    def _on_second(self, value: bytes) -> None:
        self._add(Heard.loads(value))

    def _add(self, heard: Heard) -> None:
        for tap, bar in heard.bars_by_tap().items():
            self._strips.setdefault(tap, Strip()).add(heard.second, bar)
        if heard.second > self._newest:
            self._newest = heard.second
            self._forget(heard.second - LENGTH)

    def _forget(self, before: int) -> None:
        """Forget the legs of which nothing has been heard for so long that their strip is empty."""
        for tap in [tap for tap, strip in self._strips.items() if strip.end < before]:
            del self._strips[tap]
