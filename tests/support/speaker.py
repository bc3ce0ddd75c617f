"""A call in which a tone is heard, which the test changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from monitor.sim import voice
from tests.support.servers import Server
from tests.support.talk import Connection, open_tap


class Speaker:
    """Speaks a tone into a tap in real time, until it is cancelled."""

    def __init__(self, sender: Connection, hz: int) -> None:
        self._sender = sender
        self.change_to(hz)

    def change_to(self, hz: int) -> None:
        self._frames = voice.frames("both", "PCMU", 0, hz)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._sender.send(next(self._frames))
            due += voice.FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))


@contextlib.asynccontextmanager
async def call(server: Server, hz: int) -> AsyncIterator[Speaker]:
    """A call in which a tone is heard."""
    opened = await open_tap(agent="Receptionist")
    async with server.tap(opened.uri) as sender:
        speaker = Speaker(sender, hz)
        speaking = asyncio.create_task(speaker.run())
        yield speaker
        speaking.cancel()
