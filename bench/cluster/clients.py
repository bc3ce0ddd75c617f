"""The clients of a floor whose workers restart: senders of taps, and listeners, through nginx."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections import Counter

import websockets

from monitor.wire import frame
from monitor.wire.frame import Flag

FRAME = 0.02  # seconds
SOUND = bytes(range(160))  # of 20 ms
TRY_AGAIN = 0.1  # seconds after which who is refused comes again
ACK_EVERY = 1.0  # seconds
COME_BACK = 0.5  # seconds; what COME_BACK_MS is by default


class Client:
    """Keeps one connection to a path, and counts how it ends."""

    def __init__(self, url: str, trust: ssl.SSLContext, codes: Counter[int], cookie: str) -> None:
        self._url = url
        self._trust = trust
        self._headers = {"Cookie": cookie} if cookie else {}
        self.codes = codes  # how connections were closed; HTTP's where they were refused

    async def run(self) -> None:
        """Connect again and again, until cancelled."""
        while True:
            try:
                async with websockets.connect(
                    self._url.replace("https", "wss"),
                    ssl=self._trust,
                    origin=websockets.Origin("/".join(self._url.split("/")[:3])),
                    additional_headers=self._headers,
                    compression=None,
                    max_queue=None,
                ) as socket:
                    await self.serve(socket)
            except websockets.ConnectionClosed as closed:
                self.codes[closed.rcvd.code if closed.rcvd else 1006] += 1
                await self.lost()
            except websockets.InvalidStatus as refused:
                self.codes[refused.response.status_code] += 1
                await asyncio.sleep(TRY_AGAIN)
            except OSError:
                self.codes[0] += 1
                await asyncio.sleep(TRY_AGAIN)

    async def serve(self, socket: websockets.ClientConnection) -> None:
        raise NotImplementedError

    async def lost(self) -> None:
        """Called when an open connection has ended."""


class SendingTap(Client):
    """Sends 20 ms of sound every 20 ms, and connects again at once."""

    async def serve(self, socket: websockets.ClientConnection) -> None:
        due = time.monotonic()
        while True:
            await socket.send(SOUND)
            due = max(due + FRAME, time.monotonic() - 1)
            await asyncio.sleep(due - time.monotonic())


class Ear(Client):
    """Listens to a tap as a page does, and finds what it did not hear."""

    def __init__(self, url: str, trust: ssl.SSLContext, codes: Counter[int], cookie: str) -> None:
        super().__init__(url, trust, codes, cookie)
        self.silences: list[float] = []  # seconds without audio because its own worker ended
        self.gaps: list[float] = []  # seconds without audio that were told, because the tap moved
        self.lost_frames = 0  # that were missing and not told
        self._heard_at = 0.0
        self._begin = self._next = 0  # positions of the last Frame, and of the one after it
        self._moved = False

    @property
    def is_hearing(self) -> bool:
        return not self._moved and time.monotonic() - self._heard_at < 1

    async def serve(self, socket: websockets.ClientConnection) -> None:
        self._next = 0
        acked_at = 0.0
        async for message in socket:
            if isinstance(message, bytes):
                self._take(message)
                if self._heard_at > acked_at + ACK_EVERY:
                    acked_at = self._heard_at
                    await socket.send(json.dumps({"type": "ack", "position": self._begin}))

    async def lost(self) -> None:
        self._moved = True
        await asyncio.sleep(random.random() * COME_BACK)

    def _take(self, data: bytes) -> None:
        header, now = frame.unpack_header(data), time.monotonic()
        quiet = now - self._heard_at if self._heard_at else 0.0
        if self._moved:
            self.silences.append(quiet)
        elif header.flags & Flag.GAP:
            self.gaps.append(quiet)
        elif self._next and header.position != self._next:
            self.lost_frames += 1
        self._heard_at, self._moved = now, False
        self._begin = header.position
        self._next = header.position + frame.sample_count(data)
