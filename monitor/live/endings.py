"""Endings: what this process does about the end of a tap, whoever ended it.

The media of a tap is in one process and its end is written by another, which tells all
by an event. The checkpoint of the counters finds out too, up to 10 s later.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from ..models import FINAL
from . import bus
from .hub import Hub
from .streams import Streams

#: Seconds that a sender's last audio may come behind the word of its end.
TAIL = 0.3
AGAIN = 1.0  # seconds between two tries to subscribe while Redis is away


class Endings:
    """Closes the media of the taps that are over."""

    def __init__(self, hub: Hub, streams: Streams) -> None:
        self._hub = hub
        self._streams = streams

    async def run(self) -> None:
        """Follow what happens to taps, until cancelled."""
        while True:
            try:
                await self._hub.subscribe(bus.EVENTS, self.hear)
            except bus.Unavailable:
                await asyncio.sleep(AGAIN)
            else:
                break
        await asyncio.Event().wait()

    def hear(self, value: bytes) -> None:
        """Take an event; those of other kinds than a tap's are passed over."""
        event: dict[str, Any] = json.loads(value)
        if event["type"] == "tap" and event["tap"]["state"] in FINAL:
            tap_id = uuid.UUID(event["tap"]["id"])
            asyncio.get_running_loop().call_later(TAIL, self._streams.end, tap_id)
