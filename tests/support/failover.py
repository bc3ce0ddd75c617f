"""Audio that is written and read while servers fail."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator

from monitor.bus.reader import StreamReader
from monitor.bus.writer import StreamWriter
from monitor.telemetry.metrics import Metrics
from monitor.wire import frame
from monitor.wire.frame import Flag, FrameHeader
from tests.support.bus import running_reader
from tests.support.valkey import CHUNK, Tap, running
from tests.support.waiting import until

EVERY = 0.02  # seconds between two Frames of a tap


class Talk:
    """A tap that speaks without end into a writer, and what a reader hands on of it."""

    def __init__(self, writer: StreamWriter) -> None:
        self.tap = Tap(writer)
        self.heard: list[FrameHeader] = []
        self.heard_at = 0.0  # monotonic seconds: when the last Frame was handed on

    async def begin(self, reader: StreamReader) -> None:
        await reader.subscribe(self.tap.key, self._hear)

    def _hear(self, data: bytes) -> None:
        self.heard.append(frame.unpack_header(data))
        self.heard_at = time.monotonic()

    async def hears_what_is_said_now(self, within: float) -> None:
        """Wait until a Frame is heard that is said after this was called."""
        said = self.tap.position
        await until(lambda: self.heard and self.heard[-1].position >= said, within)

    def assert_told_of_every_loss(self) -> int:
        """Check that no Frame came twice, and that each hole is flagged and was counted.

        Returns how many Frames are missing.
        """
        positions = [header.position for header in self.heard]
        assert positions == sorted(set(positions))
        for before, after in itertools.pairwise(self.heard):
            assert after.position == before.position + CHUNK or after.flags & Flag.GAP
        expected = range(positions[0], positions[-1] + 1, CHUNK)
        missing = len(expected) - len(positions)
        assert missing <= self.tap.target.dropped
        return missing


@contextlib.asynccontextmanager
async def talking(count: int) -> AsyncIterator[list[Talk]]:
    """Taps that all speak, and are all heard, until the block ends."""
    async with running_reader() as reader, running(StreamWriter(Metrics())) as writer:
        talks = [Talk(writer) for _ in range(count)]
        for one in talks:
            await one.begin(reader)
        speaking = asyncio.create_task(_speak(talks))
        try:
            await all_hear(talks, within=5)
            yield talks
        finally:
            speaking.cancel()


async def all_hear(talks: list[Talk], within: float) -> None:
    """Wait until each tap is heard saying something new."""
    await asyncio.gather(*(one.hears_what_is_said_now(within) for one in talks))


async def _speak(talks: list[Talk]) -> None:
    while True:
        for one in talks:
            one.tap.say()
        await asyncio.sleep(EVERY)
