"""TapEndings: ends the media of a tap in this process when the tap has ended, whoever ended it.

One process may hold a tap's media while another writes that the tap has ended. Every process
is told by an event. A request to stop a tap is also told to every process. Each of them then
makes sure that the tap has ended in time, because none knows which others are running. The
backstops are the checkpoint of the counters, every 10 s, and the sweep, every 30 s.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from typing import Any, Protocol

from monitor.bus.keys import EVENTS
from monitor.bus.reader import StreamReader
from monitor.concurrency import in_thread
from monitor.services import descriptions, media

logger = logging.getLogger(__name__)

#: Seconds by which a sender's last audio may arrive after the event of its tap's end.
TAIL = 0.3
#: Seconds that a process waits for the end of a tap that was asked to stop.
PATIENCE = media.STOP_WITHIN.total_seconds() + 0.05


class EndStreams(Protocol):
    """Ends the media connections of one tap in this process."""

    def __call__(self, tap_id: uuid.UUID, *, stopped: bool) -> None: ...


class TapEndings:
    """Ends the media of taps that are over, and ends taps that SignalWire was asked to stop and
    did not."""

    def __init__(self, reader: StreamReader, end_streams: EndStreams) -> None:
        self._reader = reader
        self._end_streams = end_streams
        self._stopping: set[str] = set()  # taps that were asked to stop, until their time is up
        self._time_is_up = asyncio.Event()

    async def run(self) -> None:
        """Follow the events of taps until cancelled."""
        await self._reader.subscribe_when_back(EVENTS, self._on_entry)
        while True:
            await self._time_is_up.wait()
            self._time_is_up.clear()
            try:
                await in_thread(media.end_stopped)()
            except Exception:
                logger.exception("taps that were asked to stop are not ended yet")

    def _on_entry(self, value: bytes) -> None:
        """Act on a call's event; ignore the events of other kinds."""
        event: dict[str, Any] = json.loads(value)
        if event["type"] == "call":
            for leg in event["call"]["legs"]:
                self._on_leg(leg)

    def _on_leg(self, leg: dict[str, Any]) -> None:
        stopped = leg["stop_requested_at"] is not None
        if descriptions.is_final(leg):
            self._end(uuid.UUID(leg["id"]), stopped)
        elif stopped and leg["id"] not in self._stopping:
            self._stopping.add(leg["id"])
            asyncio.get_running_loop().call_later(PATIENCE, self._give_up, leg["id"])

    def _end(self, tap_id: uuid.UUID, stopped: bool) -> None:
        """End a tap's media: at once if the tap was asked to stop, else after its TAIL."""
        if stopped:
            self._end_streams(tap_id, stopped=True)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(TAIL, lambda: self._end_streams(tap_id, stopped=False))

    def _give_up(self, tap_id: str) -> None:
        """Stop waiting for SignalWire to end a tap."""
        self._stopping.discard(tap_id)
        self._time_is_up.set()
