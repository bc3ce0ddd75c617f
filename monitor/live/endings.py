"""Endings: what this process does about the end of a tap, whoever ended it.

The media of a tap is in one process and its end is written by another, which tells all
by an event. So does who asks for a tap to stop: then every process sees to it that the
tap has ended in time, for none knows who else is there. The backstops are the checkpoint
of the counters, every 10 s, and the sweep, every 30 s.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from typing import Any

from .. import media, taps
from ..models import FINAL
from . import bus
from .database import threaded
from .hub import Hub
from .streams import Streams

logger = logging.getLogger(__name__)

#: Seconds that a sender's last audio may come behind the word of its end.
TAIL = 0.3
#: Seconds that a process waits for the end of a tap that was asked to stop.
PATIENCE = taps.STOP_WITHIN.total_seconds() + 0.05
AGAIN = 1.0  # seconds between two tries to subscribe while Redis is away


class Endings:
    """Closes the media of the taps that are over, and ends those that were asked to stop."""

    def __init__(self, hub: Hub, streams: Streams) -> None:
        self._hub = hub
        self._streams = streams
        self._stopping: set[str] = set()  # taps that were asked to stop, until their time is up
        self._time_is_up = asyncio.Event()

    async def run(self) -> None:
        """Follow what happens to taps, until cancelled."""
        await self._subscribe()
        while True:
            await self._time_is_up.wait()
            self._time_is_up.clear()
            try:
                await threaded(media.end_stopped)()
            except Exception:
                logger.exception("taps that were asked to stop are not ended yet")

    def hear(self, value: bytes) -> None:
        """Take an event; those of other kinds than a tap's are passed over."""
        event: dict[str, Any] = json.loads(value)
        if event["type"] != "tap":
            return
        tap = event["tap"]
        stopped = tap["stop_requested_at"] is not None
        if tap["state"] in FINAL:
            self._end(uuid.UUID(tap["id"]), stopped)
        elif stopped and tap["id"] not in self._stopping:
            self._stopping.add(tap["id"])
            asyncio.get_running_loop().call_later(PATIENCE, self._give_up, tap["id"])

    async def _subscribe(self) -> None:
        while True:
            try:
                await self._hub.subscribe(bus.EVENTS, self.hear)
            except bus.Unavailable:
                await asyncio.sleep(AGAIN)
            else:
                return

    def _end(self, tap_id: uuid.UUID, stopped: bool) -> None:
        if stopped:
            self._streams.end(tap_id, stopped=True)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(TAIL, lambda: self._streams.end(tap_id, stopped=False))

    def _give_up(self, tap_id: str) -> None:
        """Wait no longer for SignalWire to end a tap."""
        self._stopping.discard(tap_id)
        self._time_is_up.set()
